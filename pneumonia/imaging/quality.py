"""Checks of a picture before it is read: its size, and its grey values.

Judgements made on the pixels; `test_polarity_rates_on_real_radiographs` holds their rates to these figures:

- Colour: refused where more than 15 % of the pixels have channels that differ by more than 0.15. Coloured marks stay
  below. A film on a coloured base is read: its channels are one picture times three numbers, which differ by less than
  0.3, and without these differ by less than 0.075.
- Polarity: in a radiograph the mediastinum, in the middle, is brighter than the lungs beside it. Warned where
  it is darker by more than 0.05. False alarms: 0 % of 400 training radiographs, under 1 % of the adults kept for
  selection. Negatives caught: over 98 % of those children, over 94 % of those adults.
- Exposure: false alarms on at most 1 % of either.

The limits were chosen with all these images and the other adults in view: the rates describe, they do not promise.
What was added to a radiograph, `pneumonia/imaging/artifacts.py` looks for.
"""

import cv2
import numpy as np

from pneumonia.core.check import Check
from pneumonia.errors import ImageSizeError, UnsupportedImageError
from pneumonia.imaging.artifacts import find_artifacts, mean_cells, reduce
from pneumonia.imaging.file_type import EXPORT

MAX_PIXELS = 25_000_000
MIN_SIDE = 128
MAX_ASPECT = 4  # of the longer side to the shorter; no radiograph that was trained on comes to three quarters of it
BIT_DEPTHS = (8, 10, 12, 14, 16)  # in use

CHROMA = 0.15  # difference between a pixel's channels from which it counts as coloured
MAX_COLOURED = 0.15  # share of coloured pixels from which an image is no radiograph
MAX_TINT = 0.3  # difference between the shares of white that a film's base lets through; blue ones have about 0.2
MARK_COLOURED = 0.001  # share of coloured pixels worth a warning
MIN_SPREAD = 0.02  # between the 1st and 99th percentile; less is a blank image
_ROWS = 256  # whose colours are worked on at once, for less memory
MIN_LEVELS = 16  # fewer grey levels are a drawing or a mask
LOW_CONTRAST = 0.4  # spread below which the exposure is worth a warning
# Where the lungs of most radiographs lie, in rows and columns of 64.
USUAL_LUNGS = (slice(20, 40), slice(13, 21)), (slice(20, 40), slice(43, 51))
NEGATIVE = -0.05  # mediastinum less lungs, below which the image looks inverted


def check_size(width: int, height: int) -> None:
    """Judge a size in pixels before anything of that size is allocated.

    Raises:
        ImageSizeError: over `MAX_PIXELS`, or a side under `MIN_SIDE`.
    """
    if width * height > MAX_PIXELS:
        raise ImageSizeError(
            f"This image has {width} x {height} pixels; at most {MAX_PIXELS // 10**6} megapixels are read. "
            "Export it at a lower resolution."
        )
    if min(width, height) < MIN_SIDE:
        raise ImageSizeError(
            f"This image has {width} x {height} pixels; each side needs at least {MIN_SIDE}. "
            "Export it at full resolution."
        )


def bit_depth(values: np.ndarray) -> int:
    """Return 8 for uint8; for uint16 the smallest depth in use that holds the maximum."""
    most = 0 if values.dtype == np.uint8 else values.max()
    return next(bits for bits in BIT_DEPTHS if most < 2**bits)


def to_grey(values: np.ndarray, white: int) -> tuple[np.ndarray, list[Check]]:
    """Bring the values of a picture to grey.

    Args:
        values: uint8 or uint16 (H, W), or (H, W, 3) in RGB.
        white: the greatest value of their bit depth.

    Returns:
        (H, W) of the same type, and warnings.

    Raises:
        UnsupportedImageError: a picture in colour.
    """
    if values.ndim == 2:
        return values, []
    sample = _thin_out(values).astype(np.float32) / white
    coloured, tint = _share_coloured(sample, CHROMA), _tint(sample)
    is_film = np.ptp(tint) < MAX_TINT and _share_coloured(sample / tint, CHROMA / 2) < MAX_COLOURED
    if coloured > MAX_COLOURED and not is_film:
        raise UnsupportedImageError(f"This is a picture in colour, not a radiograph. {EXPORT}")
    checks = []
    if coloured > MARK_COLOURED or np.ptp(tint) > CHROMA:
        message = "The image holds coloured marks or a tint, which were read as grey. Export it in grey, without marks."
        checks.append(Check("colour", "warn", message))
    grey = np.empty(values.shape[:2], values.dtype)
    for top in range(0, len(values), _ROWS):
        rows = np.ascontiguousarray(values[top : top + _ROWS])
        grey[top : top + _ROWS] = cv2.cvtColor(rows, cv2.COLOR_RGB2GRAY)
    return grey, checks


def _share_coloured(pixels: np.ndarray, chroma: float) -> float:
    return (np.ptp(pixels, axis=2) > chroma).mean()


def _tint(pixels: np.ndarray) -> np.ndarray:
    """The one hue that a film's base, or paper, gives all grey values of (H, W, 3): shares of grey (3,), about 1."""
    flat = pixels.reshape(-1, 3)
    grey = flat.mean(axis=1)
    return np.maximum(grey @ flat / max(grey @ grey, 1e-6), 1e-3)


def _thin_out(array: np.ndarray) -> np.ndarray:
    """Keep at most 256 x 256 pixels as they are, evenly spread."""
    return array[:: 1 + array.shape[0] // 256, :: 1 + array.shape[1] // 256]


# Names of the warnings that `judge` gives.
JUDGED = ("exposure", "polarity", "border", "montage", "text")


def judge(grey: np.ndarray, white: int, padding: np.ndarray | None) -> list[Check]:
    """Judge the exposure, the polarity and what was added to a radiograph.

    Args:
        grey: (H, W) in [0, white].
        white: what is shown white.
        padding: bool (H, W), True where there is no picture; None where there is picture everywhere.

    Returns:
        Warnings.

    Raises:
        UnsupportedImageError: a blank image, one of too few grey levels, or one longer than `MAX_ASPECT` allows.
    """
    height, width = grey.shape
    if max(height, width) > MAX_ASPECT * min(height, width):
        raise UnsupportedImageError(
            f"This image has {width} x {height} pixels: no chest radiograph is so long. Export the whole radiograph in "
            "its own proportions."
        )
    # Sorted once, for all that is asked of the grey levels.
    few = _thin_out(grey)
    if padding is not None and not _thin_out(padding).all():
        few = few[~_thin_out(padding)]
    # The stable sort takes a tenth of the time for integers, and thrice as long for others.
    ordered = np.sort(few, axis=None, kind="stable" if np.issubdtype(few.dtype, np.integer) else None)
    low, high = (float(ordered[round(share * (ordered.size - 1))]) for share in (0.01, 0.99))
    spread = (high - low) / white
    if spread < MIN_SPREAD:
        raise UnsupportedImageError("This image is blank: all black, all white or one grey. " + EXPORT)
    if 1 + np.count_nonzero(np.diff(ordered)) < MIN_LEVELS:
        raise UnsupportedImageError("This image has too few grey levels for a radiograph. " + EXPORT)
    warnings = {}
    if spread < LOW_CONTRAST:
        warnings["exposure"] = "The image has little contrast. Export it again with a window that shows both lungs."
    reduced = reduce(grey)
    cells = mean_cells(reduced) / np.float32(white)
    small = cv2.resize(cells, (64, 64), interpolation=cv2.INTER_AREA)
    lungs = np.mean([small[lung].mean() for lung in USUAL_LUNGS])
    if small[24:44, 28:36].mean() - lungs < NEGATIVE:
        warnings["polarity"] = (
            "The image looks like a negative (white lungs). If it is one, invert it and choose it again."
        )
    warnings |= find_artifacts(reduced, white, cells)
    return [Check(name, "warn", message) for name, message in warnings.items()]
