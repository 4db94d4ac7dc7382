"""The share of the evidence that lies inside the lungs.

The share is that of the energy-based pointing game of Wang et al., "Score-CAM: Score-Weighted Visual Explanations for
Convolutional Neural Networks", CVPR workshops 2020, with the lungs in place of a bounding box. It is to be read beside
the area of the lungs: a map that knows nothing, the same everywhere, has that share of its evidence inside.
"""

import numpy as np

from pneumonia.core.geometry import heatmap_on


def share_inside(heatmap: np.ndarray, inside: np.ndarray) -> float | None:
    """Share of the positive evidence that lies inside a region.

    As in the paper the map is brought to the region's grid, by the interpolation that overlays are drawn with: what is
    seen beyond the outline counts as outside. Interpolation keeps the weight of every cell, at the border of the image
    too, but lets its evidence reach into the neighbouring cells. To count each cell with the part of its area that
    lies inside would be kinder to a coarse map, and could say that all evidence lies inside where some is seen to
    lie outside.

    Args:
        heatmap: float32 (h, w), in logits or any other unit; only what is above zero counts.
        inside: bool (H, W), True inside the region, over the same part of the image as the map.

    Returns:
        In [0, 1]; None where there is no positive evidence.
    """
    evidence = np.maximum(heatmap_on(heatmap, *inside.shape), 0.0)
    total = float(evidence.sum())
    return float(evidence[inside].sum()) / total if total > 0 else None


def positive_evidence(heatmap: np.ndarray) -> float:
    """Logits by which the cells that speak for pneumonia raise the score, for a linear head: float32 (h, w) to >= 0."""
    return float(np.maximum(heatmap, 0.0).mean())
