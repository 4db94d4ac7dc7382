"""Shares of evidence, by hand."""

import numpy as np
import pytest

from pneumonia.explain.localisation import convex_hull, share_inside


def test_a_share_worked_out_by_hand():
    """Of 8 logits above zero, 3 lie in a cell half inside and 4 in one wholly inside; below zero nothing counts."""
    heatmap = np.array([[3.0, 4.0], [1.0, -9.0]], np.float32)
    inside = np.zeros((4, 4), bool)
    inside[:2, 1:] = True
    assert share_inside(heatmap, inside) == pytest.approx((3 * 0.5 + 4) / 8)


def test_a_map_that_is_the_same_everywhere_has_the_share_of_the_area():
    inside = np.random.default_rng(0).random((21, 21)) < 0.3
    assert share_inside(np.full((7, 7), 2.0, np.float32), inside) == pytest.approx(inside.mean())


@pytest.mark.parametrize("value", [0.0, -1.0, np.nan])
def test_without_positive_evidence_there_is_no_share(value):
    assert share_inside(np.full((2, 2), value, np.float32), np.ones((4, 4), bool)) is None


def test_the_hull_fills_what_lies_between():
    inside = np.zeros((5, 7), bool)
    inside[1:4, 1] = inside[1:4, 5] = True
    expected = np.zeros((5, 7), bool)
    expected[1:4, 1:6] = True
    np.testing.assert_array_equal(convex_hull(inside), expected)
    assert not convex_hull(np.zeros((5, 7), bool)).any()
