"""The one decoder: a file, its bytes, a PIL image or an array becomes a `Radiograph`, or an `ImageError`.

What a file is, its first bytes decide, never its name. Sizes are taken from headers and judged before any
pixel is decoded. Grey values keep the full range of the source's bit depth; nothing is stretched per image.

Judgements made on the pixels; `test_polarity_rates_on_real_radiographs` holds their rates to these figures:

- Colour: refused where more than 15 % of the pixels have channels that differ by more than 0.15. Coloured marks stay
  below. A film on a coloured base is read: its channels are one picture times three numbers, which differ by less than
  0.3, and without these differ by less than 0.075.
- Polarity: in a radiograph the mediastinum, in the middle, is brighter than the lungs beside it. Warned where
  it is darker by more than 0.05. False alarms: 0 % of 400 training radiographs, under 1 % of the adults kept for
  selection. Negatives caught: over 98 % of those children, over 94 % of those adults.
- Exposure: false alarms on at most 1 % of either.

The limits were chosen with all these images and the other adults in view: the rates describe, they do not promise.
What was added to a radiograph, `pneumonia/additions.py` looks for.
"""

import hashlib
import lzma
import os
import stat
import struct
import zipfile
import zlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, BinaryIO, Union

import cv2
import numpy as np
from PIL import ExifTags, Image

from pneumonia import tiff
from pneumonia.additions import find_additions, mean_cells, reduce
from pneumonia.archives import ZipMember
from pneumonia.bounded import BoundedBytes, TooManyPiecesError, require_modest, require_modest_exif
from pneumonia.checks import Check
from pneumonia.errors import CorruptImageError, ImageError, ImageSizeError, UnsupportedImageError
from pneumonia.geometry import UPRIGHT
from pneumonia.kinds import EXPORT, kind_of

MAX_PIXELS = 25_000_000
MAX_BYTES = 100_000_000
MIN_SIDE = 128
BIT_DEPTHS = (8, 10, 12, 14, 16)

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

NUMBERS_NOT_READ = f"This image holds numbers below 0, or of more than 16 bits, which are not read. {EXPORT}"

# Pillow keeps pixels in blocks of this many bytes. The C library gives back to the system what is over 32 MB as soon as
# it is free, and of smaller blocks it keeps what it likes. (A server goes further, for all memory: demo/memory.py.)
Image.core.set_block_size(2**26)

# What Pillow raises on damaged files; its format readers do not all use one class.
_PILLOW_ERRORS = (
    ArithmeticError, AttributeError, EOFError, LookupError, MemoryError, OSError, RuntimeError, SyntaxError,
    TypeError, ValueError, struct.error, zlib.error,
)  # fmt: skip
_BOMB_ERRORS = (Image.DecompressionBombError, Image.DecompressionBombWarning)


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


def decode(source: Source) -> Radiograph:
    """Decode a radiograph.

    Args:
        source: a path; a file's bytes, or what they can be read from, from where it stands; a file of an archive; a
            PIL image; a uint8 or uint16 array (H, W) or (H, W, 3) in RGB; or a pydicom data set with its `file_meta`.

    Raises:
        ImageError: the source cannot be read as a radiograph; the text says why and what to do.
    """
    if isinstance(source, np.ndarray):
        return _finish(_checked_array(source), _hash_array(source), "array", [])
    if isinstance(source, Image.Image):
        values, checks = _from_pil(source)
        return _finish(values, _hash_array(values), source.format or "image", checks)
    if isinstance(source, str | os.PathLike):
        source = _read_file(source)
    if not isinstance(source, bytes):
        source = _bytes_of(source)
    if len(source) > MAX_BYTES:
        raise ImageSizeError(f"This file is larger than {MAX_BYTES // 10**6} MB. " + EXPORT)
    kind = kind_of(source)
    sha256 = hashlib.sha256(source).hexdigest()
    if kind == "DICOM":
        return _from_dicom(source, sha256)
    values, checks = _from_picture(source, kind)
    return _finish(values, sha256, kind, checks)


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


def _read_file(path: str | os.PathLike) -> bytes:
    try:
        # Opening a pipe or a device may never return, so look first.
        mode = os.stat(path).st_mode
        if stat.S_ISDIR(mode):
            raise UnsupportedImageError("This is a folder or a link to one, no regular file. Choose the files in it.")
        if not stat.S_ISREG(mode):
            raise UnsupportedImageError("This is not a regular file. " + EXPORT)
        with open(path, "rb") as file:
            return file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        if os.path.islink(path):
            raise ImageError("This is a link to a file that is not there. Mend or remove the link.") from None
        raise ImageError("There is no such file. Check the path.") from None
    except (OSError, ValueError):  # ValueError: a path no file can have
        raise ImageError("This file cannot be opened. Check the path and its permissions.") from None


def _bytes_of(source: object) -> bytes:
    """A file's bytes, of what holds them in another form; raises for what does not."""
    if isinstance(source, bytearray | memoryview):
        return bytes(source)
    if isinstance(source, ZipMember):
        return source.read(MAX_BYTES + 1)  # always from its beginning, unlike a file
    if callable(getattr(source, "read", None)):
        return _read_all(source)
    from pydicom import Dataset  # only where it may be one: it takes a while to load

    if isinstance(source, Dataset):
        from pneumonia import dicom

        return dicom.to_file(source)
    raise UnsupportedImageError(
        f"No image was given, but a value of the type {type(source).__name__}. Give a path, the bytes of a file, an "
        "array, a PIL image or a pydicom data set."
    )


def _read_all(file: BinaryIO) -> bytes:
    """What follows in an open file, which a pipe gives bit by bit; raises for what does not give bytes."""
    held = bytearray()
    try:
        while len(held) <= MAX_BYTES and (piece := file.read(MAX_BYTES + 1 - len(held))):
            if isinstance(piece, str):
                raise UnsupportedImageError("This file was opened as text. Open it as bytes, or give its path.")
            held += piece
    except (*_PILLOW_ERRORS, zipfile.BadZipFile, lzma.LZMAError):  # it is closed, no text, or unpacked as it is read
        raise ImageError("This file cannot be read from. Open it as bytes, or give its path.") from None
    return bytes(held)


def _from_dicom(data: bytes, sha256: str) -> Radiograph:
    from pneumonia import dicom  # only where it is needed: pydicom and its decoders take a while to load

    image = dicom.read_header(data)
    check_size(image.width, image.height)
    pixels = dicom.decode_pixels(image)
    checks = [*image.checks, *pixels.checks]
    radiograph = _finish(pixels.values, sha256, "DICOM", checks, image.facts, pixels.padding)
    return replace(radiograph, clipped=pixels.clipped)


def _from_picture(data: bytes, kind: str) -> tuple[np.ndarray, list[Check]]:
    """Decode a picture file with the one Pillow reader that its first bytes name."""
    try:
        require_modest(data, kind)
        if kind == "TIFF":
            return _from_tiff(tiff.read_header(data))
        with Image.open(BoundedBytes(data), formats=(kind,)) as image:
            check_size(*image.size)
            # In full: a JPEG's reduced scale moves probabilities, or saves hardly any time.
            # Pillow neither checks the sums of a PNG as it decodes nor misses the end of a JPEG whose tail is blank.
            if kind == "PNG":
                Image.open(BoundedBytes(data), formats=(kind,)).verify()
            if kind == "JPEG" and data.rfind(b"\xff\xd9", image.fp.tell()) < 0:
                raise EOFError("no end of image")
            return _from_pil(image, data)
    except _BOMB_ERRORS:
        raise ImageSizeError(
            f"This image is larger than {MAX_PIXELS // 10**6} megapixels. Export it at a lower resolution."
        ) from None
    except _PILLOW_ERRORS as error:
        raise _not_decoded(error, f"{kind} file") from error


def _from_tiff(page: tiff.Page) -> tuple[np.ndarray, list[Check]]:
    check_size(page.width, page.height)
    camera = False
    if page.has_samples:
        values = _joined(page, page.decode_samples())
    else:
        with Image.open(page.as_file(), formats=("TIFF",)) as image:
            _, camera = _read_exif(image)
            values = _values(image)
    if page.signed and values.max() > 2 ** (page.bits - 1) - 1:
        raise UnsupportedImageError(NUMBERS_NOT_READ)
    if page.photometric == tiff.WHITE_IS_ZERO and page.bits == 16 and not page.has_samples:
        values = _inverted(values)
    return _set_upright(values, page.orientation, camera)


def _joined(page: tiff.Page, samples: np.ndarray) -> np.ndarray:
    """Values of samples (H, W, S) as uint8 or uint16 (H, W) or (H, W, 3)."""
    if page.photometric == tiff.CMYK:
        inks = samples[..., :4] if page.bits == 8 else (samples[..., :4] >> 8).astype(np.uint8)
        return _values(Image.fromarray(np.ascontiguousarray(inks), "CMYK"))
    if page.photometric == tiff.WHITE_IS_ZERO:
        samples[..., 0] = _inverted(samples[..., 0])
    if page.alpha:
        samples = samples[..., : page.colours + 1]
        return _over_black(samples) if page.bits == 16 else _values(Image.fromarray(np.ascontiguousarray(samples)))
    return samples[..., 0] if page.colours == 1 else samples[..., :3]


def _from_pil(image: Image.Image, data: bytes = b"") -> tuple[np.ndarray, list[Check]]:
    """Return an image's values, upright, as uint8 or uint16 (H, W) or (H, W, 3); `data` is its file, where known."""
    check_size(*image.size)
    try:
        if not data and image.format in ("PNG", "TIFF") and getattr(image, "fp", None):
            # Opened and not yet decoded, which Pillow does wrongly for some files.
            image.fp.seek(0)
            opened = image.fp.read()
            return _from_picture(opened, kind_of(opened))
        # The second picture of a phone's JPEG is a preview of the first.
        frames = 1 if image.format in ("JPEG", "MPO") else getattr(image, "n_frames", 1)
        if frames > 1:
            raise UnsupportedImageError(f"This file holds {frames} frames. Export the one frontal view.")
        require_modest_exif(image)
        orientation, camera = _read_exif(image)
        values = _values(image, data)
        if image.format == "TIFF":  # a decoded one, which Pillow has turned, and whose 0 it minds only in 8 bits
            if image.mode.startswith("I") and image.tag_v2.get(262) == 0:
                values = _inverted(values)
            camera, orientation = camera or orientation in UPRIGHT, 1
    except _PILLOW_ERRORS as error:
        raise _not_decoded(error, "image") from error
    return _set_upright(values, orientation, camera)


def _not_decoded(error: Exception, what: str) -> ImageError:
    if isinstance(error, TooManyPiecesError):
        return UnsupportedImageError(
            f"This {what} has too many pieces: truncated or damaged, or large and run-length encoded. {EXPORT}"
        )
    return CorruptImageError(f"This {what} is truncated or damaged. Export it again.")


def _set_upright(values: np.ndarray, orientation: int, camera: bool) -> tuple[np.ndarray, list[Check]]:
    if orientation not in UPRIGHT and not camera:
        return values, []
    message = "This is a photograph, not an export: its grey values and edges may mislead the model."
    turned = np.ascontiguousarray(UPRIGHT[orientation](values)) if orientation in UPRIGHT else values
    return turned, [Check("photograph", "warn", message)]


def _read_exif(image: Image.Image) -> tuple[int, bool]:
    """Return the orientation and whether a camera was exposed; damaged EXIF data tell neither, as without any."""
    try:
        exif = image.getexif()
        camera = exif.get_ifd(ExifTags.IFD.Exif).keys() & {ExifTags.Base.ExposureTime, ExifTags.Base.FNumber}
        return exif.get(ExifTags.Base.Orientation, 1), bool(camera)
    except _PILLOW_ERRORS:
        return 1, False


def _values(image: Image.Image, data: bytes = b"") -> np.ndarray:
    """Return an image's values as uint8 or uint16; alpha lies over black."""
    if image.mode in ("1", "F"):
        name = "only black and white" if image.mode == "1" else "floating point numbers"
        raise UnsupportedImageError(f"This image holds {name} instead of grey values. {EXPORT}")
    image.load()
    if image.format == "PNG" and data[24:25] == b"\x10" and image.mode in ("RGB", "RGBA", "LA"):
        image.close()  # Pillow cuts them down to 8 bits, which are not needed
        return _deep_colours(data)
    if image.mode.startswith("I"):
        values = np.asarray(image)
        if values.min() < 0 or values.max() > 65535:
            raise UnsupportedImageError(NUMBERS_NOT_READ)
        return values.astype(np.uint16)
    if image.mode == "La":
        image = image.convert("LA")  # Pillow makes nothing else of it
    if image.mode == "LA":
        black = Image.new("L", image.size)
        black.paste(image.getchannel("L"), mask=image.getchannel("A"))
        return np.asarray(black)
    if image.mode in ("PA", "RGBA", "RGBa") or "transparency" in image.info:
        layer = image if image.mode == "RGBA" else image.convert("RGBA")
        image = Image.new("RGB", layer.size)
        image.paste(layer, mask=layer.getchannel("A"))
    return np.asarray(image if image.mode in ("L", "RGB") else image.convert("RGB"))


def _deep_colours(data: bytes) -> np.ndarray:
    """Decode a 16-bit PNG with colours or alpha, found whole before, as uint16 (H, W, 3) in RGB, alpha over black."""
    values = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if values is None or values.dtype != np.uint16 or values.ndim != 3:
        raise ValueError("not a 16-bit image in colour")
    return (_over_black(values) if values.shape[2] == 4 else values)[..., ::-1]


def _over_black(values: np.ndarray) -> np.ndarray:
    """Colours or grey of 16 bits, without the alpha that is their last sample, darkened by it in place."""
    for top in range(0, len(values), _ROWS):
        rows = values[top : top + _ROWS]
        rows[..., :-1] = np.multiply(rows[..., :-1], rows[..., -1:], dtype=np.uint32) // 65535
    return values[..., 0] if values.shape[2] == 2 else values[..., :-1]


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


def _bit_depth(values: np.ndarray) -> int:
    """Return 8 for uint8; for uint16 the smallest depth in use that holds the maximum."""
    return next(bits for bits in BIT_DEPTHS if values.max() < 2**bits)


def _inverted(values: np.ndarray) -> np.ndarray:
    """Turn black and white round in uint8 or uint16, whose type stays."""
    return 2 ** _bit_depth(values) - 1 - values


def _finish(
    values: np.ndarray,
    sha256: str,
    kind: str,
    checks: list[Check],
    facts: dict[str, Any] | None = None,
    padding: np.ndarray | None = None,
) -> Radiograph:
    """Bring values to grey in [0, 1], unless they are (float32); judge them; put everything together."""
    bits, white = None, 1
    if values.dtype != np.float32:
        bits = _bit_depth(values)
        white = 2**bits - 1
        values, colour_checks = _to_grey(values, white)
        checks = [*checks, *colour_checks]
    height, width = values.shape
    facts = {"format": kind, "width": width, "height": height, "bits": bits} | (facts or {})
    checks = (*checks, *_judge(values, white, padding))
    pixels = np.divide(values, np.float32(white), dtype=np.float32)
    return Radiograph(pixels, sha256, facts, checks)


def _to_grey(values: np.ndarray, white: int) -> tuple[np.ndarray, list[Check]]:
    """Bring uint8 or uint16 (H, W) or (H, W, 3) to grey (H, W); raises for colour pictures."""
    if values.ndim == 2:
        return values, []
    sample = _thin_out(values).astype(np.float32) / white
    coloured, tint = _share_coloured(sample, CHROMA), _tint(sample)
    is_film = np.ptp(tint) < MAX_TINT and _share_coloured(sample / tint, CHROMA / 2) < MAX_COLOURED
    if coloured > MAX_COLOURED and not is_film:
        raise UnsupportedImageError(f"This is a picture in colour, not a radiograph. {EXPORT}")
    checks = []
    if coloured > MARK_COLOURED or np.ptp(tint) > CHROMA:
        message = "The image holds coloured marks or a tint, which were read as grey."
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


def _judge(grey: np.ndarray, white: int, padding: np.ndarray | None) -> list[Check]:
    """Judge the exposure, polarity and additions of (H, W) in [0, white]; raises for blank images."""
    # Sorted once, for all that is asked of the grey levels.
    few = _thin_out(grey)
    if padding is not None and not _thin_out(padding).all():
        few = few[~_thin_out(padding)]
    ordered = np.sort(few, axis=None)
    low, high = (float(ordered[round(share * (ordered.size - 1))]) for share in (0.01, 0.99))
    spread = (high - low) / white
    if spread < MIN_SPREAD:
        raise UnsupportedImageError("This image is blank: all black, all white or one grey. " + EXPORT)
    if 1 + np.count_nonzero(np.diff(ordered)) < MIN_LEVELS:
        raise UnsupportedImageError("This image has too few grey levels for a radiograph. " + EXPORT)
    warnings = {}
    if spread < LOW_CONTRAST:
        warnings["exposure"] = "The image has little contrast; the display window may be wrong."
    reduced = reduce(grey)
    cells = mean_cells(reduced) / np.float32(white)
    small = cells.reshape(64, 4, 64, 4).mean(axis=(1, 3))
    lungs = np.mean([small[lung].mean() for lung in USUAL_LUNGS])
    if small[24:44, 28:36].mean() - lungs < NEGATIVE:
        warnings["polarity"] = "The image looks like a negative (white lungs). It was read as it is."
    warnings |= find_additions(reduced, white, cells)
    return [Check(name, "warn", message) for name, message in warnings.items()]
