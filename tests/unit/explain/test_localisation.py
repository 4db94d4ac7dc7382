"""Shares of evidence, by hand."""

import numpy as np
import pytest

from pneumonia.explain.localisation import share_inside


def columns(*inside):
    return np.array([inside, inside], bool)


def test_shares_worked_out_by_hand():
    """Between 4 and 0, four points have 4, 3, 1 and 0; between 4 and -4, they have 4, 2, -2 and -4."""
    falling = np.array([[4.0, 0.0]], np.float32)
    assert share_inside(falling, columns(1, 1, 0, 0)) == pytest.approx(7 / 8)
    assert share_inside(falling, columns(0, 0, 0, 1)) == 0
    assert share_inside(np.array([[4.0, -4.0]], np.float32), columns(1, 0, 0, 1)) == pytest.approx(4 / 6)


def test_a_map_that_is_the_same_everywhere_has_the_share_of_the_area():
    inside = np.random.default_rng(0).random((21, 21)) < 0.3
    assert share_inside(np.full((7, 7), 2.0, np.float32), inside) == pytest.approx(inside.mean())


@pytest.mark.parametrize("value", [0.0, -1.0, np.nan])
def test_without_positive_evidence_there_is_no_share(value):
    assert share_inside(np.full((2, 2), value, np.float32), np.ones((4, 4), bool)) is None
