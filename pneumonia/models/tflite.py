"""From a trained network to the file that is served."""

import tempfile
from collections.abc import Callable

import keras
import tensorflow as tf


def to_tflite(model: keras.Model, serve: Callable[[tf.Tensor], dict[str, tf.Tensor]]) -> bytes:
    """A computation on one image as a TensorFlow Lite file.

    Args:
        model: owns the variables of the computation; its input (S, S, 1) becomes the file's.
        serve: from `image`, float32 (1, S, S, 1) in [0, 1], to the file's outputs by name.

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
        return tf.lite.TFLiteConverter.from_saved_model(folder).convert()
