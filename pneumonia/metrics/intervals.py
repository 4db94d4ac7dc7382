"""An interval of the AUROC for few images, where resampling would call a run of luck certain."""

from scipy.optimize import brentq
from scipy.special import ndtri

from pneumonia.core.operating_points import Interval

_Z = float(ndtri(0.975))
_NEAR = 1e-9


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
