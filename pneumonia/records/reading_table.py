"""A reading as a row of a table."""

from collections.abc import Mapping
from typing import Any

# Columns of a reading, after the name of its file.
READING_COLUMNS = (
    "status",
    "finding",
    "probability",
    "threshold",
    "operating_point",
    "logit",
    "in_lung_share",
    "lung_area",
    "checks",
    "error",
    "population",
    "population_source",
    "calibration",
    "variant",
    "weights_sha256",
    "image_sha256",
    "notice",
)


def reading_row(reading: Mapping[str, Any]) -> dict[str, Any]:
    """A reading, as `Prediction.to_dict` gives it, with its checks in one cell, and what it was calibrated to."""
    calibration = reading["calibration"]
    return {
        **reading,
        "checks": "; ".join(f"{check['name']}: {check['message']}" for check in reading["checks"]),
        "calibration": calibration and f"{calibration['name']} {calibration['date']}",
    }
