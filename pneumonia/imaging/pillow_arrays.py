"""What a Pillow image holds, as an array."""

import numpy as np
from numpy.typing import DTypeLike
from PIL import Image

_ROWS = 256  # copied at once: asked for the whole, Pillow holds it three times over


def to_array(image: Image.Image, dtype: DTypeLike = None) -> np.ndarray:
    """Copy the samples of an image.

    Args:
        image: of any mode whose samples are numbers.
        dtype: of the array; that of the samples unless given.

    Returns:
        (H, W) or (H, W, S).
    """
    width, height = image.size
    array = None
    for top in range(0, height, _ROWS):
        rows = np.asarray(image.crop((0, top, width, min(top + _ROWS, height))), dtype)
        if array is None:
            array = np.empty((height, *rows.shape[1:]), rows.dtype)
        array[top : top + _ROWS] = rows
    return array
