"""What a page gives when many use it at once: how long they waited, whether answers were right, what memory did."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

# MB for a thousand readings, below which memory counts as flat: a server that reads one image a second all day then
# grows by under 2 GB.
FLAT = 20.0
# MB more, from the first readings to the last, that are put down to caches.
MOST_GROWTH = 100.0
# Fewer tell no trend.
LEAST_SAMPLES = 8
# Share of the readings in which caches and allocators fill.
_WARM_UP = 0.25


class Answer(NamedTuple):
    """What one request came to.

    Attributes:
        seconds: from sending the file to the whole answer.
        outcome: "right" (the values of a reading alone), "wrong" (others), "busy" (politely refused), or "failed".
    """

    seconds: float
    outcome: str


def summary(answers: Sequence[Answer]) -> dict[str, Any]:
    """Counts of each outcome, and seconds of those that were read.

    Returns:
        JSON values; the percentiles are None where nothing was read.
    """
    read = [answer.seconds for answer in answers if answer.outcome in ("right", "wrong")]
    counts = {kind: sum(answer.outcome == kind for answer in answers) for kind in ("right", "wrong", "busy", "failed")}
    percentiles = np.percentile(read, (50, 95, 100)).tolist() if read else [None] * 3
    return {**counts, **dict(zip(("median", "p95", "longest"), percentiles, strict=True))}


def memory_trend(readings: Sequence[int], megabytes: Sequence[float]) -> dict[str, float]:
    """How memory goes with the number of readings, after a first quarter in which caches fill.

    Args:
        readings: (N,) done so far, rising; at least `LEAST_SAMPLES`.
        megabytes: (N,) resident after them.

    Returns:
        "growth": MB from the first sample to the last; "slope": MB for a thousand readings, the median of the slopes
        between all pairs after the first quarter (Theil 1950; Sen, JASA 1968), which a single jump does not move.
    """
    x, y = np.asarray(readings, float), np.asarray(megabytes, float)
    late = x >= x[0] + _WARM_UP * (x[-1] - x[0])
    first, second = np.triu_indices(int(late.sum()), 1)
    slopes = (y[late][second] - y[late][first]) / (x[late][second] - x[late][first])
    return {"growth": float(y[-1] - y[0]), "slope": float(1000 * np.median(slopes))}
