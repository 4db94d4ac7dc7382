"""The two populations that patients of a known age belong to, or to neither."""

import math

CHILDREN, ADULTS = "children", "adults"
POPULATIONS = (CHILDREN, ADULTS)

# In years: from, and up to but not including.
_AGES = {CHILDREN: (1, 6), ADULTS: (18, math.inf)}


def population_of_age(years: float) -> str | None:
    """The population that an age in years belongs to; None between them, where nobody was trained on."""
    return next((name for name, (low, high) in _AGES.items() if low <= years < high), None)
