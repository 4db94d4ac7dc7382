"""A reading drawn over its radiograph, as commands, reports and archives show it."""

import numpy as np

from pneumonia.explain.localisation import positive_evidence
from pneumonia.explain.outlines import outline_lungs, outlines
from pneumonia.explain.overlay import contour_level, draw_overlay
from pneumonia.explain.region_test import marked_region
from pneumonia.inference.lung_checks import LEAST_EVIDENCE
from pneumonia.inference.prediction import Prediction

# Side of the grid that the strongest region is traced on.
_REGION_SIDE = 224
# Longer side of the grid that the colours are mixed on, at most.
_COLOUR_SIDE = 512


def draw_reading(pixels: np.ndarray, prediction: Prediction, scale: float) -> np.ndarray:
    """Lay the evidence over a radiograph, and the lungs' outline where they were found.

    Args:
        pixels: float32 (H, W) in [0, 1], the radiograph at any size.
        prediction: a reading of it with a heatmap.
        scale: logits at which the colours saturate.

    Returns:
        uint8 (H, W, 3), RGB.
    """
    step = -(-max(pixels.shape) // _COLOUR_SIDE)
    picture = draw_overlay(pixels, prediction.heatmap_on(pixels[::step, ::step]), scale)
    return picture if prediction.lungs is None else outline_lungs(picture, prediction.lungs.outline(*pixels.shape))


def has_evidence(prediction: Prediction) -> bool:
    """Tell whether the map of a reading shows more than next to nothing."""
    return prediction.heatmap is not None and positive_evidence(prediction.heatmap) >= LEAST_EVIDENCE


def has_outline(prediction: Prediction, scale: float) -> bool:
    """Tell whether a region stands out, to be outlined, named and tested: where the colours have faded in.

    Args:
        prediction: a reading.
        scale: logits at which the colours saturate.
    """
    heatmap = prediction.heatmap
    return heatmap is not None and has_evidence(prediction) and float(heatmap.max()) >= contour_level(scale)


def region_outlines(prediction: Prediction, scale: float) -> list[np.ndarray]:
    """Trace the region that a reading marks as the strongest.

    Args:
        prediction: a reading with a heatmap.
        scale: logits at which the colours saturate.

    Returns:
        Closed lines, float64 (N, 2): x and y in fractions of the radiograph's width and height; none where
        `has_outline` says no.
    """
    if prediction.heatmap is None or not has_outline(prediction, scale):
        return []
    box = prediction.field_of_view
    corner, size = np.array([box.left, box.top]), np.array([box.right - box.left, box.bottom - box.top])
    return [corner + size * line for line in outlines(marked_region(prediction.heatmap, _REGION_SIDE))]
