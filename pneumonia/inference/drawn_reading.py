"""A reading drawn over its radiograph, as commands, reports and archives show it."""

import numpy as np

from pneumonia.explain.outlines import outline_lungs
from pneumonia.explain.overlay import draw_overlay
from pneumonia.inference.prediction import Prediction


def draw_reading(pixels: np.ndarray, prediction: Prediction, scale: float) -> np.ndarray:
    """Lay the evidence over a radiograph, and the lungs' outline where they were found.

    Args:
        pixels: float32 (H, W) in [0, 1], the radiograph at any size.
        prediction: a reading of it with a heatmap.
        scale: logits at which the colours saturate.

    Returns:
        uint8 (H, W, 3), RGB.
    """
    picture = draw_overlay(pixels, prediction.heatmap_on(pixels), scale)
    return picture if prediction.lungs is None else outline_lungs(picture, prediction.lungs.outline(*pixels.shape))
