"""Reading images with a network that Keras has opened, and with an exported file."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import keras
import numpy as np
import tensorflow as tf

from pneumonia.exports.comparison import Readings
from pneumonia.exports.serving_graph import ServingModule
from pneumonia.utils.processes import cores

if TYPE_CHECKING:
    from pneumonia.exports.formats import Format, Runtime

# Images that are read at once, where a runtime takes several.
_BATCH = 16


def keras_runtime(model: keras.Model) -> "Runtime":
    """A network that Keras has opened: the logit alone, compiled by `tf.function`."""
    run = tf.function(lambda images: {"logit": model(images, training=False)}, input_signature=_signature(model))
    return lambda images: {name: tensor.numpy() for name, tensor in run(images).items()}


def read_logits(runtime: "Runtime", images: np.ndarray) -> np.ndarray:
    """Logits, float64 (N,), of images (N, S, S, 1)."""
    return np.concatenate([runtime(batch)["logit"][:, 0] for batch in _batches(images)]).astype(np.float64)


def read_keras(model: keras.Model, images: np.ndarray) -> Readings:
    """Logits of a network that Keras has opened, and the maps that this library makes from its layer `features`.

    Args:
        model: as built by `pneumonia.models.registry.build_model`.
        images: float32 (N, S, S, 1) in [0, 1], preprocessed.
    """
    serve = tf.function(ServingModule(model), input_signature=_signature(model))
    maps = np.concatenate([serve(batch)["cam"].numpy() for batch in _batches(images)])
    return Readings(read_logits(keras_runtime(model), images), maps)


def read_all(form: "Format", path: Path, images: np.ndarray) -> Readings:
    """Logits and maps of images, read by the runtime of their form.

    Args:
        form: of the file.
        path: the file; where it gives no map, it is read as by `read_keras`.
        images: float32 (N, S, S, 1) in [0, 1], preprocessed.
    """
    if not form.carries_map:
        return read_keras(keras.models.load_model(path, compile=False), images)
    runtime = form.open(path, cores())
    outputs = [runtime(batch) for batch in _batches(images)]
    logits, maps = (np.concatenate([output[name] for output in outputs]) for name in ("logit", "cam"))
    return Readings(logits[:, 0].astype(np.float64), maps)


def _batches(images: np.ndarray) -> Iterator[np.ndarray]:
    return (images[start : start + _BATCH] for start in range(0, len(images), _BATCH))


def _signature(model: keras.Model) -> list[tf.TensorSpec]:
    return [tf.TensorSpec((None, *model.input_shape[1:]), tf.float32, name="image")]
