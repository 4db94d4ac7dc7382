"""Speed and memory: several ways are timed in turn in one run, and compared pair by pair."""

import os
import platform
import statistics
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from threadpoolctl import threadpool_limits

if TYPE_CHECKING:
    import keras

# Seconds between two calls that are timed.
_PAUSE = 0.02
# Side of the matrices whose product is timed: large enough to keep the arithmetic busy.
_SIDE = 1536


def spread(values: Iterable[float]) -> dict[str, float]:
    """Median, least and greatest of some values, as plain JSON."""
    values = list(values)
    return {"median": statistics.median(values), "low": min(values), "high": max(values)}


def seconds(call: Callable[[], object]) -> float:
    """Measure the seconds of one call."""
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def in_turn(ways: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, list[float]]:
    """Time several ways of doing one thing.

    Each round calls every way once, so whatever else the machine does meets all of them alike. A first round is
    not counted: it fills caches and compiles. A pause before each call lets the threads of the one before come to rest.

    Args:
        ways: by name.
        rounds: how often each is timed.

    Returns:
        Seconds by name, in the order of the rounds.
    """
    for call in ways.values():
        call()
    timed: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, call in ways.items():
            time.sleep(_PAUSE)
            timed[name].append(seconds(call))
    return timed


def ratios(timed: Mapping[str, list[float]], name: str, to: str) -> dict[str, float]:
    """The spread over the rounds of one way's seconds divided by another's of the same round."""
    return spread(one / other for one, other in zip(timed[name], timed[to], strict=True))


def resident_megabytes(process: int | str = "self") -> float | None:
    """Resident memory of a process in MB, by its id; None where the system has no /proc."""
    status = Path(f"/proc/{process}/status")
    if not status.exists():
        return None
    return next(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith("VmRSS")) / 1024


def processor() -> str:
    """The name that the system gives its processor."""
    facts = Path("/proc/cpuinfo")
    lines = facts.read_text().splitlines() if facts.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def bare_pass(model: bytes, image: np.ndarray, threads: int) -> Callable[[], list[np.ndarray]]:
    """A compiled network's forward pass and nothing else.

    Args:
        model: contents of a TensorFlow Lite file with one input.
        image: float32 (S, S) in [0, 1], preprocessed.
        threads: how many it runs on.

    Returns:
        A function that runs it and gives its outputs.
    """
    interpreter = Interpreter(model_content=model, num_threads=threads)
    interpreter.allocate_tensors()
    (entry,) = interpreter.get_input_details()
    outputs = [output["index"] for output in interpreter.get_output_details()]

    def run() -> list[np.ndarray]:
        interpreter.set_tensor(entry["index"], image[None, ..., None])
        interpreter.invoke()
        return [interpreter.get_tensor(output) for output in outputs]

    return run


def multiply_adds(model: "keras.Model") -> int:
    """Products of a parameter and a value that one image costs: convolutions and dense layers.

    Args:
        model: of static input size, with layers that use each entry of a kernel once for every point of their output
            (of their input, if they are transposed), as all of Keras's convolutions and dense layers do.
    """
    total = 0
    for layer in model.layers:
        for parameter in layer.weights:
            if len(parameter.shape) < 2:
                continue  # biases and normalisation
            tensor = layer.input if "Transpose" in type(layer).__name__ else layer.output
            total += int(np.prod(parameter.shape)) * int(np.prod(tensor.shape[1:-1]))
    return total


def peak_multiply_adds(threads: int, rounds: int) -> float:
    """Multiply-adds a second that the machine reaches in a float32 matrix product, the best of some rounds."""
    factors = np.random.default_rng(0).random((2, _SIDE, _SIDE), dtype=np.float32)
    with threadpool_limits(threads):
        return _SIDE**3 / min(seconds(lambda: factors[0] @ factors[1]) for _ in range(rounds + 1))


def keep_to_cores(count: int) -> None:
    """Take so many cores, for this thread and all that it starts, where the system can."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:count])
