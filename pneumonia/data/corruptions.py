"""Fixed corruptions of validation images: what another hospital's equipment or export might do.

They are no part of the augmentation, differ from it in form, and draw nothing at random but the noise,
whose seed is fixed. Low contrast is a control: `Preprocessing.finish` undoes it exactly, so a variant
whose figures differ there has lost its normalisation. All take and give float32 (S, S) in [0, 1], before
`finish`.
"""

from collections.abc import Callable

import cv2
import numpy as np

from pneumonia.data.augmentation import compress_jpeg


def _add_noise(image: np.ndarray) -> np.ndarray:
    grain = np.random.default_rng(0).standard_normal(image.shape, dtype=np.float32)
    return np.clip(image + np.float32(0.05) * grain, 0.0, 1.0)


def _crop(image: np.ndarray) -> np.ndarray:
    size = image.shape[0]
    margin = round(0.12 * size)
    return cv2.resize(image[margin:-margin, margin:-margin], (size, size), interpolation=cv2.INTER_LINEAR)


def _add_border(image: np.ndarray) -> np.ndarray:
    size = image.shape[0]
    margin = round(0.1 * size)
    inner = cv2.resize(image, (size - 2 * margin, size - 2 * margin), interpolation=cv2.INTER_AREA)
    return np.pad(inner, margin)


CORRUPTIONS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "low-contrast": lambda image: 0.35 + 0.4 * (image - 0.35),
    "dark": lambda image: np.power(image, np.float32(1.8)),
    "bright": lambda image: np.power(image, np.float32(0.55)),
    "blurred": lambda image: cv2.GaussianBlur(image, (0, 0), 1.5),
    "noisy": _add_noise,
    "compressed": lambda image: compress_jpeg(image, 25),
    "cropped": _crop,
    "bordered": _add_border,
}
