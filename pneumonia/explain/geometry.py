"""From the network's grid to the geometry of an image."""

import cv2
import numpy as np


def heatmap_on(heatmap: np.ndarray, height: int, width: int) -> np.ndarray:
    """Interpolate a map to the size of an image.

    Args:
        heatmap: float32 (h, w), in logits.
        height: H in pixels.
        width: W in pixels.

    Returns:
        float32 (H, W) in logits, bilinear between the centres of the grid's cells.
    """
    return cv2.resize(heatmap, (width, height), interpolation=cv2.INTER_LINEAR)
