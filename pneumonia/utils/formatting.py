"""Shares, measured values with their intervals, and paths as texts for a reader."""

import math
from collections.abc import Callable, Mapping
from typing import Any

UNDEFINED = "not defined"
_TOO_FEW = 20  # images
_THREE_DECIMALS = "{:.3f}".format


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


def format_interval(interval: Mapping[str, Any] | None, form: Callable[[float], str] = _THREE_DECIMALS) -> str:
    """A measured value with its 95 % interval; one that is missing is not defined.

    Args:
        interval: `value`, `low` and `high`.
        form: writes one of them.
    """
    if interval is None or interval["value"] is None:
        return UNDEFINED
    value, low, high = (form(interval[end]) for end in ("value", "low", "high"))
    return f"{value} ({low} to {high})"


def format_fitted(interval: Mapping[str, float], form: Callable[[float], str] = _THREE_DECIMALS) -> str:
    """A fitted value, as by `format_interval`; one that was not fitted, whose ends are one, is written without them."""
    return form(interval["value"]) if interval["low"] == interval["high"] else format_interval(interval, form)


def format_share(interval: Mapping[str, Any] | None) -> str:
    """A measured share with its 95 % interval, rounded whatever it is."""
    return format_interval(interval, "{:.1%}".format)


def too_few(figures: Mapping[str, Any]) -> str:
    """What follows the name or the number of a set that is too small to judge by: nothing for others.

    Args:
        figures: of the set, with `n` and `positives`. Of a class with so few images, one more that is right or wrong
            moves a share by more than 5 %.
    """
    few = min(figures["positives"], figures["n"] - figures["positives"]) < _TOO_FEW
    return few * ", too few of a class to judge by"


def one_line(path: str) -> str:
    """A path with line breaks and other control characters written out, so that it stays on its line."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "backslashreplace").decode() for c in path)


def first_line(error: BaseException) -> str:
    """The first line of an error of another library; its kind where it says nothing."""
    return next(iter(str(error).strip().splitlines()), type(error).__name__)
