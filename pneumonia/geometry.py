"""Between the whole radiograph, the part of it a network is shown, and the network's grid."""

from typing import NamedTuple

import cv2
import numpy as np


class Box(NamedTuple):
    """A rectangle in fractions of an image's width and height, each in [0, 1]."""

    left: float
    top: float
    right: float
    bottom: float


WHOLE = Box(0.0, 0.0, 1.0, 1.0)


def crop_matrix(box: Box, size: int) -> np.ndarray:
    """What brings a part of a square image to the full size.

    Args:
        box: the part.
        size: side of the square in pixels, before and after.

    Returns:
        (2, 3), for `cv2.warpAffine`; from pixel centres to pixel centres.
    """
    scale = 1 / np.array([box.right - box.left, box.bottom - box.top])
    # A pixel's centre lies half a pixel from its edge, before as after.
    shift = (0.5 - np.array([box.left, box.top]) * size) * scale - 0.5
    return np.column_stack([np.diag(scale), shift])


def heatmap_on(heatmap: np.ndarray, height: int, width: int, box: Box = WHOLE) -> np.ndarray:
    """Interpolate a map to the size of an image, on the part of it that the network was shown.

    Args:
        heatmap: float32 (h, w), in logits.
        height: H in pixels.
        width: W in pixels.
        box: the part that the map covers.

    Returns:
        float32 (H, W) in logits, bilinear between the centres of the grid's cells; 0 outside the box.
    """
    left, right = (round(x * width) for x in (box.left, box.right))
    top, bottom = (round(y * height) for y in (box.top, box.bottom))
    size = max(right - left, 1), max(bottom - top, 1)
    inner = cv2.resize(heatmap, size, interpolation=cv2.INTER_LINEAR)
    if box == WHOLE:
        return inner
    whole = np.zeros((height, width), np.float32)
    part = whole[top : top + size[1], left : left + size[0]]
    part[:] = inner[: part.shape[0], : part.shape[1]]
    return whole
