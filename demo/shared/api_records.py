"""Records that API clients get."""

from typing import Any

from pneumonia import Prediction


def record(prediction: Prediction, name: str) -> dict[str, Any]:
    """Record of one image: `Prediction.to_dict()` and the upload's base name."""
    return {"name": name, **prediction.to_dict()}


def unavailable_record(variant: str, reason: str, name: str) -> dict[str, Any]:
    """Record of a variant without weights, in place of its reading."""
    return {"name": name, "status": "unavailable", "variant": variant, "finding": None, "error": reason}
