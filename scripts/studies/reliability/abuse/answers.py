"""The drawn chest that inputs are made of, and what such an input may be answered with."""

from dataclasses import dataclass, field

import cv2
import numpy as np
from PIL import Image

from pneumonia.errors import CorruptImageError, ImageError, ImageSizeError, UnsupportedImageError
from scripts.studies.reliability.synthetic_images import EXAMPLE

# A drawn chest, of a shape that shows when its sides are mixed up.
CHEST = cv2.resize(
    cv2.imread(str(EXAMPLE.with_name("synthetic-normal-1.png")), cv2.IMREAD_GRAYSCALE)[:470],
    (240, 200),
    interpolation=cv2.INTER_AREA,
)
PICTURE, COLOUR, GREY = Image.fromarray(CHEST), np.dstack([CHEST] * 3), CHEST / 255
TWELVE, SIXTEEN = np.round(GREY * 4095).astype(np.uint16), CHEST * np.uint16(257)
STEP, LOSSY = 1.01 / 255, 0.08
NO_CHEST = "does not look like a frontal chest radiograph"


@dataclass(frozen=True)
class Row:
    """An input in words, its bytes, and what is expected of it."""

    what: str
    data: bytes
    warned: tuple[str, ...] = ()
    shows: np.ndarray = field(default_factory=lambda: GREY)
    within: float = STEP
    refused: type[ImageError] | None = None
    words: tuple[str, ...] = ()
    # What a picture that can be decoded is refused with, where it is no radiograph to be read.
    unread: str | None = None


def reads(what: str, data: bytes, *warned: str, **expected: np.ndarray | float | str) -> Row:
    """It is read, with these warnings and no others, and shows the chest or what else is given."""
    return Row(what, data, warned, **expected)


def refuses(what: str, data: bytes, *words: str, kind: type[ImageError] = UnsupportedImageError) -> Row:
    """It is refused in a sentence that holds these words, as something that is not read."""
    return Row(what, data, refused=kind, words=words)


def damaged(what: str, data: bytes, *words: str) -> Row:
    """It is refused as a damaged file."""
    return refuses(what, data, *words, kind=CorruptImageError)


def missized(what: str, data: bytes, *words: str) -> Row:
    """It is refused for its size."""
    return refuses(what, data, *words, kind=ImageSizeError)
