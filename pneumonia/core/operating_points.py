"""Operating points: from a probability to a finding."""

from dataclasses import asdict, dataclass
from typing import Annotated, Any

import annotated_types

from pneumonia.core.labels import NORMAL, PNEUMONIA, UNCERTAIN

SCREENING = "screening"
BALANCED = "balanced"
RULE_IN = "rule-in"
# From sensitivity first to specificity first.
OPERATING_POINTS = (SCREENING, BALANCED, RULE_IN)
# The name of one at a threshold that a reader has set.
CUSTOM = "own"


# A figure that can be computed with: not NaN, not infinite; no logit and no count here is as large as these bounds.
Number = Annotated[float, annotated_types.Interval(gt=-1e9, lt=1e9)]
Share = Annotated[Number, annotated_types.Interval(ge=0, le=1)]


@dataclass(frozen=True)
class Interval:
    """A measured value with its 95 % interval; a share in [0, 1] unless said otherwise."""

    value: Number
    low: Number
    high: Number


@dataclass(frozen=True)
class OperatingPoint:
    """A threshold fixed on validation data, and what it did there.

    Attributes:
        name: one of `OPERATING_POINTS`, or `CUSTOM`.
        threshold: calibrated probability from which pneumonia is called.
        low: below the threshold; from here on the finding is uncertain.
        high: above the threshold; up to here the finding is uncertain.
        sensitivity: share of pneumonias at or above the threshold, on the data that fixed it.
        specificity: share of normals below it there.
    """

    name: str
    threshold: float
    low: float
    high: float
    sensitivity: Interval
    specificity: Interval

    def finding(self, probability: float) -> str:
        """NORMAL, PNEUMONIA, or UNCERTAIN inside the zone [low, high) around the threshold."""
        if self.low <= probability < self.high:
            return UNCERTAIN
        return PNEUMONIA if probability >= self.threshold else NORMAL

    def figures(self) -> dict[str, Any]:
        """JSON values of everything but the name."""
        return {key: value for key, value in asdict(self).items() if key != "name"}
