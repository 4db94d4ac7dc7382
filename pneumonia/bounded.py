"""What keeps parsers and decoders busy without giving them more pixels.

Parsers in Python read a small piece at a time, and a file of a few megabytes can hold millions of pieces: empty chunks,
segments, blocks, elements, items, fragments. A radiograph of 25 megapixels takes some thousand reads.
"""

from io import BytesIO

MOST_READS, MOST_SCANS = 200_000, 100


class BoundedBytes(BytesIO):
    """Bytes that can be read from `MOST_READS` times."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self._left = MOST_READS

    def read(self, size: int | None = -1) -> bytes:
        """As `BytesIO.read`.

        Raises:
            OSError: after `MOST_READS` reads.
        """
        self._left -= 1
        if self._left < 0:
            raise OSError("in too many pieces")
        return super().read(size)


def has_many_scans(jpeg: bytes) -> bool:
    """Tell whether a JPEG goes over its picture more often than any encoder does; each takes its time."""
    return jpeg.count(b"\xff\xda") > MOST_SCANS  # in compressed data 0xFF is followed by 0
