"""TIFF files made by code, in every arrangement that the format has: what no library here writes, too."""

import lzma
import struct
import zlib
from collections.abc import Iterator
from io import BytesIO
from itertools import product

import numpy as np
from PIL import Image

NONE, LZW, JPEG, DEFLATE, OLD_DEFLATE, PACKBITS = 1, 5, 7, 8, 32946, 32773
LZMA, ZSTD, WEBP = 34925, 50000, 50001
WHITE_IS_ZERO, BLACK_IS_ZERO, RGB, PALETTE, CMYK, YCBCR = 0, 1, 2, 3, 5, 6
_KINDS = {"B": 1, "H": 3, "I": 4}


def _lzw(data: bytes) -> bytes:
    """Codes of nine bits, each for one byte; the table is cleared before it needs longer ones."""
    codes = [code for at in range(0, len(data), 200) for code in (256, *data[at : at + 200])]
    bits = np.array([*codes, 257])[:, None] >> np.arange(8, -1, -1) & 1
    return np.packbits(bits.astype(np.uint8)).tobytes()


def _packbits(data: bytes) -> bytes:
    pieces = (data[at : at + 128] for at in range(0, len(data), 128))
    return b"".join(bytes([len(piece) - 1]) + piece for piece in pieces)


def _zstd(data: bytes) -> bytes:
    """A frame of blocks that are stored as they are."""
    pieces = [data[at : at + 65536] for at in range(0, len(data), 65536)]
    blocks = b"".join(
        (len(piece) << 3 | (number == len(pieces) - 1)).to_bytes(3, "little") + piece
        for number, piece in enumerate(pieces)
    )
    return b"\x28\xb5\x2f\xfd\xa0" + struct.pack("<I", len(data)) + blocks


def _picture(kind: str, **options) -> object:
    def pack(block: np.ndarray) -> bytes:
        stream = BytesIO()
        Image.fromarray(block.squeeze()).save(stream, kind, **options)
        return stream.getvalue()

    return pack


_PACK = {
    NONE: bytes,
    LZW: _lzw,
    DEFLATE: zlib.compress,
    OLD_DEFLATE: zlib.compress,
    PACKBITS: _packbits,
    LZMA: lzma.compress,
    ZSTD: _zstd,
}
_PACK_PICTURE = {JPEG: _picture("JPEG", quality=95, keep_rgb=True), WEBP: _picture("WEBP", lossless=True)}


def tiff(
    pixels: np.ndarray,
    *,
    order: str = "<",
    big: bool = False,
    compression: int = NONE,
    photometric: int | None = None,
    planar: int = 1,
    rows: int | None = None,
    tile: int | None = None,
    predictor: int = 1,
    extra: int | None = None,
    missing: int = 0,
    **tags: tuple[str, tuple[int, ...]] | int,
) -> bytes:
    """Write integers or floats (H, W) or (H, W, samples) as a TIFF file.

    Args:
        pixels: of any depth of whole bytes; the last sample is alpha where `extra` says so.
        order: of bytes, "<" or ">".
        big: as BigTIFF.
        compression: of the constants above.
        photometric: interpretation; black is zero, or RGB, if left out.
        planar: 1 for samples side by side, 2 for planes.
        rows: of a strip; 50 if left out.
        tile: side of tiles, in place of strips.
        predictor: 2 for differences along rows.
        extra: meaning of the samples beyond the photometric's.
        missing: of the strips or tiles, so many are left out at the end.
        tags: t and the number of a tag, and its values, which replace or add to the others.
    """
    pixels = pixels if pixels.ndim == 3 else pixels[..., None]
    height, width, samples = pixels.shape
    kind = pixels.dtype.kind
    typed = np.dtype(pixels.dtype).newbyteorder(order)
    if photometric is None:
        photometric = RGB if samples >= 3 else BLACK_IS_ZERO
    blocks = []
    for plane in [pixels] if planar == 1 else np.split(pixels, samples, axis=2):
        for block in _blocks(plane, rows or 50, tile):
            if predictor == 2:
                block = np.diff(block, axis=1, prepend=block[:, :1] * 0)  # wraps, as it should
            block = np.ascontiguousarray(block)
            pack = _PACK.get(compression)
            blocks.append(pack(block.astype(typed).tobytes()) if pack else _PACK_PICTURE[compression](block))
    blocks = blocks[: len(blocks) - missing]
    entries: dict[int, tuple[str, tuple[int, ...]]] = {
        256: ("I", (width,)),
        257: ("I", (height,)),
        258: ("H", (8 * pixels.itemsize,) * samples),
        259: ("H", (compression,)),
        262: ("H", (photometric,)),
        277: ("H", (samples,)),
        284: ("H", (planar,)),
        317: ("H", (predictor,)),
        339: ("H", ({"u": 1, "i": 2, "f": 3}[kind],) * samples),
    }
    at = 16
    offsets = []
    for block in blocks:
        offsets.append(at)
        at += len(block) + len(block) % 2
    where, lengths = (324, 325) if tile else (273, 279)
    entries[where], entries[lengths] = ("I", tuple(offsets)), ("I", tuple(map(len, blocks)))
    if tile:
        entries |= {322: ("I", (tile,)), 323: ("I", (tile,))}
    else:
        entries[278] = ("I", (rows or 50,))
    if extra is not None:
        entries[338] = ("H", (extra,))
    for name, value in tags.items():
        entries[int(name[1:])] = value if isinstance(value, tuple) else ("H", (value,))
    body = b"".join(block + bytes(len(block) % 2) for block in blocks)
    return _head(order, big, at) + body + _directory(entries, order, big, at)


def _blocks(plane: np.ndarray, rows: int, tile: int | None) -> Iterator[np.ndarray]:
    height, width = plane.shape[:2]
    if tile is None:
        yield from (plane[top : top + rows] for top in range(0, height, rows))
        return
    padded = np.pad(plane, ((0, -height % tile), (0, -width % tile), (0, 0)))
    for top, left in product(range(0, height, tile), range(0, width, tile)):
        yield padded[top : top + tile, left : left + tile]


def _head(order: str, big: bool, directory: int) -> bytes:
    mark = b"II" if order == "<" else b"MM"
    if big:
        return mark + struct.pack(order + "HHHQ", 43, 8, 0, directory)
    return (mark + struct.pack(order + "HI", 42, directory)).ljust(16, b"\0")


def _directory(entries: dict[int, tuple[str, tuple[int, ...]]], order: str, big: bool, at: int) -> bytes:
    head, entry, pointer, room = ("Q", "HHQ", "Q", 8) if big else ("H", "HHI", "I", 4)
    size = struct.calcsize(order + head) + len(entries) * (struct.calcsize(order + entry) + room) + room
    listed, beside = struct.pack(order + head, len(entries)), b""
    for tag, (kind, values) in sorted(entries.items()):
        data = struct.pack(f"{order}{len(values)}{kind}", *values)
        listed += struct.pack(order + entry, tag, _KINDS[kind], len(values))
        if len(data) <= room:
            listed += data.ljust(room, b"\0")
        else:
            listed += struct.pack(order + pointer, at + size + len(beside))
            beside += data + bytes(len(data) % 2)
    return listed + struct.pack(order + pointer, 0) + beside
