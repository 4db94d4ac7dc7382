"""Limits on what keeps parsers and decoders busy without giving them more pixels.

Parsers in Python read a small piece at a time, and a file of a few megabytes can hold millions of pieces: empty chunks,
segments, blocks, elements, items, fragments. A radiograph of 25 megapixels takes some thousand reads.

The tags of a TIFF file or of EXIF data hold an offset and a length, so many can share the same bytes: a file of two
megabytes can ask for 60 GB. And a list of numbers takes far more memory as Python objects than in the file. So tags are
counted before a library parses them.

Pixels have a limit of their own, and are handed over in a way that does not take a multiple of their memory.
"""

import re
import struct
from collections.abc import Iterator
from contextlib import suppress
from io import BytesIO
from itertools import islice

import numpy as np
from numpy.typing import DTypeLike
from PIL import Image

# Looked for as patterns: twice as fast as `bytes.find`, and given up at the first that is too many.
_SCAN, _EXIF_MARK = re.compile(b"\xff\xda"), re.compile(b"Exif\0\0")
_EXIF, _EXIF_AS_TEXT = b"Exif\0\0", "Raw profile type exif"  # the second is an old way, of PNG alone
_MOST_TEXT, _MOST_EXIF = 2**17, 10
MOST_READS, MOST_SCANS = 100_000, 100
# Far more than any radiograph or camera writes: of numbers in one tag, of tags, of images in one file, and of tags that
# lie over the same bytes.
MOST_NUMBERS, MOST_TAGS, MOST_IMAGES, MOST_SHARED = 200_000, 100_000, 1000, 4

# Bytes of one value, by type.
_BYTES = dict(enumerate((1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4), start=1)) | {16: 8, 17: 8, 18: 8}
_ROWS = 1024  # copied at once: asked for the whole, Pillow holds it three times over
_LEAST = 16  # bytes of the longer head, which says where the tags are
_CAMERA = 0x8769  # the tag that points to the list of a camera's settings


class TooManyPiecesError(OSError):
    """Reading was given up, whether the file is whole or not."""


class BoundedBytes(BytesIO):
    """Bytes that can be read from a limited number of times."""

    def __init__(self, data: bytes, reads: int = MOST_READS) -> None:
        super().__init__(data)
        self._left = reads

    def read(self, size: int | None = -1) -> bytes:
        """Read as `BytesIO.read` does.

        Raises:
            TooManyPiecesError: after the last of these reads.
        """
        self._left -= 1
        if self._left < 0:
            raise TooManyPiecesError
        return super().read(size)


def to_array(image: Image.Image, dtype: DTypeLike | None = None) -> np.ndarray:
    """Copy the samples of an image.

    Args:
        image: of any mode whose samples are numbers.
        dtype: of the array; that of the samples unless given.

    Returns:
        (H, W) or (H, W, S).
    """
    width, height = image.size
    like = np.asarray(image.crop((0, 0, 1, 1)), dtype)
    array = np.empty((height, width, *like.shape[2:]), like.dtype)
    for top in range(0, height, _ROWS):
        bottom = min(top + _ROWS, height)
        array[top:bottom] = np.asarray(image.crop((0, top, width, bottom)))
    return array


def has_many_scans(jpeg: bytes) -> bool:
    """Tell whether a JPEG goes over its picture more often than any encoder does; each takes its time."""
    # In compressed data 0xFF is followed by 0.
    return next(islice(_SCAN.finditer(jpeg), MOST_SCANS, None), None) is not None


def require_bounded(data: bytes, kind: str) -> None:
    """Refuse a picture file that Pillow would take long or much memory for as it opens it, whatever its size in pixels.

    Args:
        data: of the file.
        kind: its format, as Pillow names it.

    Raises:
        ValueError: as damaged files do.
    """
    if kind == "TIFF":
        require_bounded_tags(data)
    if kind == "JPEG":
        if has_many_scans(data):
            raise ValueError("too many scans")
        exif = [match.start() for match in islice(_EXIF_MARK.finditer(data), _MOST_EXIF + 1)]  # of the preview, too
        if len(exif) > _MOST_EXIF:
            raise ValueError("too many EXIF data")
        for at in exif:
            segment = int.from_bytes(data[at - 2 : at])  # its length, and that of these two bytes
            require_bounded_tags(data[at + len(_EXIF) : at - 2 + segment])


def require_bounded_exif(image: Image.Image) -> None:
    """Do as `require_bounded` for the EXIF data of an opened PNG or WebP file, which Pillow parses when asked for it.

    Raises:
        ValueError: as damaged files do.
    """
    if image.format in ("PNG", "WEBP") and "exif" in image.info:
        require_bounded_tags(image.info["exif"].removeprefix(_EXIF))
    if len(image.info.get(_EXIF_AS_TEXT, "")) > _MOST_TEXT:
        raise ValueError("too much EXIF data")


def require_bounded_tags(data: bytes) -> None:
    """Judge the tags of a TIFF file, or of what follows the name in EXIF data; what is cut off ends where it does.

    Raises:
        ValueError: they hold far more than there is, or too long lists.
    """
    if len(data) < _LEAST:
        return
    order = ">" if data[:2] == b"MM" else "<"
    big = data[2:4] in (b"\x2b\0", b"\0\x2b")
    (directory,) = struct.unpack_from(order + ("Q" if big else "I"), data, 8 if big else 4)
    total = 0
    for number, (kind, count) in enumerate(_tags(data, directory, order, big)):
        size = _BYTES.get(kind, 1)
        count = min(count, len(data) // size)  # a single damaged tag asks for all there is and no more
        total += size * count
        if number > MOST_TAGS or total > MOST_SHARED * len(data) or (size > 1 and count > MOST_NUMBERS):
            raise ValueError("too many tags")


def _tags(data: bytes, directory: int, order: str, big: bool) -> Iterator[tuple[int, int]]:
    """Type and count of each tag of each image, and of a camera's settings."""
    head, entry, pointer = ("Q", "HHQ", "Q") if big else ("H", "HHI", "I")
    size = struct.calcsize(order + entry + pointer)
    waiting = [directory]
    seen: set[int] = set()
    while waiting:
        at = waiting.pop()
        if at in seen or len(seen) > 2 * MOST_IMAGES:
            raise ValueError("too many images, or images in a ring")
        seen.add(at)
        with suppress(struct.error):  # the list is cut off
            (count,) = struct.unpack_from(order + head, data, at)
            at += struct.calcsize(order + head)
            for _ in range(count):
                tag, kind, length, value = struct.unpack_from(order + entry + pointer, data, at)
                yield kind, length
                if tag == _CAMERA:
                    waiting.append(value)
                at += size
            (following,) = struct.unpack_from(order + pointer, data, at)
            if following:
                waiting.append(following)
