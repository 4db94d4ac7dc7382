"""Between a file's pixels, the whole radiograph, the part of it a network is shown, and the network's grid."""

from collections.abc import Callable
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

# EXIF orientation -> how to set the array (H, W) upright.
UPRIGHT: dict[int, Callable[[np.ndarray], np.ndarray]] = {
    2: np.fliplr,
    3: lambda array: array[::-1, ::-1],
    4: np.flipud,
    5: lambda array: array.swapaxes(0, 1),
    6: lambda array: np.rot90(array, -1),
    7: lambda array: np.rot90(array, 2).swapaxes(0, 1),
    8: np.rot90,
}


def crop_matrix(box: Box, size: int) -> np.ndarray:
    """The matrix that brings a part of a square image to the full size.

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
    left, top, right, bottom = _pixels(box, height, width)
    inner = cv2.resize(heatmap, (right - left, bottom - top), interpolation=cv2.INTER_LINEAR)
    if box == WHOLE:
        return inner
    whole = np.zeros((height, width), np.float32)
    whole[top:bottom, left:right] = inner
    return whole


def part_of(image: np.ndarray, box: Box) -> np.ndarray:
    """The pixels of an image (H, W) that a box covers, at least one: (h, w), the same values."""
    left, top, right, bottom = _pixels(box, *image.shape)
    return image[top:bottom, left:right]


def peak_of(heatmap: np.ndarray, box: Box = WHOLE) -> tuple[float, float]:
    """The highest point of a map.

    Args:
        heatmap: float32 (h, w).
        box: the part of the image that it covers.

    Returns:
        x and y of the middle of the highest cell, in fractions of the image's width and height.
    """
    height, width = heatmap.shape
    row, column = np.unravel_index(heatmap.argmax(), heatmap.shape)
    x = box.left + (box.right - box.left) * (float(column) + 0.5) / width
    return x, box.top + (box.bottom - box.top) * (float(row) + 0.5) / height


def _pixels(box: Box, height: int, width: int) -> tuple[int, int, int, int]:
    """First column and row of a box, and those behind its last, in an image of a size; never empty."""
    left, top = min(round(box.left * width), width - 1), min(round(box.top * height), height - 1)
    return left, top, max(round(box.right * width), left + 1), max(round(box.bottom * height), top + 1)
