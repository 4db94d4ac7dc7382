"""The two populations that patients of a known age belong to, or to neither."""

import math
from typing import Literal

# Who says of which population a patient is: the header of a DICOM file, whoever asked for the reading, or the picture.
PopulationSource = Literal["header", "reader", "picture"]

CHILDREN, ADULTS = "children", "adults"
POPULATIONS = (CHILDREN, ADULTS)
# Stands for the population of a network whose training images have none stated.
UNSTATED = "unstated"

# In years: from, and up to but not including.
_AGES = {CHILDREN: (1, 6), ADULTS: (18, math.inf)}
# In years, of patients of neither: those below are nearer to children.
_MIDDLE = 12


def population_of_age(years: float) -> str | None:
    """The population that an age in years belongs to; None between them, where nobody was trained on."""
    return next((name for name, (low, high) in _AGES.items() if low <= years < high), None)


def nearest_population(years: float) -> str:
    """The population that an age in years belongs to, or is nearer to."""
    return CHILDREN if years < _MIDDLE else ADULTS
