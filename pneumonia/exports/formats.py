"""The table of forms a trained network can be written in, and how each is written and opened.

What writes and opens a form is imported when that is done, so that a command can look a form up without tensorflow.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from pneumonia.errors import ExportError
from pneumonia.exports.comparison import Difference
from pneumonia.utils.lookup import look_up
from pneumonia.utils.packages import require_package
from pneumonia.weights.folder import KERAS_MODEL, SERVED_MODEL

if TYPE_CHECKING:
    from pneumonia.exports.source_model import SourceModel
    from pneumonia.exports.tflite import Precision

# From images, float32 (B, S, S, 1) in [0, 1], to the outputs of a file by name: `logit` (B, 1), and `cam` (B, h, w)
# where the file gives it.
Runtime = Callable[[np.ndarray], dict[str, np.ndarray]]

# Sums of a thousand products in another order: cells of a hundred logits differ in the fifth digit.
_SAME = Difference(probability=1e-4, mean_probability=1e-4, map=0.01)
# About twice what the frozen network shows: its logits are small, so that a probability moves further with them.
_HALVED = Difference(probability=0.04, mean_probability=0.005, map=1.0)
# About three times what docs/exports.md shows: a radiograph near the threshold may move, most must stay where they are.
_WHOLE_NUMBERS = Difference(probability=0.25, mean_probability=0.02, map=20.0)
# Of the operators of ONNX; named, so that it is not for the converter to choose.
_OPSET = 17


@dataclass(frozen=True)
class Format:
    """One form.

    Attributes:
        name: as commands call it.
        write: from a network to a file or folder at a path where nothing is yet.
        open: from the path of what was written, and a number of threads to run on, to what runs it.
        precision: of the parameters.
        allowed: how far probability and map may lie from the source's.
        suffix: that a file's name must end in, because its runtime goes by that.
        carries_map: whether the file gives the map beside the logit.
        modules: that it needs beside those of training.
    """

    name: str
    write: Callable[["SourceModel", Path], object]
    open: Callable[[Path, int], Runtime]
    precision: "Precision" = "float32"
    allowed: Difference = _SAME
    suffix: str = ""
    carries_map: bool = True
    modules: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """Name, and the precision where it is not float32."""
        return self.name if self.precision == "float32" else f"{self.name} {self.precision}"

    def require_modules(self) -> None:
        """Make sure that what it needs is there, without importing it.

        Raises:
            MissingExtraError: if something is not installed.
        """
        for module in self.modules:
            require_package(module, f"Export to {self.name} needs {module}", self.name)

    def require_place(self, path: Path) -> None:
        """Make sure that it can be written there, and destroys nothing.

        Raises:
            ExportError: if something is there already, or if its runtime would not open a file of that name.
        """
        if path.exists() or path.is_symlink():
            raise ExportError(f"{path.name or path} exists and was left alone. Remove it, or choose another place.")
        if not path.name.endswith(self.suffix):
            raise ExportError(f"The name of a {self.name} file must end in {self.suffix}.")


def _copy(source: "SourceModel", path: Path, name: str) -> None:
    """The file of the weights folder, byte for byte."""
    path.write_bytes(source.bundle.contents[name])


def _write_h5(source: "SourceModel", path: Path) -> None:
    """Keras's older form, in one HDF5 file."""
    import absl.logging

    verbosity = absl.logging.get_verbosity()
    # Keras would say that this form is old; it was asked for.
    absl.logging.set_verbosity(absl.logging.ERROR)
    try:
        source.model.save(path, include_optimizer=False)
    finally:
        absl.logging.set_verbosity(verbosity)


def _open_keras(path: Path, threads: int) -> Runtime:
    """Keras: the logit alone, compiled by `tf.function`. The threads are those of the whole process."""
    import keras

    from pneumonia.exports.runtimes import keras_runtime

    return keras_runtime(keras.models.load_model(path, compile=False))


def _write_saved_model(source: "SourceModel", path: Path) -> None:
    """A folder that TensorFlow, TensorFlow Serving and their converters read."""
    source.serving.to_saved_model(path)


def _open_saved_model(path: Path, threads: int) -> Runtime:
    """TensorFlow: logit and map. The threads are those of the whole process."""
    import tensorflow as tf

    model = tf.saved_model.load(str(path))
    serve = model.signatures["serving_default"]

    # The function does not keep what it was loaded from, and the variables would go with that.
    def run(images: np.ndarray, owner: object = model) -> dict[str, np.ndarray]:
        return {name: tensor.numpy() for name, tensor in serve(image=tf.constant(images)).items()}

    return run


def _write_onnx(source: "SourceModel", path: Path) -> None:
    """The same graph as the SavedModel, in the Open Neural Network Exchange format."""
    import tensorflow as tf
    import tf2onnx

    logging.getLogger("tf2onnx").setLevel(logging.ERROR)
    signature = [source.serving.signature]
    serve = tf.function(source.serving.__call__, input_signature=signature)
    model, _ = tf2onnx.convert.from_function(serve, input_signature=signature, opset=_OPSET)
    for value in (*model.graph.input, *model.graph.output):
        value.type.tensor_type.shape.dim[0].dim_param = "batch"
    path.write_bytes(model.SerializeToString())


def _open_onnx(path: Path, threads: int) -> Runtime:
    """ONNX Runtime: logit and map."""
    import onnxruntime

    onnxruntime.disable_telemetry_events()  # what is read here concerns nobody else
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return lambda images: dict(zip(names, session.run(names, {"image": images}), strict=True))


def _write_tflite(source: "SourceModel", path: Path, precision: "Precision") -> None:
    """The served computation, with float16 in parameters of half the bytes.

    With int8 it is in whole numbers of 8 bits, but for the first layers and the head.
    """
    path.write_bytes(source.serving.to_tflite(precision, source.representative))


def _open_tflite(path: Path, threads: int) -> Runtime:
    """LiteRT: logit and map."""
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_path=str(path), num_threads=threads)
    interpreter.allocate_tensors()
    run = interpreter.get_signature_runner()

    def read(images: np.ndarray) -> dict[str, np.ndarray]:
        outputs = [run(image=image[None]) for image in images]
        return {name: np.concatenate([output[name] for output in outputs]) for name in outputs[0]}

    return read


FORMATS = (
    Format("keras", partial(_copy, name=KERAS_MODEL), _open_keras, suffix=".keras", carries_map=False),
    Format("h5", _write_h5, _open_keras, suffix=".h5", carries_map=False),
    Format("saved_model", _write_saved_model, _open_saved_model),
    Format("onnx", _write_onnx, _open_onnx, modules=("onnx", "onnxruntime", "tf2onnx")),
    Format("tflite", partial(_copy, name=SERVED_MODEL), _open_tflite),
    Format("tflite", partial(_write_tflite, precision="float16"), _open_tflite, "float16", _HALVED),
    Format("tflite", partial(_write_tflite, precision="int8"), _open_tflite, "int8", _WHOLE_NUMBERS),
)
NAMES = tuple(dict.fromkeys(form.name for form in FORMATS))
_BY_NAME = {name: {form.precision: form for form in FORMATS if form.name == name} for name in NAMES}
PRECISIONS = tuple(dict.fromkeys(form.precision for form in FORMATS))


def get_format(name: str, precision: str = "float32") -> Format:
    """Look a form up.

    Raises:
        UnknownNameError: if there is no form of that name, or if it is not written in that precision.
    """
    precisions = look_up(_BY_NAME, name, "form of export")
    return look_up(precisions, precision, f"precision of {name}")
