"""From a trained network to a TensorFlow Lite file: the one that is served, and smaller ones."""

import tempfile
from collections.abc import Callable
from typing import Literal

import keras
import numpy as np
import tensorflow as tf

# What parameters are kept as, and with int8 also what is computed in.
Precision = Literal["float32", "float16", "int8"]


def to_tflite(
    model: keras.Model,
    serve: Callable[[tf.Tensor], dict[str, tf.Tensor]],
    precision: Precision = "float32",
    representative: np.ndarray | None = None,
) -> bytes:
    """A computation on one image as a TensorFlow Lite file.

    Args:
        model: owns the variables of the computation; its input (S, S, 1) becomes the file's.
        serve: from `image`, float32 (1, S, S, 1) in [0, 1], to the file's outputs by name.
        precision: of the file; input and outputs are float32 whatever it is.
        representative: float32 (N, S, S, 1) in [0, 1], for int8: the range of each layer's values is taken from
            these, so they must be training images, never those that the file is then judged on.

    Returns:
        The file's contents.
    """
    signature = tf.TensorSpec((1, *model.input_shape[1:]), tf.float32, name="image")
    # Through an archive that tracks the model: only so are its variables frozen into the file.
    archive = keras.export.ExportArchive()
    archive.track(model)
    archive.add_endpoint("serving_default", serve, input_signature=[signature])
    with tempfile.TemporaryDirectory() as folder:
        archive.write_out(folder, verbose=False)
        converter = tf.lite.TFLiteConverter.from_saved_model(folder)
        if precision == "float16":
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
            converter.target_spec.supported_types = [tf.float16]
        elif precision == "int8":
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
            converter.representative_dataset = lambda: ({"image": image[None]} for image in representative)
            converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        return converter.convert()
