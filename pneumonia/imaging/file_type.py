"""The kind of a file, by its bytes: one that is read, or the name of one that is not."""

import re
import struct
from dataclasses import dataclass

from pneumonia.errors import UnsupportedImageError

EXPORT = "Export the radiograph as DICOM, PNG or JPEG and choose that file."

_HEAD = 1024  # bytes in which a file says what it is
# What this program writes into the overlays that it draws, ahead of the pixels.
OVERLAY_COMMENT = b"pneumonia overlay"

# First bytes of the kinds that are read, with Pillow's names.
_READ = (
    (b"\xff\xd8\xff", "JPEG"), (b"\x89PNG\r\n\x1a\n", "PNG"), (b"GIF87a", "GIF"), (b"GIF89a", "GIF"),
    (b"II*\0", "TIFF"), (b"MM\0*", "TIFF"), (b"II+\0", "TIFF"), (b"MM\0+", "TIFF"),
)  # fmt: skip
# First bytes of the kinds that are not, with what a person calls them.
_NOT_READ = (
    (b"%PDF", "a PDF document"), (b"%!PS", "an EPS or PostScript file"), (b"\xc5\xd0\xd3\xc6", "an EPS file"),
    (b"PK\x03\x04", "a ZIP archive or an Office document"), (b"PK\x05\x06", "an empty ZIP archive"),
    (b"\x1f\x8b", "a gzip archive"), (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"), (b"Rar!", "a RAR archive"),
    (b"\0\0\0\x0cjP  ", "a JPEG 2000 image"), (b"\xff\x4f\xff\x51", "a JPEG 2000 image"),
    (b"\xff\x0a", "a JPEG XL image"), (b"\0\0\0\x0cJXL ", "a JPEG XL image"), (b"8BPS", "a Photoshop file"),
    (b"\0\0\1\0", "an icon"), (b"\x89HDF", "an HDF5 file"), (b"\x93NUMPY", "a NumPy file"),
    (b"\x8aMNG", "an MNG animation"), (b"\x8bJNG", "a JNG image"), (b"II\xbc", "a JPEG XR image"),
    (b"SIMPLE  =", "a FITS file"), (b"NRRD", "an NRRD volume"), (b"MATLAB 5.0", "a MATLAB file"),
    *((b"P%d%c" % (number, blank), "a PNM image") for number in range(1, 7) for blank in b"\n\r \t"),
)  # fmt: skip
_HEIC_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")
_TEXT_BYTES = bytes([*range(7, 14), 27, *range(32, 256)])

# What is not read of a kind that is, by the process of a JPEG's frame and by the compression of a BMP.
_JPEG_NOT_READ = {
    0xC3: "a lossless JPEG (SOF3)", 0xCB: "a lossless JPEG with arithmetic coding", 0xF7: "a JPEG-LS image",
    **dict.fromkeys((0xC5, 0xC6, 0xC7, 0xCD, 0xCE, 0xCF), "a hierarchical JPEG"),
}  # fmt: skip
_BMP_NOT_READ = {
    4: "a BMP that holds a JPEG", 5: "a BMP that holds a PNG", **dict.fromkeys((11, 12, 13), "a BMP in CMYK"),
}  # fmt: skip
_BMP_BITS = (1, 4, 8, 16, 24, 32)
_NO_FILL = re.compile(rb"[^\xff]")
MOST_SEGMENTS = 20_000  # far more than any encoder writes before the pixels


@dataclass(frozen=True)
class JpegFrame:
    """The frame header of a JPEG, JPEG Lossless or JPEG-LS codestream.

    Attributes:
        process: second byte of its marker.
        bits: per sample.
    """

    process: int
    bits: int
    height: int
    width: int
    samples: int


def jpeg_frame(data: bytes) -> JpegFrame | None:
    """Read the frame header of a JPEG; None where there is none before the first scan, or none that ends soon."""
    frame = None
    position = 2 if data.startswith(b"\xff\xd8") else len(data)
    for _ in range(MOST_SEGMENTS):
        if position + 10 > len(data):
            break
        marker = data[position + 1]
        length, bits, height, width, samples = struct.unpack_from(">HBHHB", data, position + 2)
        # Frame headers are SOF0 to SOF15, of which three codes mean something else, and SOF55 of JPEG-LS.
        if marker == 0xF7 or (0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC)):
            frame = JpegFrame(marker, bits, height, width, samples)
        elif marker == 0xDA:  # the first scan
            return frame
        if marker == 0xFF:  # it may be repeated before a marker
            behind = _NO_FILL.search(data, position)
            position = behind.start() - 1 if behind else len(data)
        else:
            position += 2 + length
    else:
        return None
    return frame


def kind_of(data: bytes) -> str:
    """Tell what a file is by its bytes: "DICOM", or one of Pillow's names of formats.

    Raises:
        UnsupportedImageError: what is not read, by its name.
    """
    if not data:
        raise UnsupportedImageError("This file is empty. " + EXPORT)
    kind = _kind_read(data)
    name = _unread(data) if kind is None else _unread_of(kind, data)
    if kind is None or name:
        raise UnsupportedImageError(f"This file is {name}, which is not read. {EXPORT}")
    return kind


def _kind_read(data: bytes) -> str | None:
    if data[128:132] == b"DICM":
        return "DICOM"
    for signature, kind in _READ:
        if data.startswith(signature):
            return kind
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    if data[:2] == b"BM" and data[15:18] == b"\0\0\0":  # the size of the second header, a small number
        return "BMP"
    return None


def _unread_of(kind: str, data: bytes) -> str | None:
    """The name of what is not read of a kind that is; what a TIFF holds, `pneumonia/imaging/tiff.py` judges."""
    if kind == "PNG" and data[12:16] == b"CgBI":
        return "a PNG as iPhones keep it (CgBI)"
    # Earlier versions wrote PNG files.
    if kind in ("JPEG", "PNG") and OVERLAY_COMMENT in data[:_HEAD]:
        return "an overlay of this program, a heatmap over a radiograph"
    if kind == "BMP" and len(data) > 34 and data[14] >= 40:
        bits, compression = struct.unpack_from("<HI", data, 28)
        name = _BMP_NOT_READ.get(compression)
        return name or (None if bits in _BMP_BITS else f"a BMP of {bits} bits per pixel")
    if kind == "JPEG" and (frame := jpeg_frame(data)):
        if frame.process in _JPEG_NOT_READ:
            return _JPEG_NOT_READ[frame.process]
        if frame.bits != 8:
            return f"a JPEG of {frame.bits} bits"
        if frame.samples not in (1, 3, 4):
            return f"a JPEG of {frame.samples} colours"
    return None


def _unread(data: bytes) -> str:
    """The common name of a kind that is not read."""
    for signature, name in _NOT_READ:
        if data.startswith(signature):
            return name
    head = data[:_HEAD]
    if data[4:8] == b"ftyp":
        heic = data[8:12] in _HEIC_BRANDS
        return "an HEIC photograph" if heic else "an AVIF image" if data[8:11] == b"avi" else "a video"
    if _lacks_preamble(data):
        return "a DICOM file without the 128-byte preamble"
    if b"<svg" in head.lower():
        return "an SVG drawing"
    return "of a kind that is unknown" if head.translate(None, _TEXT_BYTES) else "a text file"


def _lacks_preamble(data: bytes) -> bool:
    """Tell whether the bytes begin with a DICOM element of group 2 or 8, or with the bare prefix."""
    group, length = data[:2], int.from_bytes(data[4:8], "little")
    return data[:4] == b"DICM" or (
        group in (b"\2\0", b"\x08\0") and len(data) > 8 and (data[4:6].isalpha() or length < len(data))
    )
