"""Intervals of 95 %: the middle of draws; exact ones for few images, where resampling calls a run of luck certain."""

from dataclasses import asdict
from typing import Any

import numpy as np
from scipy.optimize import brentq
from scipy.special import betaincinv, ndtri

from pneumonia.core.operating_points import Interval

_TAIL = 0.025
_FEW = 5  # patients
_Z = float(ndtri(1 - _TAIL))
_NEAR = 1e-9


def calibration_interval(value: np.ndarray, draws: np.ndarray) -> dict[str, Any]:
    """An interval as by `to_interval`, reaching down to the value itself.

    Repeated images make the calibration error of a draw larger than that of the images themselves, so all draws
    may lie above it.
    """
    interval = to_interval(value[0], draws)
    if interval["value"] is None:
        return interval
    return {**interval, "low": min(interval["low"], interval["value"])}


def to_interval(value: float, draws: np.ndarray) -> dict[str, Any]:
    """A value with the middle 95 % of its draws; all None where it is not defined."""
    draws = draws[np.isfinite(draws)]
    if not np.isfinite(value) or not len(draws):
        return {"value": None, "low": None, "high": None}
    low, high = np.percentile(draws, (2.5, 97.5))
    return asdict(Interval(float(value), float(low), float(high)))


def drawn_share(values: np.ndarray, right: np.ndarray, wrong: np.ndarray) -> Interval:
    """The first of shares (R,) with the middle 95 % of the others, which are of draws of patients; no narrower than its
    exact interval where but a few patients have a right image, or a wrong one: draws of so few promise too much.

    Args:
        values: each in [0, 1], or NaN where there is no image.
        right: (P,), how many images of each patient count for the share.
        wrong: (P,), how many count against it.
    """
    drawn = with_interval(values)
    few = min(np.count_nonzero(right), np.count_nonzero(wrong)) < _FEW
    if drawn.value is None or not few:
        return drawn
    exact = share_interval(drawn.value, int(np.count_nonzero(right + wrong)))
    return Interval(drawn.value, min(drawn.low, exact.low), max(drawn.high, exact.high))


def with_interval(values: np.ndarray) -> Interval:
    """The first of values (R,), which is that of the images as they are, with the middle 95 % of the others."""
    return Interval(**to_interval(values[0], values[1:]))


def share_interval(share: float, patients: int) -> Interval:
    """A share with its exact interval: Clopper and Pearson, Biometrika 1934.

    Args:
        share: in [0, 1], of images.
        patients: whom they are of. Images of one patient count as one, which is the careful end: they may be all alike.
    """
    hits = share * patients
    low = float(betaincinv(hits, patients - hits + 1, _TAIL)) if hits > 0 else 0.0
    high = float(betaincinv(hits + 1, patients - hits, 1 - _TAIL)) if hits < patients else 1.0
    return Interval(float(share), low, high)


def auroc_interval(auroc: float, normal: int, diseased: int) -> Interval:
    """An AUROC with an interval that does not shrink to nothing at 1: method 5 of Newcombe, Statistics in Medicine 2006
    (part 2), the counterpart for two samples of Wilson's interval for a share.

    Args:
        auroc: in [0, 1].
        normal: patients without pneumonia.
        diseased: patients with pneumonia.
    """
    halved = (normal + diseased) / 2 - 1

    def excess(true: float) -> float:
        """Squared distance of what was seen from what may be true, over what chance allows at that."""
        spread = 1 + halved * ((1 - true) / (2 - true) + true / (1 + true))
        return (auroc - true) ** 2 - _Z**2 * true * (1 - true) * spread / (normal * diseased)

    # At 0 and at 1 both sides vanish, which is no end of the interval where exactly that was seen.
    low = brentq(excess, 0.0, auroc - _NEAR) if auroc > _NEAR else 0.0
    high = brentq(excess, auroc + _NEAR, 1.0) if auroc < 1 - _NEAR else 1.0
    return Interval(float(auroc), float(low), float(high))
