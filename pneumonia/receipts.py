"""A reading on record, with all it takes to read the image again and to find the same."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any, NamedTuple

from pneumonia import __version__
from pneumonia.operating_points import OPERATING_POINTS, OperatingPoint
from pneumonia.predictor import Prediction


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


def _record(judged: Judged) -> dict[str, Any]:
    figures = asdict(judged.point)
    del figures["name"]
    return {
        **judged.prediction.to_dict(),
        "operating_point_figures": figures,
        "weights_version": judged.version,
        "command": command(judged.prediction),
    }
