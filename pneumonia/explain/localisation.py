"""How much of the evidence lies inside the lungs.

Every share is to be read beside the area of the same region: a map that knows nothing, the same everywhere, has
that share of its evidence inside.
"""

import cv2
import numpy as np


def share_inside(heatmap: np.ndarray, inside: np.ndarray) -> float | None:
    """Share of the positive evidence that lies inside a region.

    Args:
        heatmap: float32 (h, w), in logits or any other unit; only what is above zero counts.
        inside: bool (H, W), True inside the region, over the same part of the image as the map.

    Returns:
        In [0, 1]; a cell that lies partly inside counts with that part. None where there is no positive evidence.
    """
    evidence = np.maximum(heatmap, 0.0)
    total = float(evidence.sum())
    if not total > 0:
        return None
    height, width = heatmap.shape
    parts = cv2.resize(inside.astype(np.float32), (width, height), interpolation=cv2.INTER_AREA)
    return float((evidence * parts).sum()) / total


def convex_hull(inside: np.ndarray) -> np.ndarray:
    """What lies between the lungs too, heart and spine: bool (H, W) to bool (H, W); empty for an empty region."""
    points = cv2.findNonZero(inside.astype(np.uint8))
    hull = np.zeros(inside.shape, np.uint8)
    if points is not None:
        cv2.fillConvexPoly(hull, cv2.convexHull(points), 1)
    return hull > 0
