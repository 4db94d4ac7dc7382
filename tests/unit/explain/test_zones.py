"""Zones of the lungs, by numbers worked out by hand."""

import numpy as np
import pytest

from pneumonia.core.geometry import Box
from pneumonia.explain.zones import Place, Zone, main_place, zone_shares

ZONES = [Zone(side, level) for side in ("right", "left") for level in ("upper", "middle", "lower")]


def lungs(side: int = 60) -> np.ndarray:
    """Two upright rectangles, 30 rows high, each third 10."""
    inside = np.zeros((side, side), bool)
    inside[15:45, 10:25] = inside[15:45, 35:50] = True
    return inside


def evidence(row: int, column: int) -> np.ndarray:
    """A map as fine as the mask, all of whose evidence lies at one point."""
    heatmap = np.full((60, 60), -1.0, np.float32)
    heatmap[row, column] = 5.0
    return heatmap


@pytest.mark.parametrize(
    ("row", "column", "zone"),
    [
        (15, 12, Zone("right", "upper")),
        (25, 12, Zone("right", "middle")),
        (44, 12, Zone("right", "lower")),
        (24, 40, Zone("left", "upper")),
        (34, 40, Zone("left", "middle")),
        (35, 40, Zone("left", "lower")),
    ],
)
def test_a_point_lies_in_the_zone_of_the_patients_side(row, column, zone):
    shares = zone_shares(evidence(row, column), lungs())
    assert shares == {each: float(each == zone) for each in ZONES}
    assert main_place(shares) == Place((zone,), 1.0)


def test_what_lies_outside_the_lungs_counts_in_the_whole():
    shares = zone_shares(evidence(25, 12) + evidence(2, 2) + 1, lungs())
    assert shares[Zone("right", "middle")] == pytest.approx(0.5)
    assert sum(shares.values()) == pytest.approx(0.5)
    # The same everywhere: each zone has its area, 150 of 3,600 points.
    assert zone_shares(np.ones((7, 7), np.float32), lungs())[ZONES[0]] == pytest.approx(150 / 3600)


def test_a_map_of_a_part_of_the_image_lies_on_that_part():
    """On the lower right quarter of the image there is only the lower half of the left lung."""
    shares = zone_shares(np.ones((3, 3), np.float32), lungs(), Box(0.5, 0.5, 1.0, 1.0))
    assert shares[Zone("left", "middle")] == pytest.approx(75 / 900)
    assert shares[Zone("left", "lower")] == pytest.approx(150 / 900)
    assert sum(shares.values()) == pytest.approx(225 / 900)


def test_nothing_is_said_without_evidence_or_without_two_lungs():
    assert zone_shares(np.zeros((7, 7), np.float32), lungs()) is None
    one = lungs()
    one[:, 30:] = False
    assert zone_shares(evidence(25, 12), one) is None


@pytest.mark.parametrize(
    ("shares", "name"),
    [
        ((0.1, 0.1, 0.6, 0, 0, 0.1), "right lower zone"),
        ((0, 0.3, 0.3, 0, 0, 0.2), "right middle and lower zones"),
        ((0.1, 0.3, 0, 0, 0.3, 0.1), "both middle zones"),
        ((0, 0, 0.05, 0.2, 0.2, 0.2), "left lung"),
        ((0.15, 0.15, 0.15, 0.15, 0.15, 0.15), "both lungs"),
    ],
)
def test_the_smallest_place_with_half_of_the_evidence_is_named(shares, name):
    assert main_place(dict(zip(ZONES, shares, strict=True))).name == name


def test_no_place_is_named_where_most_lies_outside():
    assert main_place(dict.fromkeys(ZONES, 0.08)) is None
