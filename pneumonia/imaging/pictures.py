"""Picture files, and images that Pillow has opened: from what they hold to the values of pixels, upright."""

import struct
import zlib

import cv2
import numpy as np
from PIL import ExifTags, Image, ImageFile

from pneumonia.core.check import Check
from pneumonia.core.geometry import UPRIGHT
from pneumonia.errors import CorruptImageError, ImageError, ImageSizeError, UnsupportedImageError
from pneumonia.imaging import tiff
from pneumonia.imaging.file_type import EXPORT, kind_of
from pneumonia.imaging.parser_limits import (
    BoundedBytes,
    TooManyPiecesError,
    require_bounded,
    require_bounded_exif,
    to_array,
)
from pneumonia.imaging.quality import MAX_PIXELS, bit_depth, check_size

NUMBERS_NOT_READ = f"This image holds numbers below 0, or of more than 16 bits, which are not read. {EXPORT}"

# What Pillow raises on damaged files; its format readers do not all use one class.
PILLOW_ERRORS = (
    ArithmeticError, AttributeError, EOFError, LookupError, MemoryError, OSError, RuntimeError, SyntaxError,
    TypeError, ValueError, struct.error, zlib.error,
)  # fmt: skip
_BOMB_ERRORS = (Image.DecompressionBombError, Image.DecompressionBombWarning)
_ROWS = 256  # whose alpha is worked on at once, for less memory


def from_picture(data: bytes, kind: str) -> tuple[np.ndarray, list[Check]]:
    """Decode a picture file with the one Pillow reader that its first bytes name.

    Args:
        data: of the file.
        kind: Pillow's name of its format.

    Returns:
        uint8 or uint16 (H, W), or (H, W, 3) in RGB, upright; warnings.

    Raises:
        ImageError: a size or a kind that is not read, or a file that is truncated or damaged.
    """
    try:
        require_bounded(data, kind)
        if kind == "TIFF":
            return _from_tiff(tiff.read_header(data))
        with Image.open(BoundedBytes(data), formats=(kind,)) as image:
            check_size(*image.size)
            # In full: a JPEG's reduced scale moves probabilities, or saves hardly any time.
            # Pillow neither checks the sums of a PNG as it decodes nor misses the end of a JPEG whose tail is blank.
            if kind == "PNG":
                Image.open(BoundedBytes(data), formats=(kind,)).verify()
            if kind == "JPEG" and data.rfind(b"\xff\xd9", image.fp.tell()) < 0:  # type: ignore[union-attr]  # it is open
                raise EOFError("no end of image")
            return from_pil(image, data)
    except _BOMB_ERRORS:
        raise ImageSizeError(
            f"This image is larger than {MAX_PIXELS // 10**6} megapixels. Export it at a lower resolution."
        ) from None
    except PILLOW_ERRORS as error:
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
        return _over_black(samples[..., : page.colours], samples[..., page.colours])
    return samples[..., 0] if page.colours == 1 else samples[..., :3]


def from_pil(image: Image.Image, data: bytes = b"") -> tuple[np.ndarray, list[Check]]:
    """Take the values of an opened image, as `from_picture` gives them.

    Args:
        image: as Pillow opened it, or made it.
        data: the file that it was opened from, where `from_picture` has judged it.

    Raises:
        ImageError: as `from_picture`.
    """
    check_size(*image.size)
    try:
        if not data and isinstance(image, ImageFile.ImageFile) and image.format in ("JPEG", "PNG", "TIFF") and image.fp:
            # Opened and not yet decoded: its file says more, and Pillow decodes some wrongly.
            image.fp.seek(0)
            opened = image.fp.read()
            return from_picture(opened, kind_of(opened))
        # The second picture of a phone's JPEG is a preview of the first.
        frames = 1 if image.format in ("JPEG", "MPO") else getattr(image, "n_frames", 1)
        if frames > 1:
            raise UnsupportedImageError(f"This file holds {frames} frames. Export the one frontal view.")
        require_bounded_exif(image)
        orientation, camera = _read_exif(image)
        values = _values(image, data)
        if image.format == "TIFF":  # a decoded one, which Pillow has turned, and whose 0 it minds only in 8 bits
            if image.mode.startswith("I") and getattr(image, "tag_v2", {}).get(262) == 0:
                values = _inverted(values)
            camera, orientation = camera or orientation in UPRIGHT, 1
    except PILLOW_ERRORS as error:
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
    message = (
        "This is a photograph, whose grey values and edges may mislead the network. Export the image as it was stored."
    )
    turned = np.ascontiguousarray(UPRIGHT[orientation](values)) if orientation in UPRIGHT else values
    return turned, [Check("photograph", "warn", message)]


def _read_exif(image: Image.Image) -> tuple[int, bool]:
    """Return the orientation and whether a camera was exposed; damaged EXIF data tell neither, as without any."""
    try:
        exif = image.getexif()
        camera = exif.get_ifd(ExifTags.IFD.Exif).keys() & {ExifTags.Base.ExposureTime, ExifTags.Base.FNumber}
        return exif.get(ExifTags.Base.Orientation, 1), bool(camera)
    except PILLOW_ERRORS:
        return 1, False


def _values(image: Image.Image, data: bytes = b"") -> np.ndarray:
    """Return an image's values as uint8 or uint16; alpha lies over black."""
    if image.mode in ("1", "F"):
        name = "only black and white" if image.mode == "1" else "floating point numbers"
        raise UnsupportedImageError(f"This image holds {name} instead of grey values. {EXPORT}")
    image.load()
    if image.format == "PNG" and data[24:25] == b"\x10" and image.mode in ("RGB", "RGBA", "LA"):
        alpha, transparent = _alpha(image), image.info.get("transparency")
        image.close()  # Pillow cuts colours down to 8 bits, which are not needed
        return _deep_colours(data, alpha, transparent)
    if image.mode.startswith("I"):
        if image.mode == "I" and not 0 <= np.min(image.getextrema()) <= np.max(image.getextrema()) <= 65535:
            raise UnsupportedImageError(NUMBERS_NOT_READ)
        return to_array(image, np.uint16)
    if image.mode == "La":
        image = image.convert("LA")  # Pillow makes nothing else of it
    elif image.mode in ("PA", "RGBa") or "transparency" in image.info:
        image = image.convert("RGBA")
    if image.mode in ("LA", "RGBA"):
        samples = to_array(image)
        return _over_black(samples[..., :-1], samples[..., -1])
    return to_array(image if image.mode in ("L", "RGB") else image.convert("RGB"))


def _alpha(image: Image.Image) -> np.ndarray | None:
    return to_array(image.getchannel("A")) if "A" in image.getbands() else None


def _deep_colours(data: bytes, alpha: np.ndarray | None, transparent: tuple[int, ...] | None) -> np.ndarray:
    """Decode a 16-bit PNG in colour or with alpha.

    Args:
        data: of the file, which was found whole.
        alpha: uint8 (H, W), enough to tell what is seen; OpenCV would take more memory for it.
        transparent: the one colour that is not seen.

    Returns:
        uint16 (H, W, 3) in RGB, over black.
    """
    colours = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR_RGB | cv2.IMREAD_ANYDEPTH)
    if colours is None or colours.dtype != np.uint16:
        raise ValueError("not a 16-bit image in colour")
    if transparent is not None:
        colours[(colours == transparent).all(axis=2)] = 0
    return colours if alpha is None else _over_black(colours, alpha)


def _over_black(colours: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """Darken colours, or grey, by their alpha, in place.

    Args:
        colours: uint8 or uint16 (H, W, 1) or (H, W, 3).
        alpha: uint8 or uint16 (H, W).

    Returns:
        (H, W) or (H, W, 3).
    """
    opaque = np.iinfo(alpha.dtype).max
    if alpha.min() < opaque:
        for top in range(0, len(colours), _ROWS):
            rows = colours[top : top + _ROWS]
            seen = alpha[top : top + _ROWS].astype(rows.dtype).repeat(rows.shape[2], axis=1).reshape(rows.shape)
            rows[...] = cv2.multiply(np.ascontiguousarray(rows), seen, scale=1 / opaque).reshape(rows.shape)
    return colours[..., 0] if colours.shape[2] == 1 else colours


def _inverted(values: np.ndarray) -> np.ndarray:
    """Turn black and white round in uint8 or uint16, whose type stays."""
    return 2 ** bit_depth(values) - 1 - values
