"""Does a map stay where the image stays the same, and go where the network is destroyed?"""

import cv2
import numpy as np
from scipy.stats import spearmanr

from pneumonia.core.geometry import heatmap_on
from pneumonia.explain.faithfulness import Run

# Shifts to the right and down, as shares of the side: a quarter of a cell of the coarsest map, and half of one.
SHIFTS = ((8 / 224, 0.0), (0.0, 8 / 224), (-16 / 224, 0.0), (0.0, -16 / 224))
# Standard deviation of the noise, in grey values from 0 to 1.
NOISE = 0.02
# Interpolated maps are compared at every eighth of 224 pixels: between these points there is nothing new.
_POINTS = 28


def similarity(one: np.ndarray, other: np.ndarray) -> float | None:
    """Spearman's rank correlation of two maps, as in Adebayo et al., "Sanity Checks for Saliency Maps", NeurIPS 2018.

    Args:
        one: (h, w).
        other: (h, w).

    Returns:
        In [-1, 1]; 1 where both put the cells in the same order. None where one of them is the same everywhere.
    """
    if np.ptp(one) == 0 or np.ptp(other) == 0:
        return None
    return float(spearmanr(one, other, axis=None).statistic)


def under_shifts(run: Run, image: np.ndarray) -> list[tuple[float, float | None]]:
    """Move an image a little, read it again, and move the map back.

    Args:
        run: the network.
        image: float32 (S, S) in [0, 1], preprocessed.

    Returns:
        For each of `SHIFTS`, how far the logit moved, and the similarity of the map moved back to the one before, on
        the part of the image that never left.
    """
    size = len(image)
    logit, heatmap = run(image)
    before, results = heatmap_on(heatmap, size, size), []
    for shift in SHIFTS:
        right, down = (round(part * size) for part in shift)
        moved_logit, moved = run(_moved(image, right, down))
        after = _moved(heatmap_on(moved, size, size), -right, -down)
        edge = max(abs(right), abs(down))
        kept = slice(edge, size - edge, max(size // _POINTS, 1))
        results.append((moved_logit - logit, similarity(before[kept, kept], after[kept, kept])))
    return results


def under_noise(run: Run, image: np.ndarray, seed: int) -> tuple[float, float | None]:
    """Add grain to an image and read it again: how far the logit moved, and the similarity of the two maps."""
    grain = np.random.default_rng(seed).normal(0.0, NOISE, image.shape).astype(np.float32)
    logit, heatmap = run(image)
    noisy_logit, noisy = run(np.clip(image + grain, 0.0, 1.0))
    return noisy_logit - logit, similarity(heatmap, noisy)


def _moved(image: np.ndarray, right: int, down: int) -> np.ndarray:
    """The image moved by whole pixels; its edge is repeated where nothing comes in."""
    matrix = np.array([[1.0, 0.0, right], [0.0, 1.0, down]])
    return cv2.warpAffine(image, matrix, image.shape[::-1], flags=cv2.INTER_NEAREST, borderMode=cv2.BORDER_REPLICATE)
