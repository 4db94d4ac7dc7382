"""Between the whole radiograph and the part a network is shown."""

import cv2
import numpy as np

from pneumonia.core.geometry import WHOLE, Box, crop_matrix, heatmap_on

BOX = Box(0.25, 0.5, 0.75, 1.0)


def test_a_crop_brings_the_corners_of_the_box_to_those_of_the_square():
    """From pixel edges to pixel edges: an edge at fraction f lies at f * size - 0.5."""
    matrix = crop_matrix(BOX, 8)
    for (x, y), expected in (((0.25, 0.5), (0, 0)), ((0.75, 1.0), (1, 1)), ((0.5, 0.75), (0.5, 0.5))):
        moved = matrix @ (x * 8 - 0.5, y * 8 - 0.5, 1)
        np.testing.assert_allclose(moved, np.array(expected) * 8 - 0.5, atol=1e-9)
    np.testing.assert_allclose(crop_matrix(WHOLE, 8), [[1, 0, 0], [0, 1, 0]], atol=1e-12)


def test_a_crop_agrees_with_resizing_the_part():
    image = cv2.GaussianBlur(np.random.default_rng(0).random((64, 64), dtype=np.float32), (0, 0), 3)
    warped = cv2.warpAffine(image, crop_matrix(BOX, 64), (64, 64), borderMode=cv2.BORDER_REPLICATE)
    resized = cv2.resize(image[32:, 16:48], (64, 64), interpolation=cv2.INTER_LINEAR)
    assert np.abs(warped - resized)[1:-1, 1:-1].max() < 1e-3


def test_a_map_lies_on_the_part_that_was_shown_and_nowhere_else():
    heatmap = np.full((7, 7), 3.0, np.float32)
    whole = heatmap_on(heatmap, 40, 80, BOX)
    assert whole.shape == (40, 80)
    np.testing.assert_allclose(whole[20:, 20:60], 3.0)
    whole[20:, 20:60] = 0
    assert not whole.any()


def test_a_map_on_a_tiny_image_keeps_its_size():
    assert heatmap_on(np.ones((7, 7), np.float32), 3, 2, Box(0.4, 0.4, 0.6, 0.6)).shape == (3, 2)


def test_the_map_lands_where_the_evidence_was():
    """A single bright cell, drawn back, covers the place of the radiograph it stands for."""
    heatmap = np.zeros((4, 4), np.float32)
    heatmap[0, 3] = 1.0
    drawn = heatmap_on(heatmap, 80, 80, Box(0.5, 0.0, 1.0, 0.5))
    assert np.unravel_index(drawn.argmax(), drawn.shape)[0] < 10
    assert np.unravel_index(drawn.argmax(), drawn.shape)[1] >= 70
