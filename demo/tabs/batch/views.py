"""Views of many readings: rows, progress, summary."""

from collections import Counter
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from demo.shared import texts as shared_texts
from demo.shared.page_html import notice, prompt
from demo.tabs.batch import texts


def row(number: int, record: Mapping[str, Any]) -> list[Any]:
    """Row of one image, in the order of `texts.COLUMNS`.

    Args:
        number: of the image, from 1.
        record: as `reading_record` gives it.
    """
    probability, share = record["probability"], record["in_lung_share"]
    remarks = [check["message"] for check in record["checks"] if check["status"] != "ok"]
    return [
        number,
        record["name"],
        record["finding"] or texts.NOT_READ,
        None if probability is None else _rounded(probability, 1),
        None if share is None else _rounded(share, 0),
        " ".join(remarks),
    ]


def _rounded(share: float, digits: int) -> float:
    """Round to percent; 0 and 100 are kept for what is exactly that, as by `percent`."""
    least = 10.0**-digits
    return 100 * share if share in (0, 1) else min(max(round(100 * share, digits), least), 100 - least)


def progress(done: int, count: int, seconds_left: float | None) -> str:
    """Progress of a batch."""
    left = "" if seconds_left is None else f", about {duration(seconds_left)} left"
    sentence = f"{done} of {count} images read{left}."
    return prompt(sentence, f'<progress max="{count}" value="{done}" aria-label="{escape(sentence)}"></progress>')


def summary(records: Sequence[Mapping[str, Any]], count: int, operating_point: str) -> str:
    """Summary of a batch at an operating point, finished or stopped."""
    counts = Counter(record["finding"] or texts.NOT_READ for record in records)
    findings = ", ".join(f"{counts[name]} {name}" for name in (*shared_texts.CALLED, texts.NOT_READ) if counts[name])
    headline = f"{count} images: {findings}."
    if len(records) < count:
        headline = texts.STOPPED.format(done=len(records), count=count) + (f" {findings}." if findings else "")
    headline += f" {texts.JUDGED_AT.format(point=operating_point)}"
    return prompt(headline, notice())


def heading(number: int, name: str) -> str:
    """Heading of the row that was opened."""
    return f'<h2 class="opened">{escape(texts.ROW.format(number=number, name=name))}</h2>'


def duration(seconds: float) -> str:
    """Words for a time to wait, no more exact than it can be known."""
    return f"{max(1, round(seconds))} s" if seconds < 90 else f"{round(seconds / 60)} min"
