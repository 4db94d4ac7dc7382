"""Opening an exported file with the runtime it is made for, and reading images with it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter

from pneumonia.exports.comparison import Readings
from pneumonia.exports.formats import Format
from pneumonia.exports.serving_graph import ServingModule
from pneumonia.utils.processes import cores

# From images, float32 (B, S, S, 1) in [0, 1], to the outputs of the file by name: `logit` (B, 1), and `cam` (B, h, w)
# where the file gives it.
Runtime = Callable[[np.ndarray], dict[str, np.ndarray]]

# Images that are read at once, where a runtime takes several.
_BATCH = 16


def open_export(form: Format, path: Path, threads: int) -> Runtime:
    """Open a file of that form, to run on so many threads."""
    return _OPENERS[form.name](path, threads)


def _open_keras(path: Path, threads: int) -> Runtime:
    """Keras: the logit alone, compiled by `tf.function`. The threads are those of the whole process."""
    return keras_runtime(keras.models.load_model(path, compile=False))


def _open_saved_model(path: Path, threads: int) -> Runtime:
    """TensorFlow: logit and map. The threads are those of the whole process."""
    loaded = tf.saved_model.load(str(path))
    serve = loaded.signatures["serving_default"]

    # The function does not keep what it was loaded from, and the variables would go with that.
    def run(images: np.ndarray, kept: object = loaded) -> dict[str, np.ndarray]:
        return _arrays(serve(image=tf.constant(images)))

    return run


def _open_tflite(path: Path, threads: int) -> Runtime:
    """LiteRT: logit and map."""
    interpreter = Interpreter(model_path=str(path), num_threads=threads)
    interpreter.allocate_tensors()
    run = interpreter.get_signature_runner()

    def read(images: np.ndarray) -> dict[str, np.ndarray]:
        outputs = [run(image=image[None]) for image in images]
        return {name: np.concatenate([output[name] for output in outputs]) for name in outputs[0]}

    return read


def _open_onnx(path: Path, threads: int) -> Runtime:
    """ONNX Runtime: logit and map."""
    import onnxruntime

    onnxruntime.disable_telemetry_events()  # what is read here concerns nobody else
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return lambda images: dict(zip(names, session.run(names, {"image": images}), strict=True))


_OPENERS = {
    "keras": _open_keras,
    "h5": _open_keras,
    "saved_model": _open_saved_model,
    "onnx": _open_onnx,
    "tflite": _open_tflite,
}


def keras_runtime(model: keras.Model) -> Runtime:
    """A network that Keras has opened: the logit alone, compiled by `tf.function`."""
    compiled = tf.function(lambda images: {"logit": model(images, training=False)}, input_signature=_signature(model))
    return lambda images: _arrays(compiled(images))


def keras_maps(model: keras.Model, images: np.ndarray) -> np.ndarray:
    """The maps that this library makes from the layer `features`: float32 (N, h, w), in logits."""
    serve = tf.function(ServingModule(model), input_signature=_signature(model))
    return np.concatenate([serve(batch)["cam"].numpy() for batch in _batches(images)])


def read_logits(runtime: Runtime, images: np.ndarray) -> np.ndarray:
    """Logits, float64 (N,), of images (N, S, S, 1)."""
    return np.concatenate([runtime(batch)["logit"][:, 0] for batch in _batches(images)]).astype(np.float64)


def read_all(form: Format, path: Path, images: np.ndarray) -> Readings:
    """Logits and maps of images, read by the runtime of their form.

    Args:
        form: of the file.
        path: the file; where it gives no map, Keras loads it, and this library makes the map from its layer `features`.
        images: float32 (N, S, S, 1) in [0, 1], preprocessed.
    """
    runtime = open_export(form, path, cores())
    if not form.carries_map:
        model = keras.models.load_model(path, compile=False)
        return Readings(read_logits(runtime, images), keras_maps(model, images))
    outputs = [runtime(batch) for batch in _batches(images)]
    logits, maps = (np.concatenate([output[name] for output in outputs]) for name in ("logit", "cam"))
    return Readings(logits[:, 0].astype(np.float64), maps)


def _batches(images: np.ndarray) -> Iterator[np.ndarray]:
    return (images[start : start + _BATCH] for start in range(0, len(images), _BATCH))


def _signature(model: keras.Model) -> list[tf.TensorSpec]:
    return [tf.TensorSpec((None, *model.input_shape[1:]), tf.float32, name="image")]


def _arrays(outputs: dict[str, tf.Tensor]) -> dict[str, np.ndarray]:
    return {name: tensor.numpy() for name, tensor in outputs.items()}
