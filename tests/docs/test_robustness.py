"""Rank correlation by hand, and networks whose map follows the image or does not."""

import cv2
import numpy as np
import pytest

from scripts.studies.heatmaps.robustness import similarity, under_noise, under_shifts
from scripts.studies.reliability.synthetic_images import radiograph


def follows(image):
    """A network whose map is the image on a fine grid."""
    return float(image.mean()), cv2.resize(image, (112, 112), interpolation=cv2.INTER_AREA)


def stays(image):
    """A network whose map is one picture, whatever it is shown."""
    return 1.0, np.random.default_rng(0).random((28, 28), dtype=np.float32)


@pytest.fixture
def image():
    return radiograph(224, 224).astype(np.float32) / 255


def test_rank_correlation_by_hand():
    """Ranks 1 2 3 4 and 2 1 4 3 differ by one each: 1 - 6 * 4 / (4 * 15)."""
    one, other = np.array([[1.0, 5.0], [6.0, 90.0]]), np.array([[-3.0, -8.0], [0.5, 0.0]])
    assert similarity(one, other) == pytest.approx(0.6)
    assert similarity(one, -one) == pytest.approx(-1)
    assert similarity(one, np.zeros((2, 2))) is None


def test_a_map_that_moves_with_the_image_is_stable_and_one_that_does_not_is_not(image):
    for moved, similar in under_shifts(follows, image):
        assert similar > 0.97 and abs(moved) < 0.05
    assert min(similar for _, similar in under_shifts(stays, image)) < 0.5


def test_noise_moves_a_network_that_looks_at_pixels(image):
    moved, similar = under_noise(follows, image, seed=1)
    assert 0 < abs(moved) < 0.01 and 0.8 < similar < 1
    assert under_noise(stays, image, seed=1) == (0.0, pytest.approx(1.0))
