"""From a trained network to a TensorFlow Lite file: the one that is served, and smaller ones."""

import tempfile
import warnings
from collections.abc import Callable, Iterator
from typing import Literal

import keras
import numpy as np
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter

# What parameters are kept as, and with the last two also what is computed in.
Precision = Literal["float32", "float16", "dynamic-int8", "int8"]
# Under int8, layers whose map is at least the side of the image divided by this stay in float32.
_FLOAT_FROM = 4
# What a head and the map are computed by; no backbone is.
_OF_THE_HEAD = ["FULLY_CONNECTED", "MEAN", "MUL", "SUM"]


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
        precision: of the file; input and outputs are float32 whatever it is. With dynamic-int8 the range of a layer's
            values is that of the image at hand, with int8 that of `representative`.
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
        if precision != "float32":
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
        if precision == "float16":
            converter.target_spec.supported_types = [tf.float16]
        if precision == "int8":
            return _int8(converter, representative)  # type: ignore[arg-type]  # it comes with int8
        return converter.convert()


def _int8(converter: tf.lite.TFLiteConverter, representative: np.ndarray) -> bytes:
    """Whole numbers of 8 bits, but for the first layers and the head, which hold few parameters.

    First are the layers whose maps have a quarter of the image's side or more: eight bits do the most harm there, above
    all to the first depthwise convolution of MobileNetV2. The kernel of a head has one scale for all its weights, so
    a single large one would leave nothing of the others.
    """

    def images() -> Iterator[dict[str, np.ndarray]]:
        return ({"image": image[None]} for image in representative)

    converter.representative_dataset = images
    with warnings.catch_warnings():
        # It runs an interpreter that tensorflow itself has given notice.
        warnings.filterwarnings("ignore", message=r"(?s).*tf\.lite\.Interpreter is deprecated")
        # The only public way to name operations that are to stay as they are.
        debugger = tf.lite.experimental.QuantizationDebugger(converter=converter, debug_dataset=images)
        tensors = Interpreter(model_content=debugger.calibrated_model).get_tensor_details()
        least = representative.shape[1] // _FLOAT_FROM
        first = [tensor["name"] for tensor in tensors if len(tensor["shape"]) == 4 and tensor["shape"][1] >= least]
        debugger.options = tf.lite.experimental.QuantizationDebugOptions(
            denylisted_ops=_OF_THE_HEAD, denylisted_nodes=first
        )
    return debugger.get_nondebug_quantized_model()
