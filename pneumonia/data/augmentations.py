"""Augmentations by name: the strong one of this project, and the simple ones of earlier recipes.

The simple ones move points and change no grey value. What comes in from outside the image repeats its edge.
"""

from collections.abc import Callable
from functools import partial

import cv2
import numpy as np

from pneumonia.data.augmentation import augment, composed, random_affine
from pneumonia.geometry import crop_matrix
from pneumonia.preprocessing import Preprocessing, View
from pneumonia.variants import Augmentation


def _move(
    square: np.ndarray, view: View, preprocessing: Preprocessing, rng: np.random.Generator, **most: float
) -> tuple[np.ndarray, np.ndarray]:
    """Make a network's input, with one random affine change of at most so much; it is mirrored in half the cases."""
    size = preprocessing.size
    change = random_affine(size, rng, zoom_range=(0.8, 1.2), log_aspect=0.0, **most)
    matrix = composed(change, crop_matrix(view.box, size))
    image = cv2.warpAffine(square, matrix, square.shape, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return preprocessing.finish(image, view, matrix), matrix


def _leave(
    square: np.ndarray, view: View, preprocessing: Preprocessing, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Make a network's input as at inference."""
    return preprocessing.apply(square, view), crop_matrix(view.box, preprocessing.size)


_Augment = Callable[[np.ndarray, View, Preprocessing, np.random.Generator], tuple[np.ndarray, np.ndarray]]
# All take and give what `pneumonia.data.augmentation.augment` does.
AUGMENTATIONS: dict[Augmentation, _Augment] = {
    "strong": augment,
    "zoom-shear-flip": partial(_move, degrees=0.0, shear=0.2, shift=0.0),
    "rotate-zoom-shift-flip": partial(_move, degrees=15.0, shear=0.0, shift=0.1),
    "none": _leave,
}
