"""How a share is written for a reader."""

import math

UNDEFINED = "not defined"


def percent(share: float, decimals: int = 1) -> str:
    """A share in [0, 1]; 0% and 100% are kept for what is exactly that. NaN is not defined."""
    if math.isnan(share):
        return UNDEFINED
    least = 10.0 ** -(decimals + 2)
    if 0 < share < least / 2:
        return f"<{least:.{decimals}%}"
    if 1 - least / 2 <= share < 1:
        return f">{1 - least:.{decimals}%}"
    return f"{share:.{decimals}%}"
