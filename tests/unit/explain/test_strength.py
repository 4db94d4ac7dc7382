"""Strength of evidence in words."""

import pytest

from pneumonia.explain.strength import strength


@pytest.mark.parametrize(
    ("evidence", "word"), [(0.1, "weak"), (19.9, "weak"), (20.0, "moderate"), (39.9, "moderate"), (40.0, "strong")]
)
def test_strength_is_in_steps_of_the_scale(evidence, word):
    assert strength(evidence, 40.0) == word
