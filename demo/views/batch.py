"""What is shown of many readings: rows, how far they have come, what they came to."""

from collections import Counter
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from demo import content
from demo.views.page import notice


def batch_row(number: int, record: Mapping[str, Any]) -> list[Any]:
    """One image's row, in the order of `content.BATCH_COLUMNS`.

    Args:
        number: of the image, from 1.
        record: as `record` gives it.
    """
    probability, share = record["probability"], record["in_lung_share"]
    remarks = [check["message"] for check in record["checks"] if check["status"] != "ok"]
    return [
        number,
        record["name"],
        record["finding"] or content.NOT_READ,
        None if probability is None else _rounded(probability, 1),
        None if share is None else _rounded(share, 0),
        " ".join(remarks),
    ]


def _rounded(share: float, digits: int) -> float:
    """In percent; 0 and 100 are kept for what is exactly that, as by `percent`."""
    least = 10.0**-digits
    return 100 * share if share in (0, 1) else min(max(round(100 * share, digits), least), 100 - least)


def batch_progress(done: int, count: int, seconds_left: float | None) -> str:
    """How far a batch has come."""
    left = "" if seconds_left is None else f", about {duration(seconds_left)} left"
    sentence = f"{done} of {count} images read{left}."
    return (
        f'<div class="prompt"><p>{escape(sentence)}</p>'
        f'<progress max="{count}" value="{done}" aria-label="{escape(sentence)}"></progress></div>'
    )


def batch_summary(records: Sequence[Mapping[str, Any]], count: int, operating_point: str) -> str:
    """What a batch came to at an operating point, finished or stopped."""
    counts = Counter(record["finding"] or content.NOT_READ for record in records)
    found = ", ".join(f"{counts[name]} {name}" for name in (*content.FINDINGS, content.NOT_READ) if counts[name])
    headline = f"{count} images: {found}."
    if len(records) < count:
        headline = content.STOPPED.format(done=len(records), count=count) + (f" {found}." if found else "")
    headline += f" {content.JUDGED_AT.format(point=operating_point)}"
    return f'<div class="prompt"><p>{escape(headline)}</p>{notice()}</div>'


def batch_heading(number: int, name: str) -> str:
    """Which row was opened."""
    return f'<h2 class="opened">{escape(content.ROW.format(number=number, name=name))}</h2>'


def duration(seconds: float) -> str:
    """A time to wait, no more exact than it can be known."""
    return f"{max(1, round(seconds))} s" if seconds < 90 else f"{round(seconds / 60)} min"
