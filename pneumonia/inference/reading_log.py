"""The log of readings: how long they took and what came of them, and nothing that names anybody."""

import logging
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pneumonia.inference.prediction import Prediction
from pneumonia.utils.json_logging import log_event

# One reading that somebody waits for; and one of many, of which only the whole is worth a line on a terminal.
SINGLE, ONE_OF_MANY = logging.INFO, logging.DEBUG

_LOG = logging.getLogger("pneumonia")


def log_reading(level: int, read: Callable[..., Prediction], *arguments: Any) -> Prediction:
    """Make a reading and write how long it took and what came of it."""
    started = time.monotonic()
    prediction = read(*arguments)
    if _LOG.isEnabledFor(level):
        log_event(
            level,
            "reading",
            variant=prediction.variant,
            milliseconds=_milliseconds(started),
            status=prediction.status,
            finding=prediction.finding,
            operating_point=prediction.operating_point,
            warned=[check.name for check in prediction.checks if check.status == "warn"],
            rejected=[check.name for check in prediction.checks if check.status == "reject"],
        )
    return prediction


def log_batch(started: float, variant: str, operating_point: str, records: Sequence[Mapping[str, Any]]) -> None:
    """Write what many readings came to, and how long they took together.

    Args:
        started: what `time.monotonic` gave before the first.
        variant: they were made with.
        operating_point: they are judged at.
        records: as `Prediction.to_dict` gives them.
    """
    log_event(
        SINGLE,
        "batch",
        variant=variant,
        milliseconds=_milliseconds(started),
        images=len(records),
        findings=Counter(record["finding"] or record["status"] for record in records),
        operating_point=operating_point,
    )


def _milliseconds(started: float) -> float:
    return round(1000 * (time.monotonic() - started), 1)
