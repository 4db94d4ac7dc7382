"""Architectures by name, each a flat functional graph: image in, logit out, every layer within reach."""

from collections.abc import Callable
from dataclasses import dataclass

import keras

from pneumonia.models import baseline_cnns, custom_cnn, keras_applications, mobilenetv2
from pneumonia.models.head import attach_head
from pneumonia.utils.lookup import look_up
from pneumonia.variants.spec import Variant

# The name of the layer that holds the last feature map, in every model.
FEATURES = "features"


@dataclass(frozen=True)
class Architecture:
    """Parts of one architecture.

    Attributes:
        features: from the input tensor (B, S, S, 1) in [0, 1] to the feature map (B, h, w, C).
        load_pretrained: fills a built model's backbone from "imagenet" or a weights file;
            None where there is nothing to start from.
        top: name of the layer from which a phase that trains the top moves the backbone; None where there is none.
        random_layers: changes the input tensor at random, in front of a network in training; None for no such layers.
    """

    features: Callable[[keras.KerasTensor], keras.KerasTensor]
    load_pretrained: Callable[[keras.Model, str], None] | None = None
    top: str | None = None
    random_layers: Callable[[keras.KerasTensor], keras.KerasTensor] | None = None


ARCHITECTURES = {
    "custom_cnn": Architecture(custom_cnn.features),
    "cnn2": Architecture(baseline_cnns.two_blocks, random_layers=baseline_cnns.random_layers),
    "cnn3": Architecture(baseline_cnns.three_blocks),
    "cnn4": Architecture(baseline_cnns.four_blocks),
    "mobilenetv2": Architecture(mobilenetv2.features, mobilenetv2.load_pretrained, mobilenetv2.TOP),
    **{
        name: Architecture(application.features, application.load_pretrained)
        for name, application in keras_applications.APPLICATIONS.items()
    },
}


def build_model(variant: Variant, image_size: int | None = None, training: bool = False) -> keras.Model:
    """Build a variant's network with fresh parameters.

    Args:
        variant: what to build.
        image_size: side S of the input in pixels where it differs from the variant's own.
        training: as it is trained, with random layers and two logits where the variant has these;
            `build_serving_model` gives the network as it is used.

    Returns:
        A flat model from float32 (B, S, S, 1) in [0, 1] to logits (B, 1), positive for pneumonia;
        its layer `features` holds the last feature map (B, h, w, C).

    Raises:
        UnknownNameError: if there is no such architecture or pooling.
    """
    size = image_size or variant.image_size
    architecture = look_up(ARCHITECTURES, variant.architecture, "architecture")
    image = keras.Input((size, size, 1), name="image")
    x = architecture.random_layers(image) if training and architecture.random_layers else image
    feature_map = keras.layers.Identity(name=FEATURES)(architecture.features(x))
    logits = attach_head(
        feature_map,
        variant.dropout,
        variant.hidden_units,
        hidden_dropout=variant.hidden_dropout,
        pooling=variant.pooling,
        logits=2 if training and variant.head == "softmax" else 1,
    )
    return keras.Model(image, logits, name=variant.name.replace("-", "_"))


def build_serving_model(trained: keras.Model, variant: Variant) -> keras.Model:
    """The network as it is used, with the parameters of one built for training.

    The random layers of Keras change images even when a network is merely called, so none may be left; and of two
    logits only the difference counts, because its sigmoid is their softmax.

    Args:
        trained: as `build_model` gives it for training.
        variant: of the same network.
    """
    model = build_model(variant, trained.input_shape[1])
    *before, kernel, bias = trained.get_weights()
    if variant.head == "softmax":
        kernel, bias = kernel[:, 1:] - kernel[:, :1], bias[1:] - bias[:1]
    model.set_weights([*before, kernel, bias])
    return model


def backbone_layers(model: keras.Model) -> list[keras.Layer]:
    """The layers up to and with the last feature map; the rest is the head."""
    end = model.layers.index(model.get_layer(FEATURES))
    return model.layers[: end + 1]


def top_layers(model: keras.Model, architecture: str) -> list[keras.Layer]:
    """The last layers of the backbone, as the architecture of that name counts them.

    Raises:
        UnknownNameError: if it does not say where its top begins.
    """
    tops = {name: of.top for name, of in ARCHITECTURES.items() if of.top}
    layers = backbone_layers(model)
    return layers[layers.index(model.get_layer(look_up(tops, architecture, "architecture with a top"))) :]


def head_layers(model: keras.Model) -> list[keras.Layer]:
    """The layers behind the last feature map."""
    return model.layers[len(backbone_layers(model)) :]
