"""What a server writes about its work: JSON lines on standard error, with nothing that may name a patient or a reader.

An event holds only what is given to `log_event`, and nobody gives it the name, path or hash of a file, a header, or
an address. What other libraries log, and what an exception says, may quote any of these: of such records only the
logger, the kind of exception and the lines of code are written.

A library is silent until its user asks for more: `logging.getLogger("pneumonia").setLevel("INFO")` and a handler with
a `JsonFormatter` give the same lines anywhere.
"""

import json
import logging
import os
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pneumonia.predictor import Prediction

# Names the least level that is written: DEBUG, INFO, WARNING or ERROR.
LEVEL = "PNEUMONIA_LOG_LEVEL"
# One reading that somebody waits for; and one of many, of which only the whole is worth a line on a terminal.
SINGLE, ONE_OF_MANY = logging.INFO, logging.DEBUG

_LOG = logging.getLogger("pneumonia")
# Of the lines of code that led to an exception, the last ones.
_MOST_LINES = 12


class JsonFormatter(logging.Formatter):
    """One JSON object a line, in ASCII: `time` in UTC, `level`, `event`, and what belongs to the event."""

    def format(self, record: logging.LogRecord) -> str:
        fields = getattr(record, "fields", None)
        if fields is None:
            error = record.exc_info[1] if record.exc_info else None
            event, fields = "other", {"logger": record.name, **(_anonymous(error) if error else {})}
        else:
            event = record.msg
        moment = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        return json.dumps({"time": moment, "level": record.levelname, "event": event, **fields})


def start_logging() -> None:
    """Write what this process logs to standard error from now on, as `JsonFormatter` gives it.

    Of this library everything from INFO on is written, or from the level that `PNEUMONIA_LOG_LEVEL` names; of others,
    warnings and errors.
    """
    handler = logging.StreamHandler()
    handler.setFormatter(JsonFormatter())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.captureWarnings(True)
    threading.excepthook = lambda crash: log_crash(crash.exc_value)
    level = os.environ.get(LEVEL, "INFO").upper()
    known = level in logging.getLevelNamesMapping()
    _LOG.setLevel(level if known else logging.INFO)
    if not known:
        log_event(logging.WARNING, "settings", message=f"{LEVEL} names no level; INFO is used.")


def log_event(level: int, event: str, **fields: Any) -> None:
    """Write a line.

    Args:
        level: as in `logging`.
        event: what happened, in a word.
        fields: JSON values that name nobody.
    """
    _LOG.log(level, event, extra={"fields": fields})


def log_crash(error: BaseException) -> None:
    """Write that something failed that was not expected to, without what the exception says."""
    log_event(logging.ERROR, "crash", **_anonymous(error))


def timed(level: int, read: Callable[..., "Prediction"], *arguments: Any) -> "Prediction":
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


def _anonymous(error: BaseException) -> dict[str, Any]:
    """The kind of an exception and where it came from, innermost line last."""
    lines = [f"{frame.f_globals.get('__name__')}:{line}" for frame, line in traceback.walk_tb(error.__traceback__)]
    return {"error": type(error).__name__, "at": lines[-_MOST_LINES:]}
