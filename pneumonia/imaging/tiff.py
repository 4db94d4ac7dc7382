"""TIFF: which of its many kinds are read, and how Pillow is given them.

Pillow decodes the pixels, but is never given the file as it came: what it makes of a header depends on byte order,
planes and depth, and some of it is wrong. It is given the strips or tiles of the one picture behind a header of a form
that it reads rightly. Several samples are asked of it as grey numbers, one beside the other, and put together here.

A strip or tile that is missing, or shorter than its pixels, is found in the header, before any pixel is decoded.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from PIL import Image

from pneumonia.errors import UnsupportedImageError
from pneumonia.imaging.file_type import EXPORT, jpeg_frame
from pneumonia.imaging.parser_limits import MOST_IMAGES, BoundedBytes, to_array

Tags = dict[int, tuple[int, ...]]

_SUBFILE, _WIDTH, _HEIGHT, _BITS, _COMPRESSION, _PHOTOMETRIC, _FILL_ORDER = 254, 256, 257, 258, 259, 262, 266
_STRIPS, _ORIENTATION, _SAMPLES, _ROWS, _STRIP_BYTES, _PLANAR, _PREDICTOR = 273, 274, 277, 278, 279, 284, 317
_TILE_WIDTH, _TILE_HEIGHT, _TILES, _TILE_BYTES, _EXTRA, _FORMAT, _EXIF = 322, 323, 324, 325, 338, 339, 34665
_PALETTE_COLOURS, _JPEG_TABLES, _SUBSAMPLING, _DEPTH = 320, 347, 530, 32997
_WANTED = {
    *(_SUBFILE, _WIDTH, _HEIGHT, _BITS, _COMPRESSION, _PHOTOMETRIC, _FILL_ORDER, _STRIPS, _ORIENTATION, _SAMPLES),
    *(_ROWS, _STRIP_BYTES, _PLANAR, _PREDICTOR, _TILE_WIDTH, _TILE_HEIGHT, _TILES, _TILE_BYTES, _EXTRA, _FORMAT),
    *(_EXIF, _PALETTE_COLOURS, _JPEG_TABLES, _SUBSAMPLING, _DEPTH),
}
# Types of whole numbers, by their code; all else tells nothing of how pixels are stored.
_TYPES = {1: "B", 3: "H", 4: "I", 7: "B", 13: "I", 16: "Q", 18: "Q"}
_LONGS = {_WIDTH, _HEIGHT, _ROWS, _STRIPS, _STRIP_BYTES, _TILE_WIDTH, _TILE_HEIGHT, _TILES, _TILE_BYTES, _EXIF}

_PLAIN, _JPEG = 1, 7
_PREDICTED = (5, 8, 32946, 34925, 50000)  # LZW, Deflate under two numbers, LZMA, Zstandard
_COMPRESSIONS = (_PLAIN, _JPEG, 32773, *_PREDICTED)
_COMPRESSIONS_NOT_READ = {
    **dict.fromkeys((2, 3, 4), "a fax"), 6: "old-style JPEG", 9: "JBIG", 10: "JBIG", 32809: "ThunderScan",
    **dict.fromkeys((33003, 33004, 33005, 34712), "JPEG 2000"), **dict.fromkeys((32908, 32909), "Pixar"),
    **dict.fromkeys((34676, 34677), "SGI LogLuv"), 34887: "LERC", 34892: "lossy DNG", 34933: "PNG",
    **dict.fromkeys((22610, 34934), "JPEG XR"), 50001: "WebP", **dict.fromkeys((50002, 52546), "JPEG XL"),
}  # fmt: skip
WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB, _PALETTE, CMYK, _YCBCR = 0, 1, 2, 3, 5, 6
# Number of colours, and the bits per sample that are read.
_KINDS = {
    WHITE_IS_ZERO: (1, (2, 4, 8, 16)),
    _BLACK_IS_ZERO: (1, (2, 4, 8, 12, 16, 32)),
    _RGB: (3, (8, 16)),
    _PALETTE: (1, (2, 4, 8)),
    CMYK: (4, (8, 16)),
    _YCBCR: (3, (8,)),
}
_COLOURS_NOT_READ = {
    4: "a mask", 8: "CIELab colours", 9: "ICCLab colours", 10: "ITULab colours", 32803: "a camera's raw colours",
    32844: "LogL colours", 32845: "LogLuv colours", 34892: "a camera's raw colours",
}  # fmt: skip
_SIGNED = 2
_NUMBERS_NOT_READ = {3: "floating point numbers", 5: "complex numbers", 6: "complex numbers"}
_MOST_SAMPLES = 7
# Far more than any encoder writes: of pictures in JPEG, and of bytes ahead of the pixels of each.
_MOST_JPEGS, _MOST_HEAD = 20_000, 2048


@dataclass(frozen=True, eq=False)
class Page:
    """The one picture of a file, of a kind that is read and with nothing missing; its pixels are still encoded.

    Attributes:
        width, height: as stored, in pixels, not yet judged.
        bits: of a sample.
        colours: how many samples of a pixel are colours, or 1 of grey.
        alpha: whether the sample behind them says how much of them is seen.
        photometric: what they mean; a constant of the format.
        signed: whether the numbers are; then what is decoded is to be taken for such.
        orientation: as EXIF's.
    """

    data: bytes
    order: str
    tags: Tags
    width: int
    height: int
    bits: int
    samples: int
    colours: int
    alpha: bool
    photometric: int
    signed: bool
    orientation: int

    @property
    def has_samples(self) -> bool:
        """True if the picture is to be had from `decode_samples`, and not from `as_file`."""
        as_it_is = _tag(self.tags, _COMPRESSION, 1) == _JPEG or self.photometric in (_PALETTE, _YCBCR)
        return self.samples > 1 and (not as_it_is or self._planes > 1)

    def as_file(self) -> BoundedBytes:
        """A TIFF file that Pillow reads rightly; where 0 is white in 16 bits, this is left to do."""
        passed_on = (_PALETTE_COLOURS, _JPEG_TABLES, _SUBSAMPLING, _EXTRA, _EXIF, _PREDICTOR)
        tags = {tag: self.tags[tag] for tag in passed_on if tag in self.tags}
        tags |= {
            _BITS: (self.bits,) * self.samples,
            _SAMPLES: (self.samples,),
            _PHOTOMETRIC: (_BLACK_IS_ZERO if self.bits == 16 else self.photometric,),
        }
        if self.bits == 32:
            tags[_FORMAT] = self.tags.get(_FORMAT, (1,))
        return self._with_tags(tags, *self._pieces())

    def decode_samples(self) -> np.ndarray:
        """Decode as uint8 or uint16 (H, W, samples), as they are stored.

        Raises:
            Whatever Pillow raises on damaged files.
        """
        if self._planes == 1:
            return self._decode(self.samples, *self._pieces())
        offsets, lengths = self._pieces()
        each = len(offsets) // self._planes
        starts = range(0, len(offsets), each)
        return np.dstack([self._decode(1, offsets[at : at + each], lengths[at : at + each]) for at in starts])

    def _decode(self, samples: int, offsets: tuple[int, ...], lengths: tuple[int, ...]) -> np.ndarray:
        """Decode samples that lie side by side as if each were a pixel in grey: (H, W, samples)."""
        tags: Tags = {_BITS: (self.bits,), _SAMPLES: (1,), _PHOTOMETRIC: (_BLACK_IS_ZERO,)}
        if _JPEG_TABLES in self.tags:
            tags[_JPEG_TABLES] = self.tags[_JPEG_TABLES]
        with self._with_tags(tags, offsets, lengths, samples) as file, Image.open(file, formats=("TIFF",)) as image:
            image.load()
            file.close()  # it may take as much memory as the pixels
            values = to_array(image, f"u{self.bits // 8}").reshape(self.height, self.width, samples)
        if _tag(self.tags, _PREDICTOR, 1) == 2:
            # The differences are between samples of one kind, which the new header no longer tells apart.
            step = _tag(self.tags, _TILE_WIDTH) if self._is_tiled else self.width
            for left in range(0, self.width, step):
                columns = values[:, left : left + step]
                np.add.accumulate(columns, axis=1, dtype=values.dtype, out=columns)
        return values

    def _with_tags(
        self, tags: Tags, offsets: tuple[int, ...], lengths: tuple[int, ...], samples: int = 1
    ) -> BoundedBytes:
        """The file with one directory, which holds these tags and where the pixels are."""
        where, how_long = (_TILES, _TILE_BYTES) if self._is_tiled else (_STRIPS, _STRIP_BYTES)
        tags = tags | {where: offsets, how_long: lengths, _WIDTH: (self.width * samples,), _HEIGHT: (self.height,)}
        for tag in (_COMPRESSION, _FILL_ORDER):
            tags[tag] = (_tag(self.tags, tag, 1),)
        if self._is_tiled:
            tags |= {_TILE_WIDTH: (_tag(self.tags, _TILE_WIDTH) * samples,), _TILE_HEIGHT: (self._rows,)}
        else:
            tags[_ROWS] = (self._rows,)
        at = len(self.data) + len(self.data) % 2
        head = (b"II*\0" if self.order == "<" else b"MM\0*") + struct.pack(self.order + "I", at)
        rest = memoryview(self.data)[len(head) :]
        return BoundedBytes(b"".join((head, rest, bytes(len(rest) % 2), _directory(tags, self.order, at))))

    def _pieces(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Offsets and lengths of the strips or tiles, of plane after plane.

        Raises:
            ValueError: some are missing, lie outside the file, or are shorter than their pixels.
        """
        columns = _tag(self.tags, _TILE_WIDTH) if self._is_tiled else self.width
        if min(columns, self._rows, self.width, self.height) < 1:
            raise ValueError("no pixels")
        across, down = -(-self.width // columns), -(-self.height // self._rows)
        needed = across * down * self._planes
        compression = _tag(self.tags, _COMPRESSION, 1)
        offsets = self.tags.get(_TILES if self._is_tiled else _STRIPS, ())[:needed]
        lengths = self.tags.get(_TILE_BYTES if self._is_tiled else _STRIP_BYTES, ())[:needed]
        if len(offsets) < needed or (compression == _JPEG and needed > _MOST_JPEGS):
            raise ValueError("strips or tiles are missing, or far too many")
        last = self._rows if self._is_tiled else self.height - (down - 1) * self._rows
        heights = [last if number // across % down == down - 1 else self._rows for number in range(needed)]
        least = [1] * needed
        if compression == _PLAIN and self.photometric != _YCBCR:  # whose colours may be thinned out
            row = -(-columns * self.samples // self._planes * self.bits // 8)
            least = [row * height for height in heights]
            # Old writers leave them out.
            lengths = lengths or tuple(least)
        if len(lengths) < needed:
            raise ValueError("strips or tiles without a length")
        for offset, length, enough, height in zip(offsets, lengths, least, heights, strict=True):
            end = offset + length
            if length < enough or end > len(self.data):
                raise ValueError("a strip or tile is cut off")
            # Of a JPEG, decoders fill in silently what is missing, and leave unwritten what is beyond its size.
            if compression == _JPEG:
                if b"\xff\xd9" not in self.data[max(offset, end - 16) : end]:
                    raise ValueError("a strip or tile without its end")
                frame = jpeg_frame(self.data[offset : min(end, offset + _MOST_HEAD)])
                if frame is None or frame.width < columns or frame.height < height:
                    raise ValueError("a strip or tile smaller than its pixels")
        return offsets, lengths

    @property
    def _is_tiled(self) -> bool:
        return _TILES in self.tags

    @property
    def _planes(self) -> int:
        return self.samples if _tag(self.tags, _PLANAR, 1) == 2 else 1

    @property
    def _rows(self) -> int:
        """Of pixels in a strip or tile."""
        return _tag(self.tags, _TILE_HEIGHT) if self._is_tiled else min(_tag(self.tags, _ROWS, 2**32), self.height)


def read_header(data: bytes) -> Page:
    """Find the one picture of a TIFF file and judge its header, decoding no pixel.

    Args:
        data: of the file, whose tags `parser_limits.require_bounded_tags` let pass.

    Raises:
        UnsupportedImageError: a kind that is not read, by its name, or several pictures.
        ValueError, struct.error: it is cut off or contradicts itself.
    """
    order = "<" if data[:2] == b"II" else ">"
    big = 43 in data[2:4]
    pages = list(_directories(data, order, big))
    # Smaller copies and masks of another are no pictures of their own.
    pages = [tags for tags in pages if not _tag(tags, _SUBFILE, 0) & 5] or pages
    if len(pages) > 1:
        count = str(len(pages)) if len(pages) < MOST_IMAGES else f"{len(pages)} or more"
        raise UnsupportedImageError(f"This file holds {count} frames. Export the one frontal view.")
    if not pages:
        raise ValueError("no picture")
    (tags,) = pages
    if big:
        tags.pop(_EXIF, None)  # of another form than the rest will be
    return _judged(data, order, tags)


def _judged(data: bytes, order: str, tags: Tags) -> Page:
    """Raises UnsupportedImageError for a kind that is not read, with its name."""
    compression, photometric = _tag(tags, _COMPRESSION, 1), _tag(tags, _PHOTOMETRIC, WHITE_IS_ZERO)
    planar, predictor, numbers = _tag(tags, _PLANAR, 1), _tag(tags, _PREDICTOR, 1), _tag(tags, _FORMAT, 1)
    samples = _tag(tags, _SAMPLES, 3 if compression == _JPEG and photometric in (_RGB, _YCBCR) else 1)
    bits, *others = sorted(set(tags.get(_BITS, (1,))[: max(samples, 1)]))
    colours, depths = _KINDS.get(photometric, (1, ()))
    extra = tags.get(_EXTRA, ())
    signed = numbers == _SIGNED

    not_read = None
    if numbers in _NUMBERS_NOT_READ:
        not_read = f"in {_NUMBERS_NOT_READ[numbers]}"
    elif bits == samples == 1:
        not_read = "in only black and white"
    elif _tag(tags, _DEPTH, 1) > 1:
        not_read = "of several layers"
    elif compression not in _COMPRESSIONS:
        not_read = f"compressed as {_COMPRESSIONS_NOT_READ.get(compression, f'number {compression}')}"
    elif photometric not in _KINDS:
        not_read = f"in {_COLOURS_NOT_READ.get(photometric, 'unusual colours')}"
    elif others:
        not_read = "whose samples differ in their bits"
    elif bits not in depths or (bits != 8 and compression == _JPEG):
        not_read = f"of {bits} bits per sample" + (" in JPEG" if compression == _JPEG else "")
    elif not colours <= samples <= _MOST_SAMPLES or (samples == 2 and compression == _JPEG):
        not_read = f"of {samples} samples per pixel"
    elif photometric in (_PALETTE, _YCBCR) and samples > 1 and planar == 2:
        not_read = "with a plane for each colour of a palette or of YCbCr"
    elif predictor not in (1, 2) and compression in _PREDICTED:
        not_read = "whose grey values are predicted as floating point numbers"
    elif signed and (samples > 1 or photometric != _BLACK_IS_ZERO):
        not_read = "of signed numbers in colour, or where 0 is white"
    elif order == ">" and (bits == 12 or (bits == 32 and not (signed and compression == _PLAIN))):
        not_read = f"of {bits} bits per sample in big-endian order"
    elif _tag(tags, _FILL_ORDER, 1) == 2 and bits > 8 and (bits != 16 or samples > 1 or order == ">"):
        not_read = "with its bits in reverse order"
    if not_read:
        raise UnsupportedImageError(f"This file is a TIFF {not_read}, which is not read. {EXPORT}")
    if compression not in _PREDICTED:
        tags = tags | {_PREDICTOR: (1,)}
    # Unless a tag says that it is something else, or multiplied with the colours already.
    alpha = samples > colours and (not extra or extra[0] in (2, 999))
    return Page(
        data, order, tags, _tag(tags, _WIDTH), _tag(tags, _HEIGHT),
        bits, samples, colours, alpha, photometric, signed, _tag(tags, _ORIENTATION, 1),
    )  # fmt: skip


def _directories(data: bytes, order: str, big: bool) -> Iterator[Tags]:
    """The wanted tags of each picture."""
    head, entry, pointer = ("Q", "HHQ", "Q") if big else ("H", "HHI", "I")
    room = struct.calcsize(order + pointer)
    (at,) = struct.unpack_from(order + pointer, data, 8 if big else 4)
    for _ in range(MOST_IMAGES):
        if not at:
            return
        (count,) = struct.unpack_from(order + head, data, at)
        at += struct.calcsize(order + head)
        tags = {}
        for _ in range(count):
            tag, kind, length = struct.unpack_from(order + entry, data, at)
            at += struct.calcsize(order + entry)
            if tag in _WANTED and kind in _TYPES:
                form = f"{order}{length}{_TYPES[kind]}"
                inside = struct.calcsize(form) <= room
                where = at if inside else struct.unpack_from(order + pointer, data, at)[0]
                tags[tag] = struct.unpack_from(form, data, where)
            at += room
        yield tags
        (at,) = struct.unpack_from(order + pointer, data, at)


def _directory(tags: Tags, order: str, at: int) -> bytes:
    """A last directory that is to lie at this place."""
    behind = at + 2 + 12 * len(tags) + 4
    listed, outside = struct.pack(order + "H", len(tags)), b""
    for tag, values in sorted(tags.items()):
        kind = 7 if tag == _JPEG_TABLES else 4 if tag in _LONGS else 3
        value = struct.pack(f"{order}{len(values)}{_TYPES[kind]}", *values)
        if len(value) > 4:
            value, outside = struct.pack(order + "I", behind + len(outside)), outside + value + bytes(len(value) % 2)
        listed += struct.pack(order + "HHI", tag, kind, len(values)) + value.ljust(4, b"\0")
    return listed + bytes(4) + outside


def _tag(tags: Tags, tag: int, default: int | None = None) -> int:
    """The first value of a tag.

    Raises:
        ValueError: it is missing and must not be.
    """
    values = tags.get(tag)
    value = values[0] if values else default
    if value is None:
        raise ValueError("a tag is missing")
    return value
