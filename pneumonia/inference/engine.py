"""The compiled model: images in, logits and maps out, in one pass and without tensorflow."""

import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from ai_edge_litert.interpreter import Interpreter

from pneumonia.errors import WeightsError
from pneumonia.utils.processes import PerProcess, cores


class Engine:
    """Runs a TensorFlow Lite file; safe to call from several threads at once.

    Args:
        model: contents of a `model.tflite`, already verified.

    Raises:
        WeightsError: if the runtime cannot open it.
    """

    def __init__(self, model: bytes) -> None:
        # An interpreter must not be shared while it runs: at most one a core, each single-threaded, borrowed in turn.
        # The others are made when they are first wanted: one of many workers of a machine reads with one.
        self._model = model
        self._places = PerProcess(lambda: threading.Semaphore(cores()))
        self._idle: queue.SimpleQueue[Interpreter] = queue.SimpleQueue()
        interpreter = self._interpreter()
        try:
            signature = interpreter.get_signature_runner()
            entry = signature.get_input_details()["image"]
        except (ValueError, KeyError) as error:
            raise WeightsError("The compiled model has no input named image, as those of this program have.") from error
        self._shape = tuple(entry["shape"][1:3].tolist())
        # Used by number: a call by name prepares the network for its input each time anew.
        self._input = entry["index"]
        self._outputs = {name: details["index"] for name, details in signature.get_output_details().items()}
        self._idle.put(interpreter)

    def __reduce__(self) -> tuple[type["Engine"], tuple[bytes]]:
        # Another process opens the file for itself.
        return Engine, (self._model,)

    def require_size(self, size: int) -> None:
        """Make sure that it reads images of (size, size) pixels.

        Raises:
            WeightsError: if it reads others.
        """
        if self._shape != (size, size):
            raise WeightsError(
                f"The compiled model does not read images of {size} x {size} pixels, which its config names."
            )

    def run(self, image: np.ndarray) -> tuple[float, np.ndarray]:
        """Read one image.

        Args:
            image: float32 (S, S) in [0, 1], preprocessed.

        Returns:
            The logit, and the Grad-CAM map as float32 (h, w) in logits.
        """
        outputs = self.outputs(image)
        return float(outputs["logit"][0]), outputs["cam"]

    def outputs(self, image: np.ndarray) -> dict[str, np.ndarray]:
        """Everything the model gives of one image, by name; the image as for `run`."""
        with self._borrowed() as interpreter:
            interpreter.set_tensor(self._input, image[None, ..., None])
            interpreter.invoke()
            return {name: interpreter.get_tensor(number)[0] for name, number in self._outputs.items()}

    @contextmanager
    def _borrowed(self) -> Iterator[Interpreter]:
        with self._places.value:
            try:
                interpreter = self._idle.get_nowait()
            except queue.Empty:
                interpreter = self._interpreter()
            try:
                yield interpreter
            finally:
                self._idle.put(interpreter)

    def _interpreter(self) -> Interpreter:
        try:
            interpreter = Interpreter(model_content=self._model, num_threads=1)
            interpreter.allocate_tensors()
        except (ValueError, RuntimeError) as error:
            raise WeightsError("The compiled model cannot be opened by this version of the runtime.") from error
        return interpreter
