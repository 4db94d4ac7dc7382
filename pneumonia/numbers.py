"""What counts as a number in JSON that came from outside."""

from typing import Any

# Of any figure; larger ones do not fit into floating-point numbers or are no logits.
_LARGEST = 1e9


def is_number(value: Any) -> bool:
    """Whether a value is a number that can be computed with: not NaN, not infinite, no truth value."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < _LARGEST
