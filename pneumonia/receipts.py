"""A reading on record, with all it takes to read the image again and to find the same."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from pneumonia import __version__
from pneumonia.bundle import CONFIG
from pneumonia.lung_fields import LUNG_FIELDS_FOLDER
from pneumonia.operating_points import OPERATING_POINTS, OperatingPoint
from pneumonia.plausibility import PLAUSIBILITY_FOLDER
from pneumonia.predictor import Prediction, Predictor


class Judged(NamedTuple):
    """A reading with what it was read and judged by.

    Attributes:
        prediction: of an image that was not rejected.
        point: the operating point it was judged at.
        version: of the weights.
    """

    prediction: Prediction
    point: OperatingPoint
    version: str


def receipt(
    readings: Sequence[Judged], made: datetime, unavailable: Mapping[str, str], name: str | None = None
) -> dict[str, Any]:
    """Readings of one image as plain JSON values.

    Whoever has the image and the weights of these hashes can read it again, and must get the same logit.

    Args:
        readings: one a variant.
        made: with its time zone.
        unavailable: why there is no reading by a variant, by variant.
        name: the file's, which may be a patient's; left out for None.
    """
    return {
        **({} if name is None else {"name": name}),
        "made": made.isoformat(timespec="seconds"),
        "program_version": __version__,
        "readings": [_record(judged) for judged in readings],
        "unavailable": dict(unavailable),
    }


def command(prediction: Prediction) -> str:
    """The command that reads the image anew; IMAGE stands for its path."""
    point = prediction.operating_point
    # A threshold of the reader's own has no name that the command knows.
    judged = f" --operating-point {point}" if point in OPERATING_POINTS else ""
    site = f" --site {prediction.calibration.label}" if prediction.calibration else ""
    return f"python scripts/predict.py IMAGE --variant {prediction.variant}{judged}{site} --format jsonl"


def reader_record(predictor: Predictor, operating_point: str) -> dict[str, Any]:
    """All that readings depend on beside the image, as plain JSON values: two readers of one record read alike.

    Args:
        predictor: that reads.
        operating_point: name of one of its operating points.
    """
    return {
        "program_version": __version__,
        "variant": predictor.variant,
        "weights_version": predictor.version,
        "weights_sha256": predictor.weights_sha256,
        "lung_fields": _config_sha256(LUNG_FIELDS_FOLDER),
        "chest_check": _config_sha256(PLAUSIBILITY_FOLDER),
        "temperature": predictor.temperature,
        "offset": predictor.offset,
        "site": predictor.calibration and predictor.calibration.label,
        "operating_point": asdict(predictor.operating_points[operating_point]),
    }


def _config_sha256(folder: Path) -> str | None:
    """Hash of the config of a weights folder, which holds the hash of each other file; None where there is none."""
    config = folder / CONFIG
    return hashlib.sha256(config.read_bytes()).hexdigest() if config.is_file() else None


def _record(judged: Judged) -> dict[str, Any]:
    figures = asdict(judged.point)
    del figures["name"]
    return {
        **judged.prediction.to_dict(),
        "operating_point_figures": figures,
        "weights_version": judged.version,
        "command": command(judged.prediction),
    }
