"""Compressed pixel data of DICOM: sizes found without decoding, and which decoder serves which syntax.

Each syntax has one decoder, so that results do not depend on which of several happens to be installed.
"""

import struct

import numpy as np
from pydicom import Dataset, uid
from pydicom.pixels import convert_color_space, get_decoder

from pneumonia import gdcm_apart

PLUGINS = {
    uid.JPEGBaseline8Bit: "pillow",
    uid.JPEGExtended12Bit: "pillow",
    uid.RLELossless: "pydicom",
    **dict.fromkeys((uid.JPEG2000, uid.JPEG2000Lossless), "pylibjpeg"),
    **dict.fromkeys((uid.HTJ2K, uid.HTJ2KLossless, uid.HTJ2KLosslessRPCL), "pylibjpeg"),
    **dict.fromkeys(map(uid.UID, gdcm_apart.DECODER_DEPENDENCIES), "gdcm-apart"),
}
_ROWS = 256  # whose colours are converted at once
for _syntax in gdcm_apart.DECODER_DEPENDENCIES:
    get_decoder(_syntax).add_plugin("gdcm-apart", (gdcm_apart.__name__, "decode_frame"))


def can_decode(syntax: uid.UID) -> bool:
    """Tell whether a transfer syntax is read and its decoder installed."""
    try:
        decoder = get_decoder(syntax)
    except NotImplementedError:
        return False
    return not syntax.is_encapsulated or PLUGINS.get(syntax) in decoder.available_plugins


def decode_frame(dataset: Dataset, syntax: uid.UID) -> tuple[np.ndarray, str]:
    """Decode the first frame with the one decoder for its syntax.

    Returns:
        Stored values (H, W) or (H, W, 3), and their photometric interpretation after decoding.

    Raises:
        Whatever pydicom raises on damaged data, see `pneumonia.dicom.PYDICOM_ERRORS`.
    """
    plugin = PLUGINS.get(syntax, "")
    values, properties = get_decoder(syntax).as_array(dataset, index=0, raw=True, decoding_plugin=plugin)
    photometric = str(properties["photometric_interpretation"])
    if photometric in ("YBR_FULL", "YBR_FULL_422"):
        # Rows by rows: pydicom would take ten times the memory of the picture for all of it.
        for top in range(0, len(values), _ROWS):
            rows = slice(top, top + _ROWS)
            values[rows] = convert_color_space(values[rows], "YBR_FULL", "RGB")
        photometric = "RGB"
    return values, photometric


def jpeg_shape(frame: bytes) -> tuple[int, int, int] | None:
    """Read the size from the header of a JPEG, JPEG Lossless, JPEG-LS, JPEG 2000 or HTJ2K codestream.

    Returns:
        (height, width, samples per pixel), or None where there is no such header.

    Raises:
        struct.error, ValueError: the header is cut off.
    """
    if frame.startswith((b"\xff\x4f", b"\0\0\0\x0cjP  ")):  # JPEG 2000, bare or in a JP2 file
        siz = frame.index(b"\xff\x4f\xff\x51")
        right, bottom, left, top = struct.unpack_from(">4I", frame, siz + 8)
        return bottom - top, right - left, struct.unpack_from(">H", frame, siz + 40)[0]
    position = 2 if frame.startswith(b"\xff\xd8") else len(frame)
    while position + 10 <= len(frame):
        marker = frame[position + 1]
        length, _, height, width, samples = struct.unpack_from(">HBHHB", frame, position + 2)
        # Frame headers are SOF0 to SOF15, of which three codes mean something else, and SOF55 of JPEG-LS.
        if marker == 0xF7 or (0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC)):
            return height, width, samples
        position += 1 if marker == 0xFF else 2 + length  # 0xFF may be repeated before a marker
    return None


def rle_unfolds_to(frame: bytes, expected: int) -> bool:
    """Tell whether a DICOM RLE frame unfolds to `expected` bytes and a little padding, unfolding nothing.

    Raises:
        struct.error: the 64-byte header is cut off.
        ValueError: the header counts more than 15 segments.
    """
    count, *starts = struct.unpack_from("<16I", frame)
    if count > 15:
        raise ValueError("more than 15 segments")
    ends = [*starts[1:count], len(frame)]
    total = 0
    for position, end in zip(starts[:count], ends[:count], strict=True):
        while position + 1 < min(end, len(frame)) and total <= expected + 1024:
            code = frame[position]
            if code < 128:  # code + 1 bytes as they are
                total += code + 1
                position += code + 2
            else:  # one byte, repeated; 128 stands for nothing
                total += 257 - code if code > 128 else 0
                position += 2 if code > 128 else 1
    return expected <= total <= expected + 1024
