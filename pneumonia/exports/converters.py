"""Writing a trained network in another form."""

import logging
from collections.abc import Callable
from pathlib import Path

import absl.logging
import tensorflow as tf

from pneumonia.exports.formats import Format
from pneumonia.exports.source_model import SourceModel
from pneumonia.weights.folder import KERAS_MODEL, SERVED_MODEL

# Of the operators; named, so that it is not for the converter to choose.
_OPSET = 17


def write_export(form: Format, original: SourceModel, path: Path) -> None:
    """Write a network in that form.

    Args:
        original: with training images where it is to be int8.
        path: of the file or folder; nothing is there yet.
    """
    _WRITERS[form.title](original, path)


def _write_h5(original: SourceModel, path: Path) -> None:
    """Keras's older form, in one HDF5 file."""
    said = absl.logging.get_verbosity()
    # Keras would say that this form is old; it was asked for.
    absl.logging.set_verbosity(absl.logging.ERROR)
    try:
        original.model.save(path, include_optimizer=False)
    finally:
        absl.logging.set_verbosity(said)


def _write_onnx(original: SourceModel, path: Path) -> None:
    """The same graph as the SavedModel, in the Open Neural Network Exchange format."""
    import tf2onnx

    logging.getLogger("tf2onnx").setLevel(logging.ERROR)
    signature = [original.serving.signature]
    serve = tf.function(original.serving.__call__, input_signature=signature)
    model, _ = tf2onnx.convert.from_function(serve, input_signature=signature, opset=_OPSET)
    for value in (*model.graph.input, *model.graph.output):
        value.type.tensor_type.shape.dim[0].dim_param = "batch"
    path.write_bytes(model.SerializeToString())


_WRITERS: dict[str, Callable[[SourceModel, Path], object]] = {
    # The file of the weights folder, byte for byte.
    "keras": lambda original, path: path.write_bytes(original.bundle.contents[KERAS_MODEL]),
    "h5": _write_h5,
    # A folder that TensorFlow, TensorFlow Serving and their converters read.
    "saved_model": lambda original, path: original.serving.to_saved_model(path),
    "onnx": _write_onnx,
    # The file that is served, byte for byte.
    "tflite": lambda original, path: path.write_bytes(original.bundle.contents[SERVED_MODEL]),
    # The served computation with parameters kept in half the bytes.
    "tflite float16": lambda original, path: path.write_bytes(original.serving.to_tflite("float16")),
    # The served computation in whole numbers of 8 bits, but for the first layers and the head.
    "tflite int8": lambda original, path: path.write_bytes(original.serving.to_tflite("int8", original.representative)),
}
