"""Readings of the same radiographs by two forms of one network, and their difference."""

from dataclasses import dataclass, fields

import numpy as np
from scipy.special import expit


@dataclass(frozen=True)
class Readings:
    """One network's outputs for N images.

    Attributes:
        logits: float64 (N,), uncalibrated.
        maps: float32 (N, h, w), in logits.
    """

    logits: np.ndarray
    maps: np.ndarray


@dataclass(frozen=True)
class Difference:
    """Differences of two networks over some images, or the greatest that are allowed.

    Attributes:
        probability: greatest difference of the calibrated probabilities, from 0 to 1.
        mean_probability: mean of these differences.
        map: greatest difference of two cells at the same place, in logits.
    """

    probability: float
    mean_probability: float
    map: float

    def __str__(self) -> str:
        return (
            f"probability {self.probability:.2g} at most and {self.mean_probability:.2g} on average, "
            f"map {self.map:.2g} logits at most"
        )

    def within(self, allowed: "Difference") -> bool:
        """Tell whether none is greater than allowed; a value that is not a number never is within."""
        return all(getattr(self, field.name) <= getattr(allowed, field.name) for field in fields(self))


def difference(one: Readings, other: Readings, temperature: float) -> Difference:
    """Compare two networks on the same images.

    Args:
        temperature: by which both their logits are divided.
    """
    probabilities = np.abs(np.subtract(*(expit(readings.logits / temperature) for readings in (one, other))))
    maps = np.abs(one.maps.astype(np.float64) - other.maps)
    return Difference(float(probabilities.max()), float(probabilities.mean()), float(maps.max()))
