"""Radiographs made into pictures that show no upright frontal chest.

To fit and to judge what refuses such pictures, as in Hendrycks, Mazeika and Dietterich, "Deep anomaly detection with
outlier exposure", ICLR 2019. All take a radiograph, float32 (H, W) in [0, 1], and give float32 (h, w) in [0, 1].
"""

from collections.abc import Callable

import cv2
import numpy as np

Outlier = Callable[[np.ndarray, np.random.Generator], np.ndarray]

TURNED: dict[str, Outlier] = {
    "turned by 90 degrees": lambda image, _: np.rot90(image),
    "turned by 180 degrees": lambda image, _: np.rot90(image, 2),
    "turned by 270 degrees": lambda image, _: np.rot90(image, 3),
    "upside down, mirrored": lambda image, _: image[::-1],
}


def _shoulder(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """An upper corner."""
    height, width = image.shape
    side = round(rng.uniform(0.3, 0.42) * min(height, width))
    return image[:side, :side] if rng.uniform() < 0.5 else image[:side, width - side :]


def _abdomen(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The lowest part, where the lungs end or have ended."""
    height, width = image.shape
    wide = round(rng.uniform(0.6, 1.0) * width)
    left = int(rng.integers(0, width - wide + 1))
    return image[height - round(rng.uniform(0.2, 0.32) * height) :, left : left + wide]


def _one_lung(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The left or the right half."""
    half = image.shape[1] // 2
    return image[:, :half] if rng.uniform() < 0.5 else image[:, half:]


def _tiles(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Cut into tiles that are laid out in another order."""
    count = int(rng.integers(2, 5))
    side = min(image.shape) // count
    whole = cv2.resize(image, (count * side, count * side), interpolation=cv2.INTER_AREA)
    order = rng.permutation(count**2)
    while (order == np.arange(count**2)).all():
        order = rng.permutation(count**2)
    return rearrange_tiles(whole, count, order)


def rearrange_tiles(square: np.ndarray, count: int, order: np.ndarray) -> np.ndarray:
    """Cut an image into tiles and lay them out in another order.

    Args:
        square: (S, S).
        count: of tiles in a row and in a column; divides S.
        order: (count ** 2,), which tile comes to each place, both counted row by row.

    Returns:
        (S, S).
    """
    side = len(square) // count
    cut = square.reshape(count, side, count, side).swapaxes(1, 2).reshape(-1, side, side)
    return cut[order].reshape(count, count, side, side).swapaxes(1, 2).reshape(square.shape)


PARTS: dict[str, Outlier] = {
    "shoulders": _shoulder,
    "abdomens": _abdomen,
    "one lung": _one_lung,
    "shuffled tiles": _tiles,
}
OUTLIERS = TURNED | PARTS
