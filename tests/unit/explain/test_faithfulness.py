"""Deletion and insertion, against numbers by hand and a network whose logit is known."""

import numpy as np
import pytest

from pneumonia.explain import faithfulness
from pneumonia.explain.faithfulness import STEPS, Erasure, area, blurred, control_maps, pixel_ranks

SIZE = 20


def left_half(image):
    """A network that counts how many pixels of the left half are still bright."""
    return float((image[:, : SIZE // 2] > 0.9).sum())


@pytest.fixture
def erasure(monkeypatch):
    monkeypatch.setattr(faithfulness, "blurred", np.zeros_like)
    return Erasure(left_half, np.ones((SIZE, SIZE), np.float32))


def sides(left, right):
    return np.repeat([[left, right]], 2, axis=0).astype(np.float32)


def test_a_map_of_the_right_place_deletes_first_and_inserts_first(erasure):
    """The first half of the pixels are those that count: the curves fall and rise in STEPS / 2 equal steps."""
    deletion, insertion = erasure.curves(sides(1.0, 0.0))
    falling = SIZE**2 / 2 * np.clip(1 - 2 * np.arange(STEPS + 1) / STEPS, 0, None)
    np.testing.assert_allclose(deletion, falling)
    np.testing.assert_allclose(insertion, SIZE**2 / 2 - falling)
    assert area(deletion) == pytest.approx(SIZE**2 / 2 / 4) and area(insertion) == pytest.approx(SIZE**2 / 2 * 3 / 4)


def test_a_map_of_the_wrong_place_has_it_the_other_way_round(erasure):
    deletion, insertion = erasure.curves(sides(0.0, 1.0))
    assert area(deletion) == pytest.approx(SIZE**2 / 2 * 3 / 4) and area(insertion) == pytest.approx(SIZE**2 / 2 / 4)


def test_only_the_region_is_blurred(erasure):
    region = np.zeros((SIZE, SIZE), bool)
    region[:3, :4] = True
    assert erasure.logit_without(region) == SIZE**2 / 2 - 12 and erasure.logit_without(~region) == 12
    assert (erasure.logit, erasure.blurred_logit) == (SIZE**2 / 2, 0)


def test_the_area_of_a_straight_line_is_its_middle():
    assert area(np.array([3.0, 2.0, 1.0])) == 2.0
    assert area(np.array([4.0, 0.0, 0.0])) == 1.0


def test_ranks_follow_the_map_and_equal_pixels_come_in_no_order():
    heatmap = np.array([[1.0, 3.0], [0.0, 2.0]], np.float32)
    np.testing.assert_array_equal(pixel_ranks(heatmap, 2), [[2, 0], [3, 1]])
    ranks = pixel_ranks(np.zeros((3, 3), np.float32), 30)
    assert sorted(ranks.ravel()) == list(range(900))
    first = ranks < 450
    assert 0.35 < first[:15].mean() < 0.65 and 0.35 < first[:, :15].mean() < 0.65


def test_the_baseline_shows_nothing_but_how_bright_each_side_is():
    stripes = np.tile([0.0, 1.0], (224, 112)).astype(np.float32)
    assert np.ptp(blurred(stripes)) < 0.01
    sides = np.repeat([[0.2, 0.8]], 224, axis=0).repeat(112, axis=1).astype(np.float32)
    assert np.ptp(blurred(sides)) > 0.3


def test_controls_lie_where_they_say():
    image = np.zeros((70, 70), np.float32)
    image[:, 35:] = 1.0
    maps = control_maps(image, (7, 7), seed=3)
    assert list(maps) == ["random", "centre", "edges"] and {heatmap.shape for heatmap in maps.values()} == {(7, 7)}
    assert np.unravel_index(maps["centre"].argmax(), (7, 7)) == (3, 3)
    assert maps["centre"][3, 0] == pytest.approx(np.exp(-2))
    assert (maps["edges"][:, 3] > 0).all() and maps["edges"][:, [0, 1, 5, 6]].max() == 0
    np.testing.assert_array_equal(maps["random"], control_maps(image, (7, 7), seed=3)["random"])
    assert (maps["random"] != control_maps(image, (7, 7), seed=4)["random"]).all()
