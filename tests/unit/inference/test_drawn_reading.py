"""A reading drawn over its radiograph."""

from dataclasses import replace

import numpy as np
import pytest

from pneumonia.core.geometry import WHOLE, Box
from pneumonia.explain.overlay import HEATMAP_SCALE, draw_overlay
from pneumonia.inference.drawn_reading import draw_reading
from tests.fixtures.tiny import tiny_radiograph


@pytest.mark.parametrize("box", [WHOLE, Box(0.2, 0.1, 0.8, 0.9)], ids=["all", "a part"])
def test_a_large_radiograph_is_drawn_as_its_enlarged_map_says(tiny_predictor, box):
    rng = np.random.default_rng(0)
    heatmap = rng.normal(0, HEATMAP_SCALE / 2, (7, 7)).astype(np.float32)
    read = tiny_predictor.predict(tiny_radiograph(rng, diseased=True))
    reading = replace(read, heatmap=heatmap, field_of_view=box, lungs=None)
    pixels = rng.random((1500, 1201), dtype=np.float32)
    expected = draw_overlay(pixels, reading.heatmap_on(pixels), HEATMAP_SCALE).astype(int)
    difference = np.abs(draw_reading(pixels, reading, HEATMAP_SCALE) - expected)
    # The edge of a part is as soft as one step of the grid, which is a small share of the picture.
    assert np.ptp(expected, axis=-1).mean() > 5 and difference.mean() < 1 and np.percentile(difference, 98) <= 8
