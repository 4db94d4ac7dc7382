"""How much of the evidence lies inside the lungs.

The share is that of the energy-based pointing game of Wang et al., "Score-CAM: Score-Weighted Visual Explanations for
Convolutional Neural Networks", CVPR workshops 2020, with the lungs in place of a bounding box. It is to be read beside
the area of the lungs: a map that knows nothing, the same everywhere, has that share of its evidence inside.
"""

import cv2
import numpy as np


def share_inside(heatmap: np.ndarray, inside: np.ndarray) -> float | None:
    """Share of the positive evidence that lies inside a region.

    The region is brought to the map's grid and not the map to the region's: a cell that lies partly inside counts with
    that part of its area. So every cell keeps the weight that it has in the logit, while interpolation would give
    cells at the border of the image another.

    Args:
        heatmap: float32 (h, w), in logits or any other unit; only what is above zero counts.
        inside: bool (H, W), True inside the region, over the same part of the image as the map.

    Returns:
        In [0, 1]; None where there is no positive evidence.
    """
    evidence = np.maximum(heatmap, 0.0)
    total = float(evidence.sum())
    if not total > 0:
        return None
    height, width = heatmap.shape
    parts = cv2.resize(inside.astype(np.float32), (width, height), interpolation=cv2.INTER_AREA)
    return float((evidence * parts).sum()) / total


def positive_evidence(heatmap: np.ndarray) -> float:
    """Logits by which the cells that speak for pneumonia raise the score, for a linear head: float32 (h, w) to >= 0."""
    return float(np.maximum(heatmap, 0.0).mean())
