"""Readings and overlays of one version, timed in a process of its own: run by `versions.py` within a checkout.

Only what every version has is used, and nothing of this folder is imported. Writes JSON to standard output: seconds,
and seconds of the processors, for each image.
"""

import contextlib
import io
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial

from pneumonia import load_predictor
from pneumonia.__main__ import main


def timed(call: Callable[[], object], images: int) -> dict[str, float]:
    """Seconds of a call for each image, by the clock and by the processors."""
    clock, processors = time.perf_counter(), time.process_time()
    call()
    return {
        "seconds": (time.perf_counter() - clock) / images,
        "processor": (time.process_time() - processors) / images,
    }


def overlays(files: Sequence[str]) -> None:
    """Write the overlays of some files by the command."""
    with (
        tempfile.TemporaryDirectory() as folder,
        contextlib.redirect_stdout(io.StringIO()),
        contextlib.suppress(SystemExit),
    ):
        main(["predict", *files, "--heatmaps", folder])


def timed_after_the_first(call: Callable[[Sequence[str]], None], files: Sequence[str]) -> dict[str, float]:
    """Seconds of a call for each file but the first, as of `timed`: what begins with each call is taken off."""
    call(files[:1])  # what a process loads but once
    first, all_of_them = (timed(partial(call, of), 1) for of in (files[:1], files))
    return {what: (all_of_them[what] - first[what]) / (len(files) - 1) for what in first}


def measure(one: str, files: Sequence[str], drawn: Sequence[str]) -> dict[str, dict[str, float]]:
    """Read one file by itself, again and again; then a folder; then draw the overlays of some of it."""
    predictor = load_predictor()
    list(predictor.predict_many(files[:10]))
    alone = [timed(lambda: predictor.predict(one), 1) for _ in range(30)]
    return {
        "reading": {what: statistics.median(values[what] for values in alone) for what in alone[0]},
        "folder": timed(lambda: list(predictor.predict_many(files)), len(files)),
        "overlays": timed_after_the_first(overlays, drawn),
    }


if __name__ == "__main__":
    request = json.load(sys.stdin)
    print(json.dumps(measure(request["one"], request["files"], request["drawn"])))
