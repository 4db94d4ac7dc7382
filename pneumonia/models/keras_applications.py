"""Backbones taken as they are from `keras.applications`, for training by name."""

from collections.abc import Callable
from dataclasses import dataclass

import keras

from pneumonia.models.pretrained import read_pretrained


@dataclass(frozen=True)
class Application:
    """One network of `keras.applications`.

    Attributes:
        constructor: its function there.
        scale: factor from [0, 1] to the range it was pretrained on.
        offset: added after scaling; one value, or one for each channel.
    """

    constructor: Callable[..., keras.Model]
    scale: float
    offset: float | tuple[float, float, float] = 0.0

    def features(self, image: keras.KerasTensor) -> keras.KerasTensor:
        """Its convolutional part: (B, S, S, 1) in [0, 1] to (B, h, w, C), in the graph of `image`."""
        # === Layers ===
        x = keras.layers.Concatenate(name="grey_to_rgb")([image, image, image])  # (B, S, S, 3)
        x = keras.layers.Rescaling(self.scale, offset=self.offset, name="rescale")(x)
        backbone = self.constructor(weights=None, include_top=False, input_tensor=x)
        for layer in backbone.layers:
            if isinstance(layer, keras.layers.BatchNormalization):
                # Statistics of small batches would drift; frozen layers keep the pretrained ones in `fit` too.
                layer.trainable = False
        return backbone.output

    def load_pretrained(self, model: keras.Model, source: str) -> None:
        """Start the backbone from "imagenet" (downloaded by Keras) or a weights file without top."""
        pretrained = read_pretrained(self.constructor, source)
        # Paired in order: Keras numbers some names anew in every model.
        theirs = [layer for layer in pretrained.layers if layer.weights]
        ours = [layer for layer in model.layers if layer.weights][: len(theirs)]
        for layer, source_layer in zip(ours, theirs, strict=True):
            layer.set_weights(source_layer.get_weights())


# ResNet-50 was pretrained with the mean colour taken away, blue first.
_RESNET_MEANS = (-103.939, -116.779, -123.68)

APPLICATIONS = {
    "efficientnetb0": Application(keras.applications.EfficientNetB0, 255.0),
    "resnet50": Application(keras.applications.ResNet50, 255.0, _RESNET_MEANS),
    "xception": Application(keras.applications.Xception, 2.0, -1.0),
}
