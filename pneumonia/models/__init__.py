"""Architectures by name, each a flat functional graph: image in, logit out, every layer within reach."""

from collections.abc import Callable
from dataclasses import dataclass

import keras

from pneumonia.models import applications, custom_cnn, mobilenetv2
from pneumonia.models.head import attach_head
from pneumonia.variants import Variant

# The name of the layer that holds the last feature map, in every model.
FEATURES = "features"


@dataclass(frozen=True)
class Architecture:
    """How one architecture is built.

    Attributes:
        features: from the input tensor (B, S, S, 1) in [0, 1] to the feature map (B, h, w, C).
        load_pretrained: fills a built model's backbone from "imagenet" or a weights file;
            None where there is nothing to start from.
    """

    features: Callable[[keras.KerasTensor], keras.KerasTensor]
    load_pretrained: Callable[[keras.Model, str], None] | None


ARCHITECTURES = {
    "custom_cnn": Architecture(custom_cnn.features, None),
    "mobilenetv2": Architecture(mobilenetv2.features, mobilenetv2.load_pretrained),
    **{
        name: Architecture(application.features, application.load_pretrained)
        for name, application in applications.APPLICATIONS.items()
    },
}


def build_model(variant: Variant, image_size: int | None = None) -> keras.Model:
    """Build a variant's network with fresh parameters.

    Args:
        variant: what to build.
        image_size: side S of the input in pixels where it differs from the variant's own.

    Returns:
        A flat model from float32 (B, S, S, 1) in [0, 1] to logits (B, 1), positive for pneumonia;
        its layer `features` holds the last feature map (B, h, w, C).
    """
    size = image_size or variant.image_size
    image = keras.Input((size, size, 1), name="image")
    feature_map = ARCHITECTURES[variant.architecture].features(image)
    feature_map = keras.layers.Identity(name=FEATURES)(feature_map)
    logit = attach_head(feature_map, variant.dropout, variant.hidden_units)
    return keras.Model(image, logit, name=variant.name.replace("-", "_"))


def backbone_layers(model: keras.Model) -> list[keras.Layer]:
    """The layers up to and with the last feature map; the rest is the head."""
    end = model.layers.index(model.get_layer(FEATURES))
    return model.layers[: end + 1]


def head_layers(model: keras.Model) -> list[keras.Layer]:
    """The layers behind the last feature map."""
    return model.layers[len(backbone_layers(model)) :]
