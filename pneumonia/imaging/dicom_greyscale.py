"""The grey-scale pipeline of DICOM (PS3.3 C.11): from stored values to grey values in [0, 1].

Modality LUT or rescale, VOI LUT or window, MONOCHROME1. It is worked out once for every value that can be stored, at
most 65,536, instead of for every pixel. It is written here because pydicom 3.0's `apply_windowing` swaps black and
white under a negative rescale slope and its `apply_voi_lut` wraps the index of 8-bit tables with more than 256 entries.

Padding (PS3.3 C.7.5.1.1.2) is no part of the picture: it is in no range, and black in the result. But a file may call
padding what is a value of the picture. No single value covers more than 1.1 % of the inner half, by height and width,
of 150 native radiographs of children, 80 of adults and 522 training images, and real padding lies outside it: from
`MOST_PADDED` of it on, what would not be black anyway is taken for a part of the picture.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from pydicom import Dataset
from pydicom.dataelem import RawDataElement

from pneumonia.core.check import Check
from pneumonia.errors import CorruptImageError
from pneumonia.imaging.dicom_values import PYDICOM_ERRORS, code, first, integer, items, number
from pneumonia.imaging.quality import BIT_DEPTHS, MIN_LEVELS, MIN_SPREAD

# Sets of terms, separated by blanks.
TAGS = """
PixelPaddingValue PixelPaddingRangeLimit RescaleSlope RescaleIntercept ModalityLUTSequence VOILUTSequence WindowCenter
WindowWidth VOILUTFunction
"""
HALF_STEP = 0.5 / 255  # of 8 bits: from black or white, what nobody tells from it
MOST_PADDED = 0.02
CELLS = 64  # a side, over which clipped pixels are counted
_COMPARE = "Compare the picture with the original."


@dataclass(frozen=True, eq=False)
class GreyScale:
    """Grey values from the stored values of a MONOCHROME1 or MONOCHROME2 image.

    Attributes:
        pixels: float32 (H, W) in [0, 1], 0 black.
        padding: bool (H, W), True where there is no picture; None where there is picture everywhere.
        clipped: float32 (`CELLS`, `CELLS`) in [0, 1], share of each cell's pixels that the window or a table makes
            black or white together with others of another value.
        checks: warnings.
    """

    pixels: np.ndarray
    padding: np.ndarray | None
    clipped: np.ndarray
    checks: list[Check]


def find_padding(dataset: Dataset, stored: np.ndarray) -> np.ndarray | None:
    """Return where integers (H, W) hold a padding value of the header: bool (H, W), or None where it states none."""
    try:
        value = integer(dataset, "PixelPaddingValue")
        # Its type is often wrong: what counts is whether pixels are signed.
        ends = np.array([value, integer(dataset, "PixelPaddingRangeLimit", value)], np.int64).astype(np.uint16)
    except PYDICOM_ERRORS:
        return None
    low, high = sorted(int(end) for end in (ends.astype(np.int16) if stored.dtype.kind == "i" else ends))
    return (stored >= low) & (stored <= high)


def to_grey(dataset: Dataset, stored: np.ndarray, bits: int, padding: np.ndarray | None) -> GreyScale:
    """Pass stored values through the pipeline.

    Args:
        dataset: the header.
        stored: integers (H, W).
        bits: stored per sample.
        padding: as `find_padding` gives it; where it is True, values may need more bits.

    Raises:
        CorruptImageError: other values need more bits.
    """
    if padding is None or not padding.any():
        return _shown(dataset, stored, bits, None)
    if not padding.all():
        grey = _shown(dataset, stored, bits, padding)
        if _padded_picture(grey.pixels, padding) < MOST_PADDED:
            grey.pixels[padding] = 0
            return grey
    grey = _shown(dataset, stored, bits, None)
    message = f"The DICOM header calls much of the picture itself empty, which was ignored. {_COMPARE}"
    grey.checks.append(Check("padding", "warn", message))
    return grey


def _padded_picture(pixels: np.ndarray, padding: np.ndarray) -> float:
    """Return the share of the middle of the picture that is called padding and is not black."""
    shown = (np.flatnonzero(~padding.all(axis=axis)) for axis in (1, 0))
    middle = tuple(slice(*np.percentile((lines[0], lines[-1] + 1), (25, 75)).astype(int)) for lines in shown)
    return float((padding[middle] & (pixels[middle] > HALF_STEP)).mean())


def _shown(dataset: Dataset, stored: np.ndarray, bits: int, padding: np.ndarray | None) -> GreyScale:
    """Pass values through the pipeline; where `padding` is True, any come out."""
    lowest = -(2 ** (bits - 1)) if stored.dtype.kind == "i" else 0
    highest = lowest + 2**bits - 1
    picture = stored if padding is None else stored[~padding]
    darkest, brightest = int(picture.min()), int(picture.max())
    if darkest < lowest or brightest > highest:
        raise CorruptImageError(
            f"This DICOM file holds values beyond the {bits} bits its header states. Export the file again."
        )
    ends = (lowest, highest)
    if padding is not None:
        ends = _range_without(stored[padding], darkest, brightest, ends)
        stored = np.clip(stored, lowest, highest)
    index = stored.astype(np.int32) - lowest
    full_range = slice(ends[0] - lowest, ends[1] - lowest + 1)
    values, scale, checks = _modality(dataset, np.arange(lowest, highest + 1, dtype=np.float64), full_range)
    table = np.clip((values - scale[0]) / (scale[1] - scale[0]), 0, 1)
    # At most 512 x 512 pixels, evenly spread.
    thin = slice(None, None, 1 + index.shape[0] // 512), slice(None, None, 1 + index.shape[1] // 512)
    few = index[thin] if padding is None else index[thin][~padding[thin]]
    for look_up in (_voi_table, _window):
        try:
            windowed = look_up(dataset, values)
            if windowed is None:
                continue
            sample = windowed[few]
            if np.ptp(np.percentile(sample, (1, 99))) < MIN_SPREAD or len(np.unique(sample)) < MIN_LEVELS:
                raise ValueError("the window misses the picture")
            table = windowed
            break
        except PYDICOM_ERRORS:
            message = f"The brightness and contrast in the DICOM header are unusable and were ignored. {_COMPARE}"
            checks = [Check("window", "warn", message)]
    clips = (table < HALF_STEP) | (table > 1 - HALF_STEP)
    # Where the detector, or who stored its values, clipped them, no window brings them back.
    clips[[darkest - lowest, brightest - lowest]] = False
    clipped = clips[index[thin]] if padding is None else clips[index[thin]] & ~padding[thin]
    clipped = cv2.resize(clipped.astype(np.float32), (CELLS, CELLS), interpolation=cv2.INTER_AREA)
    if code(dataset, "PhotometricInterpretation") == "MONOCHROME1":
        table = 1 - table
    return GreyScale(table.astype(np.float32)[index], padding, clipped, checks)


def _range_without(padded: np.ndarray, darkest: int, brightest: int, ends: tuple[int, int]) -> tuple[int, int]:
    """Return the full range of the picture: all bits stored, unless these are 16 because of padding alone.

    Args:
        padded: values that are padding.
        darkest, brightest: of the others.
        ends: the least and the greatest value that the bits stored can hold.
    """
    for depth in BIT_DEPTHS[:-1] if ends[1] - ends[0] == 2**16 - 1 else ():
        low = 0 if darkest >= 0 else -(2 ** (depth - 1))
        high = low + 2**depth - 1
        if low <= darkest and brightest <= high:
            return (low, high) if padded.max() < low or padded.min() > high else ends
    return ends


def _modality(
    dataset: Dataset, values: np.ndarray, full_range: slice
) -> tuple[np.ndarray, tuple[float, float], list[Check]]:
    """Apply the modality LUT or rescale; returns the values, their full range, and warnings."""
    try:
        if tables := items(dataset, "ModalityLUTSequence"):
            mapped, full_scale = _look_up(tables[0], values)
            return mapped, (0.0, full_scale), []
        mapped = values * number(dataset, "RescaleSlope", 1.0) + number(dataset, "RescaleIntercept", 0.0)
        ends = mapped[full_range].min(), mapped[full_range].max()
        # A slope that is too small beside the intercept is as good as none.
        if not np.isfinite(mapped).all() or ends[0] == ends[1]:
            raise ValueError("rescale without information")
        return mapped, ends, []
    except PYDICOM_ERRORS:
        message = f"The conversion of grey values in the DICOM header is unusable and was ignored. {_COMPARE}"
        ends = values[full_range][0], values[full_range][-1]
        return values, ends, [Check("window", "warn", message)]


def _voi_table(dataset: Dataset, values: np.ndarray) -> np.ndarray | None:
    """Apply the first VOI LUT (PS3.3 C.11.2); values in [0, 1], or None where there is none.

    Raises:
        Any of `PYDICOM_ERRORS`: it is unusable.
    """
    tables = items(dataset, "VOILUTSequence")
    if not tables:
        return None
    mapped, full_scale = _look_up(tables[0], values)
    return np.clip(mapped / full_scale, 0, 1)


def _window(dataset: Dataset, values: np.ndarray) -> np.ndarray | None:
    """Apply the first window (PS3.3 C.11.2); values in [0, 1], or None where there is none.

    Raises:
        Any of `PYDICOM_ERRORS`: it is unusable.
    """
    if first(dataset, "WindowCenter") is None and first(dataset, "WindowWidth") is None:
        return None
    center, width = number(dataset, "WindowCenter"), number(dataset, "WindowWidth")
    function = code(dataset, "VOILUTFunction") or "LINEAR"
    if not (np.isfinite(center) and (1 if function == "LINEAR" else 0) < width < np.inf):
        raise ValueError("a window needs a centre and a width")
    if function == "LINEAR":
        return np.clip((values - (center - 0.5)) / (width - 1) + 0.5, 0, 1)
    if function == "LINEAR_EXACT":
        return np.clip((values - center) / width + 0.5, 0, 1)
    if function == "SIGMOID":
        return 1 / (1 + np.exp(np.clip(-4 * (values - center) / width, -50, 50)))
    raise ValueError("unknown VOI LUT function")


def _look_up(item: Dataset, values: np.ndarray) -> tuple[np.ndarray, float]:
    """Pass values through a modality or VOI LUT; returns the mapped values and the table's full scale."""
    entries, start, bits = (int(number) for number in item.LUTDescriptor)
    entries = entries % 2**16 or 2**16  # 0 stands for 65,536
    if start >= 2**15 and values[0] < 0:
        start -= 2**16  # a signed number read as an unsigned one
    data = item.get_item("LUTData")
    if not isinstance(data, RawDataElement):
        raise ValueError("no lookup table, or not as it was read")
    table = np.frombuffer(data.value, "<u2" if data.is_little_endian else ">u2").astype("<u2")
    if bits == 8 and len(table) == (entries + 1) // 2 < entries:
        table = table.view(np.uint8)[:entries]  # two entries a word
    if not 8 <= bits <= 16 or len(table) != entries or table.max() >= 2**bits:
        raise ValueError("a lookup table of other entries, or of more bits, than its descriptor says")
    index = np.clip(np.rint(values) - start, 0, entries - 1).astype(np.intp)
    return table[index].astype(np.float64), float(2**bits - 1)
