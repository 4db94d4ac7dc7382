"""Results of a training: its figures, and a weights folder with its card and the versions of libraries."""

import platform
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import sklearn
import tensorflow as tf

from pneumonia.data.manifest import Record, fingerprint
from pneumonia.errors import PneumoniaError
from pneumonia.utils.json_values import json_bytes
from pneumonia.weights.folder import CARD, METRICS, write_bundle

# What a ZIP archive can say, and `model.keras` is one.
_FIRST, _LAST = 1980, 2107


@dataclass(frozen=True)
class TrainingResult:
    """Figures of a training, and files it could not read.

    Attributes:
        metrics: as in metrics.json.
        skipped: places of unreadable files below their data folder, each with the reason.
    """

    metrics: dict[str, Any]
    skipped: list[tuple[str, str]]


def write_weights(
    folder: Path,
    files: Mapping[str, bytes],
    config: Mapping[str, Any],
    metrics: dict[str, Any],
    render_card: Callable[[dict[str, Any], dict[str, Any]], str],
) -> None:
    """Write a weights folder: what was trained, config.json with the versions of libraries, figures and card."""
    config = {**config, "versions": versions()}
    card = render_card(config, metrics).encode()
    write_bundle(folder, {**files, METRICS: json_bytes(metrics), CARD: card}, config)


def model_bytes(model: keras.Model, path: Path) -> bytes:
    """Save a network in a file whose ending tells the format, and give its contents."""
    # Without the optimizer's state, which is three times as large as the network.
    model.save(path, include_optimizer=False)
    return path.read_bytes()


def facts(records: Sequence[Record]) -> dict[str, Any]:
    """Describe the radiographs of one part of the data, for config.json."""
    return {
        "images": len(records),
        "patients": len({record.patient for record in records}),
        "fingerprint": fingerprint(records),
    }


def versions() -> dict[str, str]:
    """Versions of Python and of the libraries that shape a training, by name."""
    libraries = {"keras": keras, "numpy": np, "scikit-learn": sklearn, "tensorflow": tf}
    return {"python": platform.python_version(), **{name: lib.__version__ for name, lib in libraries.items()}}


def require_clock() -> None:
    """Make sure that the weights can be written in the end, before hours are spent on them.

    Raises:
        PneumoniaError: if the clock shows a year that no archive can hold.
    """
    year = time.localtime().tm_year
    if not _FIRST <= year <= _LAST:
        raise PneumoniaError(f"The clock of this machine shows the year {year}. Set it before you train.")
