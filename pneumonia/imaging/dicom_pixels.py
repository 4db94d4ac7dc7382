"""Compressed pixel data of DICOM: sizes found without decoding, and which decoder serves which syntax.

Each syntax has one decoder, so that results do not depend on which of several happens to be installed.
"""

import struct
from collections.abc import Iterator
from contextlib import suppress
from functools import cache

import numpy as np
from PIL import Image, UnidentifiedImageError
from pydicom import Dataset, uid
from pydicom.encaps import get_frame
from pydicom.pixels import convert_color_space, get_decoder
from pydicom.pixels.decoders.base import Decoder

from pneumonia.imaging import gdcm_worker
from pneumonia.imaging.file_type import MOST_SEGMENTS, jpeg_frame
from pneumonia.imaging.parser_limits import BoundedBytes, has_many_scans

# How the two forms of JPEG 2000 begin, bare and in a JP2 file.
_SIZ = b"\xff\x4f\xff\x51"
_JPEG_2000 = (b"\xff\x4f", b"\0\0\0\x0cjP  ")
_MOST_RUNS = 5_000_000  # far more than any encoder writes in RLE
# For what a JPEG 2000 decoder sets up beside its pixels.
_MOST_KILOBYTES = 150_000

_GDCM = "gdcm-worker"
PLUGINS = {
    uid.JPEGBaseline8Bit: "pillow",
    uid.JPEGExtended12Bit: "pillow",
    uid.RLELossless: "pydicom",
    **dict.fromkeys((uid.JPEG2000, uid.JPEG2000Lossless), "pylibjpeg"),
    **dict.fromkeys((uid.HTJ2K, uid.HTJ2KLossless, uid.HTJ2KLosslessRPCL), "pylibjpeg"),
    **dict.fromkeys(map(uid.UID, gdcm_worker.DECODER_DEPENDENCIES), _GDCM),
}
_ROWS = 256  # whose colours are converted at once


@cache
def _decoder(syntax: uid.UID) -> Decoder:
    """The decoder of a transfer syntax; pydicom's own are left as they are. Raises NotImplementedError for others."""
    if syntax not in gdcm_worker.DECODER_DEPENDENCIES:
        return get_decoder(syntax)
    decoder = Decoder(syntax)
    decoder.add_plugin(_GDCM, (gdcm_worker.__name__, "decode_frame"))
    return decoder


def can_decode(syntax: uid.UID) -> bool:
    """Tell whether a transfer syntax is read and its decoder installed."""
    try:
        decoder = _decoder(syntax)
    except NotImplementedError:
        return False
    return not syntax.is_encapsulated or PLUGINS.get(syntax) in decoder.available_plugins


def decode_frame(dataset: Dataset, syntax: uid.UID, all_bits: bool = False) -> tuple[np.ndarray, str]:
    """Decode the first frame with the one decoder for its syntax.

    Args:
        dataset: with its pixels.
        syntax: of the transfer.
        all_bits: whether to keep the bits beyond those stored, see `without_unused_bits`.

    Returns:
        Stored values (H, W) or (H, W, 3), and their photometric interpretation after decoding.

    Raises:
        Whatever pydicom raises on damaged data, see `pneumonia.imaging.dicom_values.PYDICOM_ERRORS`.
    """
    plugin = PLUGINS.get(syntax, "")
    values, properties = _decoder(syntax).as_array(
        dataset,
        index=0,
        raw=True,
        decoding_plugin=plugin,
        correct_unused_bits=not all_bits,  # type: ignore[arg-type]  # pydicom says DecodeOptions of each single one
    )
    photometric = str(properties["photometric_interpretation"])
    if photometric in ("YBR_FULL", "YBR_FULL_422"):
        # Rows by rows: pydicom would take ten times the memory of the picture for all of it.
        for top in range(0, len(values), _ROWS):
            rows = slice(top, top + _ROWS)
            values[rows] = convert_color_space(values[rows], "YBR_FULL", "RGB")
        photometric = "RGB"
    return values, photometric


def without_unused_bits(values: np.ndarray, bits: int, syntax: uid.UID) -> np.ndarray:
    """Drop the bits beyond those stored, which mean nothing (PS3.5 8.1.1); JPEG 2000 has none, as pydicom sees it."""
    shift = 0 if syntax in uid.JPEG2000TransferSyntaxes else 8 * values.dtype.itemsize - bits
    return (values << shift) >> shift if shift else values


def holds_frame(data: bytes, syntax: uid.UID, shape: tuple[int, int, int], expected: int) -> bool:
    """Tell whether encapsulated pixel data begins with a whole frame of this size, decoding nothing.

    Args:
        data: the value of PixelData.
        syntax: of the transfer.
        shape: height, width and samples per pixel, as the header of the file says.
        expected: bytes of the decoded frame.

    Raises:
        Whatever pydicom raises on damaged data, see `pneumonia.imaging.dicom_values.PYDICOM_ERRORS`; ValueError also
        where a decoder would take far longer, or more memory, than the size in pixels says.
    """
    frame = get_frame(BoundedBytes(data), 0, number_of_frames=1)
    if syntax == uid.RLELossless:
        return rle_unfolds_to(frame, expected)
    # Every JPEG family ends in the same marker; decoders fill in silently what is missing.
    if jpeg_shape(frame) != shape or b"\xff\xd9" not in frame[-16:]:
        return False
    if has_many_parts(frame) if frame.startswith(_JPEG_2000) else has_many_scans(frame):
        raise ValueError("too much to decode")
    if PLUGINS[syntax] == "pillow":
        with suppress(UnidentifiedImageError):  # as 12 bits are, which the decoder will say
            Image.open(BoundedBytes(frame), formats=("JPEG",)).close()
    return True


def jpeg_shape(frame: bytes) -> tuple[int, int, int] | None:
    """Read the size from the header of a JPEG, JPEG Lossless, JPEG-LS, JPEG 2000 or HTJ2K codestream.

    Returns:
        (height, width, samples per pixel), or None where there is no such header, or none that ends soon.

    Raises:
        struct.error, ValueError: the header is cut off.
    """
    if frame.startswith(_JPEG_2000):
        right, bottom, left, top = struct.unpack_from(">4I", frame, _siz(frame) + 4)
        return bottom - top, right - left, struct.unpack_from(">H", frame, _siz(frame) + 36)[0]
    header = jpeg_frame(frame)
    return None if header is None else (header.height, header.width, header.samples)


def has_many_parts(codestream: bytes) -> bool:
    """Tell whether a JPEG 2000 codestream is cut up so small that a decoder would need far more memory than pixels do.

    A header of a hundred bytes can ask for millions of tiles, precincts or code-blocks. Decoders set all of them up
    before they read the first. Every header counts, as that of a tile replaces what the main header says.

    Raises:
        struct.error, ValueError: a header is cut off.
    """
    siz = _siz(codestream)
    right, bottom, _, _, tile_width, tile_height = struct.unpack_from(">6I", codestream, siz + 4)
    (samples,) = struct.unpack_from(">H", codestream, siz + 36)
    # In kilobytes, about what OpenJPEG 2.5 takes for each.
    kilobytes = 11 * _ceil(right, max(tile_width, 1)) * _ceil(bottom, max(tile_height, 1))
    for marker, at in _j2k_segments(codestream, siz - 2):
        if marker == 0x52:  # COD
            style, levels = codestream[at], at + 5
        elif marker == 0x53:  # COC
            at += 1 if samples < 257 else 2
            style, levels = codestream[at], at + 1
        else:
            continue
        count, *block = codestream[levels : levels + 3]
        kilobytes += samples * right * bottom / 2 ** (block[0] + block[1] + 5)  # half of one for each code-block
        if style & 1:  # precincts have sizes of their own, one for each resolution
            for resolution, size in enumerate(codestream[levels + 5 : levels + 6 + count]):
                shrunk = count - resolution
                columns, rows = _ceil(right, 2 ** (shrunk + (size & 15))), _ceil(bottom, 2 ** (shrunk + (size >> 4)))
                kilobytes += 2 * samples * columns * rows
    return kilobytes > _MOST_KILOBYTES


def _j2k_segments(codestream: bytes, position: int) -> Iterator[tuple[int, int]]:
    """The second byte of each marker in the main header and those of tiles, and where what it holds begins."""
    tile_ends = len(codestream)
    for _ in range(MOST_SEGMENTS):
        if position + 4 > len(codestream):
            return
        marker, length = struct.unpack_from(">xBH", codestream, position)
        if marker == 0x93:  # SOD: the data of a tile
            position = tile_ends
            continue
        if marker == 0x90:  # SOT: a tile begins
            (size,) = struct.unpack_from(">I", codestream, position + 6)
            tile_ends = position + size if size else len(codestream)
            if size and size < 14:
                raise ValueError("a tile shorter than its header")
        yield marker, position + 4
        position += 2 + length
    raise ValueError("too many segments")


def _siz(frame: bytes) -> int:
    """The place of the SIZ segment's length, bare or in a JP2 file, which may hold one codestream."""
    if frame.count(_SIZ) != 1:
        raise ValueError("not one codestream")
    return frame.index(_SIZ) + 4


def _ceil(number: int, divisor: int) -> int:
    return -(-number // divisor)


def rle_unfolds_to(frame: bytes, expected: int) -> bool:
    """Tell whether a DICOM RLE frame unfolds to `expected` bytes and a little padding, unfolding nothing.

    Raises:
        struct.error: the 64-byte header is cut off.
        ValueError: the header counts more than 15 segments, or these hold more runs than are unfolded in good time.
    """
    count, *starts = struct.unpack_from("<16I", frame)
    if count > 15:
        raise ValueError("more than 15 segments")
    ends = [min(end, len(frame)) for end in (*starts[1:count], len(frame))]
    # An encoder writes no run that stands for nothing.
    total, runs = 0, min(_MOST_RUNS, expected + 1024)
    for position, end in zip(starts[:count], ends[:count], strict=True):
        while position + 1 < end and total <= expected + 1024:
            code = frame[position]
            runs -= 1
            if runs < 0:
                raise ValueError("too many runs")
            if code < 128:  # code + 1 bytes as they are
                total += code + 1
                position += code + 2
            else:  # one byte, repeated; 128 stands for nothing
                total += 257 - code if code > 128 else 0
                position += 2 if code > 128 else 1
    return expected <= total <= expected + 1024
