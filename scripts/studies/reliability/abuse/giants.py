"""Good radiographs of nearly 25 megapixels, in the forms that take most memory."""

import numpy as np
from PIL import Image
from pydicom import uid
from pydicom.encaps import encapsulate

from scripts.studies.reliability.abuse.answers import PICTURE
from scripts.studies.reliability.abuse.cases import reads
from scripts.studies.reliability.synthetic_images import deep, dicom_bytes, encode, exif

_QUICK = {"compress_level": 1}


def _picture(mode: str = "L") -> Image.Image:
    return PICTURE.resize((5000, 4990)).convert(mode)


def _pixels(*channels: int) -> np.ndarray:
    """uint16 (4990, 5000[, channels])."""
    grey = np.asarray(_picture()) * np.uint16(257)
    return np.dstack([grey] * channels[0]) if channels else grey


def _clear_pixels() -> np.ndarray:
    pixels = _pixels(4)
    pixels[..., 3] = 65535
    return pixels


def _signed_tiff() -> bytes:
    return encode(Image.fromarray(_pixels().astype(np.int32)), "TIFF")


def _in_jpeg_2000() -> bytes:
    frame = encode(_picture(), "JPEG2000", no_jp2=True)
    return dicom_bytes(np.asarray(_picture()), uid.JPEG2000, PixelData=encapsulate([frame]))


CASES = [
    *(reads(f"giant, {mode} PNG", lambda mode=mode: encode(_picture(mode), "PNG", **_QUICK)) for mode in ("L", "LA")),
    reads("giant, palette PNG with a clear colour", lambda: encode(_picture("P"), "PNG", transparency=3, **_QUICK)),
    reads("giant, RGBA TIFF", lambda: encode(_picture("RGBA"), "TIFF")),
    reads("giant, 16-bit PNG", lambda: deep(_pixels())),
    reads("giant, 16-bit RGBA PNG", lambda: deep(_clear_pixels())),
    reads("giant, 32-bit TIFF", _signed_tiff),
    reads("giant, CMYK JPEG", lambda: encode(_picture("RGB").convert("CMYK"), "JPEG")),
    reads("giant, JPEG that lies on its side", lambda: encode(_side(), "JPEG", exif=exif(0x0112, 6)), "photograph"),
    reads("giant, WebP", lambda: encode(_picture(), "WEBP", quality=50, method=0)),
    reads("giant, DICOM of 16 bits", lambda: dicom_bytes(_pixels())),
    reads("giant, DICOM in RGB", lambda: dicom_bytes(np.asarray(_picture("RGB"))), "secondary-capture"),
    reads("giant, DICOM in JPEG 2000", _in_jpeg_2000),
]


def _side() -> Image.Image:
    return _picture().transpose(Image.Transpose.ROTATE_90)
