"""The one decoder: a file, its bytes, a PIL image or an array becomes a `Radiograph`, or an `ImageError`.

What a file is, its first bytes decide, never its name. Sizes are taken from headers and judged before any
pixel is decoded. Grey values keep the full range of the source's bit depth; nothing is stretched per image.
"""

import hashlib
import lzma
import os
import stat
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple, Union

import numpy as np
from PIL import Image

from pneumonia.core.check import Check
from pneumonia.core.correction import UNCHANGED, Correction
from pneumonia.errors import ImageError, ImageSizeError, UnsupportedImageError
from pneumonia.imaging.file_type import EXPORT, kind_of
from pneumonia.imaging.pictures import PILLOW_ERRORS, from_picture, from_pil
from pneumonia.imaging.quality import JUDGED, bit_depth, check_size, judge, to_grey
from pneumonia.imaging.zip_archive import ZipMember

MAX_BYTES = 100_000_000
# Pillow keeps pixels in blocks of this many bytes. The C library gives back to the system what is over 32 MB as soon as
# it is free, and of smaller blocks it keeps what it likes. (A server goes further, for all memory:
# demo/server/malloc.py.)
BLOCK_BYTES = 2**26

if TYPE_CHECKING:
    from pydicom import Dataset

Bytes = bytes | bytearray | memoryview | BinaryIO | ZipMember
Source = Union[str, os.PathLike, Bytes, Image.Image, np.ndarray, "Dataset"]


@dataclass(frozen=True, eq=False)
class Radiograph:
    """A decoded upload.

    Attributes:
        pixels: float32 (H, W) in [0, 1]; 0 is black, 1 the top of the source's bit depth.
        sha256: hex digest of the file's bytes; for an array or PIL image, of dtype, shape and pixel bytes; for a
            pydicom data set, of the bytes of a file with what is read of it.
        facts: plain JSON values without identity: `format`, `width`, `height`, `bits`; for DICOM also
            `photometric`, `transfer_syntax` and, where known, `modality`, `view`, `body_part`, `age_years`.
        checks: warnings noticed while decoding.
        clipped: float32 (64, 64) over the whole image, share of each cell's pixels that a DICOM file's own window or
            table makes black or white together with others of another value; None for other files.
    """

    pixels: np.ndarray
    sha256: str
    facts: dict[str, Any]
    checks: tuple[Check, ...]
    clipped: np.ndarray | None = None

    def corrected(self, by: Correction) -> "Radiograph":
        """Give the same picture as its reader turned or inverted it, with warnings that say so.

        Args:
            by: what the reader did. What is inverted is judged again.

        Raises:
            UnsupportedImageError: what is inverted is refused by `pneumonia.imaging.quality.judge`.
        """
        if by == UNCHANGED:
            return self
        width, height = self.facts["width"], self.facts["height"]
        pixels, kept = np.rot90(self.pixels, by.quarters), self.checks
        if by.inverted:
            # What was seen in the picture was seen with black and white the other way round.
            pixels = 1 - pixels
            kept = (*(check for check in kept if check.name not in JUDGED), *judge(pixels, 1, None))
        return replace(
            self,
            pixels=np.ascontiguousarray(pixels),
            clipped=None if self.clipped is None else np.rot90(self.clipped, by.quarters),
            facts=self.facts | ({"width": height, "height": width} if by.quarters % 2 else {}),
            checks=(*kept, *by.checks),
        )


class Unjudged(NamedTuple):
    """A decoded upload whose exposure, polarity and additions are still to be judged, while a network reads it maybe.

    Attributes:
        radiograph: with the warnings that were noticed so far.
        judge: gives the others, or raises UnsupportedImageError.
    """

    radiograph: Radiograph
    judge: Callable[[], list[Check]]

    def judged(self) -> Radiograph:
        """Judge the picture; raises UnsupportedImageError for one that is no radiograph."""
        return replace(self.radiograph, checks=(*self.radiograph.checks, *self.judge()))


def decode(source: Source) -> Radiograph:
    """Decode a radiograph, and judge its picture.

    Args:
        source: a path; a file's bytes, or what they can be read from, from where it stands; a file of an archive; a
            PIL image; a uint8 or uint16 array (H, W) or (H, W, 3) in RGB; or a pydicom data set with its `file_meta`.

    Raises:
        ImageError: the source cannot be read as a radiograph; the text says why and what to do.
    """
    return decode_unjudged(source).judged()


def decode_unjudged(source: Source) -> Unjudged:
    """Decode a radiograph, and leave its picture to be judged; otherwise as `decode`."""
    Image.core.set_block_size(BLOCK_BYTES)
    if isinstance(source, np.ndarray):
        return _finish(_checked_array(source), _hash_array(source), "array", [])
    if isinstance(source, Image.Image):
        values, checks = from_pil(source)
        return _finish(values, _hash_array(values), source.format or "image", checks)
    if isinstance(source, str | os.PathLike):
        source = read_file(source)
    if not isinstance(source, bytes):
        source = _bytes_of(source)
    if len(source) > MAX_BYTES:
        raise ImageSizeError(f"This file is larger than {MAX_BYTES // 10**6} MB. " + EXPORT)
    kind = kind_of(source)
    sha256 = hashlib.sha256(source).hexdigest()
    if kind == "DICOM":
        return _from_dicom(source, sha256)
    values, checks = from_picture(source, kind)
    return _finish(values, sha256, kind, checks)


def read_file(path: str | os.PathLike) -> bytes:
    """Read a file as a whole, or little more than `MAX_BYTES` of one that is larger.

    Raises:
        ImageError: it is no regular file, or cannot be opened.
    """
    try:
        # Opening a pipe or a device may never return, so look first.
        facts = os.stat(path)
        if stat.S_ISDIR(facts.st_mode):
            raise UnsupportedImageError("This is a folder or a link to one, no regular file. Choose the files in it.")
        if not stat.S_ISREG(facts.st_mode):
            raise UnsupportedImageError("This is not a regular file. " + EXPORT)
        with open(path, "rb") as file:
            # No more than there is: room for all that is asked for is made first, and given back. It may have grown.
            content = file.read(min(facts.st_size, MAX_BYTES) + 1)
            return content if len(content) <= facts.st_size else content + file.read(MAX_BYTES)
    except FileNotFoundError:
        if os.path.islink(path):
            raise ImageError("This is a link to a file that is not there. Mend or remove the link.") from None
        raise ImageError("There is no such file. Check the path.") from None
    except (OSError, ValueError):  # ValueError: a path no file can have
        raise ImageError("This file cannot be opened. Check the path and its permissions.") from None


def _bytes_of(source: Any) -> bytes:
    """A file's bytes, of what holds them in another form; raises for what does not."""
    if isinstance(source, bytearray | memoryview):
        return bytes(source)
    if isinstance(source, ZipMember):
        return source.read(MAX_BYTES + 1)  # always from its beginning, unlike a file
    if callable(getattr(source, "read", None)):
        return _read_all(source)
    from pydicom import Dataset  # only where it may be one: it takes a while to load

    if isinstance(source, Dataset):
        from pneumonia.imaging import dicom

        return dicom.to_file(source)
    raise UnsupportedImageError(
        f"No image was given, but a value of the type {type(source).__name__}. Give a path, the bytes of a file, an "
        "array, a PIL image or a pydicom data set."
    )


def _read_all(file: BinaryIO) -> bytes:
    """Read the rest of an open file, which a pipe gives bit by bit; raises for one that does not give bytes."""
    content = bytearray()
    try:
        while len(content) <= MAX_BYTES and (piece := file.read(MAX_BYTES + 1 - len(content))):
            if isinstance(piece, str):
                raise UnsupportedImageError("This file was opened as text. Open it as bytes, or give its path.")
            content += piece
    except (*PILLOW_ERRORS, zipfile.BadZipFile, lzma.LZMAError):  # it is closed, no text, or unpacked as it is read
        raise ImageError("This file cannot be read from. Open it as bytes, or give its path.") from None
    return bytes(content)


def _from_dicom(data: bytes, sha256: str) -> Unjudged:
    from pneumonia.imaging import dicom  # only where it is needed: pydicom and its decoders take a while to load

    image = dicom.read_header(data)
    check_size(image.width, image.height)
    pixels = dicom.decode_pixels(image)
    checks = [*image.checks, *pixels.checks]
    unjudged = _finish(pixels.values, sha256, "DICOM", checks, image.facts, pixels.padding)
    return unjudged._replace(radiograph=replace(unjudged.radiograph, clipped=pixels.clipped))


def _checked_array(array: np.ndarray) -> np.ndarray:
    if array.dtype.kind != "u" or array.dtype.itemsize > 2:
        raise UnsupportedImageError(f"An array must be uint8 or uint16, not {array.dtype}.")
    if array.ndim not in (2, 3) or array.shape[2:] not in ((), (3,)):
        raise UnsupportedImageError(f"An array must have the shape (H, W) or (H, W, 3), not {array.shape}.")
    check_size(array.shape[1], array.shape[0])
    return np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("="))


def _hash_array(array: np.ndarray) -> str:
    array = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
    return hashlib.sha256(f"{array.dtype.name} {array.shape} ".encode() + array.tobytes()).hexdigest()


def _finish(
    values: np.ndarray,
    sha256: str,
    kind: str,
    checks: list[Check],
    facts: dict[str, Any] | None = None,
    padding: np.ndarray | None = None,
) -> Unjudged:
    """Bring values to grey in [0, 1], unless they are (float32); put everything together."""
    bits, white = None, 1
    if values.dtype != np.float32:
        bits = bit_depth(values)
        white = 2**bits - 1
        values, colour_checks = to_grey(values, white)
        checks = [*checks, *colour_checks]
    height, width = values.shape
    facts = {"format": kind, "width": width, "height": height, "bits": bits} | (facts or {})
    pixels = np.divide(values, np.float32(white), dtype=np.float32)
    return Unjudged(Radiograph(pixels, sha256, facts, tuple(checks)), partial(judge, values, white, padding))
