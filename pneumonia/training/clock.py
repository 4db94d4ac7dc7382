"""The clock, where a training depends on it."""

import time

from pneumonia.errors import PneumoniaError

# What a ZIP archive can say, and `model.keras` is one.
_FIRST, _LAST = 1980, 2107


def require_clock() -> None:
    """Make sure that the weights can be written in the end, before hours are spent on them.

    Raises:
        PneumoniaError: if the clock shows a year that no archive can hold.
    """
    year = time.localtime().tm_year
    if not _FIRST <= year <= _LAST:
        raise PneumoniaError(f"The clock of this machine shows the year {year}. Set it before you train.")
