"""Small files that ask for much: pixels, memory, or time."""

import struct
import zlib
from collections.abc import Callable

import numpy as np
from pydicom import uid
from pydicom.encaps import encapsulate

from scripts.studies.reliability.abuse.answers import CHEST, PICTURE
from scripts.studies.reliability.abuse.cases import Case, reads, rejects
from scripts.studies.reliability.synthetic_images import dicom_bytes, dicom_dataset, encode, png_chunk, to_bytes

PNG, JPEG, GIF = encode(CHEST, "PNG"), encode(CHEST, "JPEG", quality=95), encode(CHEST, "GIF")
DICOM = dicom_bytes(CHEST)
_AFTER_IHDR = 33
_PIXELS = DICOM.index(b"\xe0\x7f\x10\0")
_SIDE = 4000
_DAMAGED, _TRUNCATED = "truncated or damaged", "cannot be decoded"


# === PNG ===


def whole_png(width: int, height: int) -> bytes:
    """A PNG of zeros, all of it."""
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    packer, packed = zlib.compressobj(9), []
    packed += [packer.compress(bytes(width + 1)) for _ in range(height)]
    rows = b"".join([*packed, packer.flush()])
    return b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header) + png_chunk(b"IDAT", rows) + png_chunk(b"IEND", b"")


def zeros(megabytes: int) -> bytes:
    """So many zeros, packed."""
    return zlib.compress(bytes(megabytes * 10**6), 9)


def with_chunk(name: bytes, body: bytes, count: int = 1) -> bytes:
    """A PNG with a chunk before its pixels."""
    return PNG[:_AFTER_IHDR] + png_chunk(name, body) * count + PNG[_AFTER_IHDR:]


# === TIFF and EXIF ===


def tags(*entries: tuple[int, int, int, int]) -> bytes:
    """A TIFF file's beginning, from entries of tag, type, count and value."""
    return (
        b"II*\0" + struct.pack("<IH", 8, len(entries)) + b"".join(struct.pack("<HHII", *e) for e in entries) + bytes(4)
    )


def tiff(width: int, height: int, *entries: tuple[int, int, int, int]) -> bytes:
    """A TIFF of one strip with more tags."""
    usual = ((256, 4, 1, width), (257, 4, 1, height), (258, 3, 1, 8), (259, 3, 1, 1), (262, 3, 1, 1), (277, 3, 1, 1))
    return tags(*usual, *entries)


def tiff_of_tiles(count: int) -> bytes:
    """Each of one pixel."""
    width = 2000
    entries = ((322, 4, 1, 1), (323, 4, 1, 1), (324, 4, count, 134), (325, 4, count, 134))
    return tiff(width, count // width, *entries) + struct.pack("<I", 200) * count


def shared_tags(count: int, size: int) -> bytes:
    """So many tags, each of which holds the same bytes."""
    return tags(*((1000 + number, 7, size, 0) for number in range(count))) + bytes(size)


def tiff_ring() -> bytes:
    """Its one image is followed by itself."""
    data = bytearray(encode(PICTURE, "TIFF"))
    at = struct.unpack_from("<I", data, 4)[0]
    struct.pack_into("<I", data, at + 2 + 12 * struct.unpack_from("<H", data, at)[0], at)
    return bytes(data)


# === JPEG ===


def jpeg_after_start(data: bytes) -> bytes:
    """A JPEG with this before its first segment."""
    return JPEG[:2] + data + JPEG[2:]


def jpeg_of_scans(count: int) -> bytes:
    """A progressive JPEG of 25 megapixels that goes over its picture again and again, with nothing to add."""
    data = encode(PICTURE.resize((5000, 4990)), "JPEG", progressive=True, quality=30)
    scan = data[data.rfind(b"\xff\xda") :]
    return data[:-2] + scan[: 2 + struct.unpack_from(">H", scan, 2)[0]] * count + b"\xff\xd9"


# === GIF ===


def gif_of(piece: bytes, count: int) -> bytes:
    """A GIF with more after its picture."""
    return GIF[:-1] + piece * count + b";"


# === DICOM ===


def before_pixels(data: bytes) -> bytes:
    """A DICOM file with more before its pixels."""
    return DICOM[:_PIXELS] + data + DICOM[_PIXELS:]


def element(tag: bytes, vr: bytes, value: bytes) -> bytes:
    """In explicit form, with a long length."""
    return tag + vr + b"\0\0" + struct.pack("<I", len(value)) + value


def packed(syntax: uid.UID, frame: bytes, side: int | None = None, before: bytes = b"") -> bytes:
    """A DICOM file of one encoded frame, of zeros where the side is given, after these fragments."""
    pixels = CHEST if side is None else np.zeros((side, side), np.uint8)
    return dicom_bytes(pixels, syntax, PixelData=before + encapsulate([frame])[8 if before else 0 :])


def rle(*segments: bytes) -> bytes:
    """A frame of RLE."""
    starts = np.cumsum([64, *map(len, segments)])[:-1]
    return struct.pack("<16I", len(segments), *starts, *[0] * (15 - len(segments))) + b"".join(segments)


def jpeg_2000(tile: int = _SIDE, block: int = 4, precinct: int | None = None) -> bytes:
    """A codestream that says it has a side of `_SIDE`, and how that is cut up; sizes but the tile's are exponents."""
    data = bytearray(encode(PICTURE.resize((256, 256)), "JPEG2000", no_jp2=True))
    siz, cod = data.index(b"\xff\x51"), data.index(b"\xff\x52")
    struct.pack_into(">6I", data, siz + 6, _SIDE, _SIDE, 0, 0, tile, tile)
    data[cod + 10] = data[cod + 11] = block
    if precinct is not None:
        (length,) = struct.unpack_from(">H", data, cod + 2)
        data[cod + 4] |= 1
        sizes = bytes([precinct]) * (data[cod + 9] + 1)
        struct.pack_into(">H", data, cod + 2, length + len(sizes))
        data[cod + 2 + length : cod + 2 + length] = sizes
    return bytes(data)


def compressed(syntax: uid.UID, **changed: object) -> bytes:
    """A DICOM file whose header says something else of its size than its pixels."""
    dataset = dicom_dataset(CHEST)
    dataset.compress(syntax)
    for keyword, value in changed.items():
        setattr(dataset, keyword, value)
    return to_bytes(dataset)


_ITEM, _ITEMS_END = b"\xfe\xff\x00\xe0\0\0\0\0", b"\xfe\xff\xdd\xe0\0\0\0\0"
_VOI, _OPEN = b"\x28\0\x10\x30", b"SQ\0\0\xff\xff\xff\xff"


def _in_dicom(frame: Callable[[], bytes], syntax: uid.UID = uid.JPEG2000) -> Callable[[], bytes]:
    return lambda: packed(syntax, frame(), _SIDE)


CASES: list[Case] = [
    # === More pixels than are read ===
    rejects("PNG of 100 megapixels, all there", lambda: whole_png(10_000, 10_000), "10000 x 10000", "megapixels"),
    *(
        rejects(f"{kind} header of 400 megapixels", make, "megapixels")
        for kind, make in {
            "JPEG": lambda: JPEG.replace(struct.pack(">HH", 200, 240), struct.pack(">HH", 20_000, 20_000)),
            "GIF": lambda: GIF[:6] + struct.pack("<HH", 20_000, 20_000) + GIF[10:],
            "BMP": lambda: encode(CHEST, "BMP").replace(
                struct.pack("<ii", 240, 200), struct.pack("<ii", 20_000, 20_000)
            ),
            "TIFF": lambda: tiff(20_000, 20_000, (273, 4, 1, 8), (279, 4, 1, 400_000_000)),
        }.items()
    ),
    # === Many small pieces, and what unfolds ===
    rejects("PNG of 400,000 chunks", lambda: with_chunk(b"tEXt", b"a\0b", 400_000), _DAMAGED),
    rejects("PNG with 200 MB of text", lambda: with_chunk(b"zTXt", b"a\0\0" + zeros(200)), _DAMAGED),
    rejects("PNG with 200 MB of a colour profile", lambda: with_chunk(b"iCCP", b"a\0\0" + zeros(200)), _DAMAGED),
    reads("PNG with 200 MB behind its pixels", lambda: PNG[:-12] + png_chunk(b"IDAT", zeros(200)) + PNG[-12:]),
    rejects("PNG whose EXIF tags share 1 MB", lambda: with_chunk(b"eXIf", shared_tags(3000, 10**6)), _DAMAGED),
    rejects(
        "JPEG whose EXIF tags share 32 KB",
        lambda: jpeg_after_start(_app1(b"Exif\0\0" + shared_tags(2700, 32_000))),
        _DAMAGED,
    ),
    rejects("JPEG of a million segments", lambda: jpeg_after_start(b"\xff\xfe\0\x02" * 10**6), _DAMAGED),
    rejects("JPEG of 5 million fill bytes", lambda: jpeg_after_start(b"\xff" * 5 * 10**6), _DAMAGED),
    rejects("JPEG of 25 megapixels and 5,000 scans", lambda: jpeg_of_scans(5000), _DAMAGED),
    rejects("GIF of a million frames", lambda: gif_of(b"\x2c\0\0\0\0\1\0\1\0\0\2\2\x4c\1\0", 10**6), "damaged"),
    rejects("GIF of a million extensions", lambda: gif_of(b"\x21\xfe\0", 10**6), "damaged"),
    rejects("TIFF of two million tiles", lambda: tiff_of_tiles(2 * 10**6), _DAMAGED),
    rejects("TIFF whose tags share 10 MB", lambda: shared_tags(60_000, 10**7), _DAMAGED),
    rejects("TIFF with a long list", lambda: tiff(240, 200, (338, 3, 10**7, 134)) + bytes(2 * 10**7), _DAMAGED),
    rejects("TIFF in a ring", tiff_ring, _DAMAGED),
    # === DICOM ===
    rejects("DICOM of a million elements", lambda: before_pixels(b"\x28\0\0\x60US\0\0" * 10**6), "damaged"),
    rejects("DICOM of a million private elements", lambda: before_pixels(b"\x29\0\0\x60US\0\0" * 10**6), "damaged"),
    rejects(
        "DICOM of a million elements of the first group",
        lambda: DICOM[: DICOM.index(b"\2\0\x10\0")] + b"\2\0\2\2US\0\0" * 10**6 + DICOM[DICOM.index(b"\2\0\x10\0") :],
        "damaged",
    ),
    rejects("DICOM of a million items", lambda: before_pixels(_VOI + _OPEN + _ITEM * 10**6 + _ITEMS_END), "damaged"),
    rejects(
        "DICOM of a million items, their length known",
        lambda: before_pixels(element(_VOI, b"SQ", _ITEM * 10**6)),
        "damaged",
    ),
    rejects("DICOM nested 20,000 deep", lambda: before_pixels((_VOI + _OPEN + _ITEM[:4] + b"\xff" * 4) * 20_000)),
    rejects(
        "DICOM with five million windows",
        lambda: before_pixels(element(b"\x28\0\x50\x10", b"UT", b"1\\" * 5 * 10**6)),
        "damaged",
    ),
    rejects(
        "DICOM of a million fragments",
        lambda: packed(uid.JPEGBaseline8Bit, JPEG, before=_ITEM * 10**6),
        "damaged",
    ),
    rejects(
        "DICOM, RLE of 20 million empty runs", lambda: packed(uid.RLELossless, rle(b"\x80" * 20_000_000)), _DAMAGED
    ),
    rejects("DICOM, RLE that unfolds to 640 MB", lambda: packed(uid.RLELossless, rle(b"\x81\0" * 5_000_000)), _DAMAGED),
    rejects(
        "DICOM, JPEG of a million segments",
        lambda: packed(uid.JPEGBaseline8Bit, jpeg_after_start(b"\xff\xfe\0\x02" * 10**6)),
        _DAMAGED,
    ),
    rejects(
        "DICOM, JPEG of 5 million fill bytes",
        lambda: packed(uid.JPEGBaseline8Bit, jpeg_after_start(b"\xff" * 5 * 10**6)),
        _DAMAGED,
    ),
    reads(
        "DICOM, JPEG of a thousand fill bytes",
        lambda: packed(uid.JPEGBaseline8Bit, jpeg_after_start(b"\xff" * 1000)),
    ),
    *(
        rejects(f"DICOM, JPEG 2000 cut into {name}", _in_dicom(frame, syntax), _DAMAGED)
        for syntax in (uid.JPEG2000, uid.JPEGBaseline8Bit)
        for name, frame in {
            "60,000 tiles": lambda: jpeg_2000(tile=16),
            "16 million tiles": lambda: jpeg_2000(tile=1),
            "4 million precincts": lambda: jpeg_2000(precinct=0x11),
            "a million code-blocks": lambda: jpeg_2000(block=0),
        }.items()
    ),
    # === DICOM that says something else of its size than it holds ===
    *(
        rejects(
            f"DICOM, {keyword} overstated, {syntax.name}",
            lambda k=keyword, s=syntax: compressed(s, **{k: 5000}),
            _DAMAGED,
        )
        for keyword in ("Rows", "Columns")
        for syntax in (uid.RLELossless, uid.JPEG2000Lossless)
    ),
    *(
        rejects(f"DICOM of {rows} x {columns}", lambda r=rows, c=columns: dicom_bytes(CHEST, Rows=r, Columns=c), words)
        for rows, columns, words in (
            (65_535, 65_535, "megapixels"),
            (65_535, 1, "at least 128"),
            (0, 240, "at least 128"),
            (201, 240, _DAMAGED),
            (200, 241, _DAMAGED),
        )
    ),
    reads("DICOM, rows understated", lambda: dicom_bytes(CHEST, Rows=190), "pixel-data"),
    rejects("DICOM, columns understated", lambda: dicom_bytes(CHEST, Columns=200), "chest radiograph"),
    reads(
        "DICOM, two frames of which one is named", lambda: dicom_bytes(np.vstack([CHEST] * 2), Rows=200), "pixel-data"
    ),
    rejects(
        "DICOM of a thousand million frames", lambda: dicom_bytes(CHEST, NumberOfFrames=10**9), "1000000000 frames"
    ),
    rejects(
        "DICOM whose pixels are said to be 4 GB",
        lambda: DICOM[: _PIXELS + 8] + b"\xfe\xff\xff\xff" + DICOM[_PIXELS + 12 :],
        _DAMAGED,
    ),
]


def _app1(body: bytes) -> bytes:
    return b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body
