"""The serving graph: logit and Grad-CAM in one forward pass.

Selvaraju et al., "Grad-CAM: Visual Explanations from Deep Networks via Gradient-based Localization", ICCV
2017. The map weights each feature map by the gradient of the logit with respect to its pooled value. Only
the head lies between the two, so its gradient is written down and no backward pass is needed. The paper's
final ReLU is left to the display, and its division by the map's area is left out: the mean of the map plus
the bias then is the logit, for a linear head, and the map's unit is the logit. A head that flattens the
map has a gradient in every cell; as in the paper a channel's weight is taken from all of them, and with the
same division left out it is their sum.
"""

from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from pneumonia.exports.tflite import Precision, to_tflite
from pneumonia.models.registry import FEATURES, head_layers


class ServingModule(tf.Module):
    """A trained network as what is served.

    Args:
        model: as built by `pneumonia.models.registry.build_model`.
    """

    def __init__(self, model: keras.Model) -> None:
        super().__init__()
        self._extractor = keras.Model(model.input, model.get_layer(FEATURES).output)
        head = head_layers(model)
        self._flattens = any(isinstance(layer, keras.layers.Flatten) for layer in head)
        # Arrays rather than variables or tensors: they become constants of whatever graph this is traced into.
        self._dense = [
            (layer.kernel.numpy(), layer.bias.numpy(), layer.activation is keras.activations.relu)
            for layer in head
            if isinstance(layer, keras.layers.Dense)
        ]
        # What leads the gradient back through each of them.
        self._back = [kernel for kernel, _, _ in self._dense]
        if self._flattens:
            # Summed over the cells first: the same sum of gradients, by a kernel of C rows instead of h * w * C.
            channels = self._extractor.output_shape[-1]
            by_cell = tf.reshape(self._back[0], (-1, channels, self._back[0].shape[1]))
            self._back[0] = tf.reduce_sum(by_cell, axis=0).numpy()

    def __call__(self, image: tf.Tensor) -> dict[str, tf.Tensor]:
        """Read a batch.

        Args:
            image: float32 (B, S, S, 1) in [0, 1].

        Returns:
            `logit` (B, 1) and `cam` (B, h, w), in logits.
        """
        feature_map = self._extractor(image, training=False)  # (B, h, w, C)
        if self._flattens:
            x = tf.reshape(feature_map, (-1, self._dense[0][0].shape[0]))  # (B, h * w * C)
        else:
            x = tf.reduce_mean(feature_map, axis=(1, 2))  # (B, C)
        logit, gradient = self._head(x)
        cam = tf.reduce_sum(feature_map * gradient[:, None, None, :], axis=-1)  # (B, h, w)
        return {"logit": logit, "cam": cam}

    def _head(self, x: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """The logit (B, 1), and the sum over the map of its gradient with respect to the features, (B or 1, C)."""
        masks = []
        for kernel, bias, rectified in self._dense:
            x = tf.matmul(x, kernel) + bias
            masks.append(tf.cast(x > 0, tf.float32) if rectified else None)
            x = tf.nn.relu(x) if rectified else x
        gradient = tf.ones((1, 1))
        for kernel, mask in zip(reversed(self._back), reversed(masks), strict=True):
            gradient = tf.matmul(gradient if mask is None else gradient * mask, kernel, transpose_b=True)
        return x, gradient

    def to_tflite(self, precision: Precision = "float32", representative: np.ndarray | None = None) -> bytes:
        """The same computation for one image as a TensorFlow Lite file with outputs `logit` and `cam`.

        Args:
            precision: of the file.
            representative: training images, for int8; both as in `pneumonia.exports.tflite.to_tflite`.
        """
        return to_tflite(self._extractor, self.__call__, precision, representative)

    def to_saved_model(self, folder: Path) -> None:
        """Write the same computation, for any number of images, as a SavedModel with outputs `logit` and `cam`."""
        archive = keras.export.ExportArchive()
        archive.track(self._extractor)
        archive.add_endpoint("serving_default", self.__call__, input_signature=[self.signature])
        archive.write_out(str(folder), verbose=False)

    @property
    def signature(self) -> tf.TensorSpec:
        """Of the input, for any number of images."""
        return tf.TensorSpec((None, *self._extractor.input_shape[1:]), tf.float32, name="image")
