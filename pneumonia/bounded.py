"""What keeps parsers and decoders busy without giving them more pixels.

Parsers in Python read a small piece at a time, and a file of a few megabytes can hold millions of pieces: empty chunks,
segments, blocks, elements, items, fragments. A radiograph of 25 megapixels takes some thousand reads.
"""

from io import BytesIO

from PIL import Image

from pneumonia.tags import require_modest_tags

_EXIF, _EXIF_AS_TEXT = b"Exif\0\0", "Raw profile type exif"  # the second is an old way, of PNG alone
_MOST_TEXT, _MOST_EXIF = 2**17, 10
MOST_READS, MOST_SCANS = 200_000, 100


class TooManyPiecesError(OSError):
    """Reading was given up, whether the file is whole or not."""


class BoundedBytes(BytesIO):
    """Bytes that can be read from a limited number of times."""

    def __init__(self, data: bytes, reads: int = MOST_READS) -> None:
        super().__init__(data)
        self._left = reads

    def read(self, size: int | None = -1) -> bytes:
        """As `BytesIO.read`.

        Raises:
            TooManyPiecesError: after the last of these reads.
        """
        self._left -= 1
        if self._left < 0:
            raise TooManyPiecesError
        return super().read(size)


def has_many_scans(jpeg: bytes) -> bool:
    """Tell whether a JPEG goes over its picture more often than any encoder does; each takes its time."""
    return jpeg.count(b"\xff\xda") > MOST_SCANS  # in compressed data 0xFF is followed by 0


def require_modest(data: bytes, kind: str) -> None:
    """Refuse a picture file that Pillow would take long or much memory for as it opens it, whatever its size in pixels.

    Args:
        data: of the file.
        kind: its format, as Pillow names it.

    Raises:
        ValueError: as damaged files do.
    """
    if kind == "TIFF":
        require_modest_tags(data)
    if kind == "JPEG":
        if has_many_scans(data) or data.count(_EXIF) > _MOST_EXIF:
            raise ValueError("too many scans or EXIF data")
        at = -1
        while (at := data.find(_EXIF, at + 1)) >= 0:  # of the preview, too
            segment = int.from_bytes(data[at - 2 : at])  # its length, and that of these two bytes
            require_modest_tags(data[at + len(_EXIF) : at - 2 + segment])


def require_modest_exif(image: Image.Image) -> None:
    """As `require_modest`, for the EXIF data of an opened PNG or WebP file, which Pillow parses when it is asked for.

    Raises:
        ValueError: as damaged files do.
    """
    if image.format in ("PNG", "WEBP") and "exif" in image.info:
        require_modest_tags(image.info["exif"].removeprefix(_EXIF))
    if len(image.info.get(_EXIF_AS_TEXT, "")) > _MOST_TEXT:
        raise ValueError("too much EXIF data")
