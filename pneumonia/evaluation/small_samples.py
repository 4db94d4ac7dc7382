"""Intervals for few images, where resampling would call a run of luck certain: 15 of 15 is not 100 % to 100 %."""

from scipy.optimize import brentq
from scipy.stats import beta, norm

from pneumonia.operating_points import Interval

_TAIL = 0.025
_Z = float(norm.ppf(1 - _TAIL))
_NEAR = 1e-9


def share_interval(share: float, patients: int) -> Interval:
    """A share with its exact interval: Clopper and Pearson, Biometrika 1934.

    Args:
        share: in [0, 1], of images.
        patients: whom they are of. Images of one patient count as one, which is the careful end: they may be all alike.
    """
    hits = share * patients
    low = float(beta.ppf(_TAIL, hits, patients - hits + 1)) if hits > 0 else 0.0
    high = float(beta.ppf(1 - _TAIL, hits + 1, patients - hits)) if hits < patients else 1.0
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
