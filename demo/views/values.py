"""Numbers and records as they are written everywhere."""

from typing import Any

from pneumonia import Prediction
from pneumonia.operating_points import Interval
from pneumonia.written import percent


def record(prediction: Prediction, name: str) -> dict[str, Any]:
    """What an API client gets for one image: `Prediction.to_dict()` and the upload's base name."""
    return {"name": name, **prediction.to_dict()}


def unavailable_record(variant: str, reason: str, name: str) -> dict[str, Any]:
    """What an API client gets for a variant without weights, in place of its reading."""
    return {"name": name, "status": "unavailable", "variant": variant, "finding": None, "error": reason}


def interval(share: Interval) -> str:
    """A measured share with its 95 % interval."""
    return f"{percent(share.value)} (95% interval {percent(share.low)} to {percent(share.high)})"
