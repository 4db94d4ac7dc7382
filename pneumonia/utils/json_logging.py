"""The log of a server: JSON lines on standard error, with nothing that may name a patient or a reader.

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
import traceback
from datetime import UTC, datetime
from typing import Any

# Names the least level that is written: DEBUG, INFO, WARNING or ERROR.
LEVEL = "PNEUMONIA_LOG_LEVEL"

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
    threading.excepthook = lambda crash: log_crash(crash.exc_value or SystemError())
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


def _anonymous(error: BaseException) -> dict[str, Any]:
    """The kind of an exception and where it came from, innermost line last."""
    lines = [f"{frame.f_globals.get('__name__')}:{line}" for frame, line in traceback.walk_tb(error.__traceback__)]
    return {"error": type(error).__name__, "at": lines[-_MOST_LINES:]}
