"""Numbers and records as they are written everywhere."""

import math
from typing import Any

from demo import content
from pneumonia import Prediction
from pneumonia.operating_points import Interval


def record(prediction: Prediction, name: str) -> dict[str, Any]:
    """What an API client gets for one image: `Prediction.to_dict()` and the upload's base name."""
    return {"name": name, **prediction.to_dict()}


def unavailable_record(variant: str, reason: str, name: str) -> dict[str, Any]:
    """What an API client gets for a variant without weights, in place of its reading."""
    return {"name": name, "status": "unavailable", "variant": variant, "finding": None, "error": reason}


def percent(share: float, decimals: int = 1) -> str:
    """A share in [0, 1]; 0% and 100% are kept for what is exactly that. NaN is not defined."""
    if math.isnan(share):
        return content.UNDEFINED
    least = 10.0 ** -(decimals + 2)
    if 0 < share < least / 2:
        return f"<{least:.{decimals}%}"
    if 1 - least / 2 <= share < 1:
        return f">{1 - least:.{decimals}%}"
    return f"{share:.{decimals}%}"


def interval(share: Interval) -> str:
    """A measured share with its 95 % interval."""
    return f"{percent(share.value)} (95% interval {percent(share.low)} to {percent(share.high)})"
