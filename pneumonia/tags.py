"""The tags of a TIFF file or of EXIF data, counted before a library parses them.

Tags hold an offset and a length, so many can share the same bytes: a file of two megabytes can ask for 60 GB. And a
list of numbers takes far more memory as Python objects than in the file.
"""

import struct
from collections.abc import Iterator
from contextlib import suppress

# Far more than any radiograph or camera writes: of numbers in one tag, of tags, of images in one file, and of tags that
# lie over the same bytes.
MOST_NUMBERS, MOST_TAGS, MOST_IMAGES, MOST_SHARED = 200_000, 100_000, 1000, 4

# Bytes of one value, by type.
_BYTES = dict(enumerate((1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4), start=1)) | {16: 8, 17: 8, 18: 8}
_LEAST = 16  # bytes of the longer head, which says where the tags are
_EXIF = 0x8769  # the tag that points to the list of a camera's settings


def require_modest_tags(data: bytes) -> None:
    """Judge the tags of a TIFF file, or of what follows the name in EXIF data; what is cut off ends where it does.

    Raises:
        ValueError: they hold far more than there is, or too long lists.
    """
    if len(data) < _LEAST:
        return
    order = ">" if data[:2] == b"MM" else "<"
    big = data[2:4] in (b"\x2b\0", b"\0\x2b")
    (directory,) = struct.unpack_from(order + ("Q" if big else "I"), data, 8 if big else 4)
    total = 0
    for number, (kind, count) in enumerate(_tags(data, directory, order, big)):
        size = _BYTES.get(kind, 1)
        count = min(count, len(data) // size)  # a single damaged tag asks for all there is and no more
        total += size * count
        if number > MOST_TAGS or total > MOST_SHARED * len(data) or (size > 1 and count > MOST_NUMBERS):
            raise ValueError("too many tags")


def _tags(data: bytes, directory: int, order: str, big: bool) -> Iterator[tuple[int, int]]:
    """Type and count of each tag of each image, and of a camera's settings."""
    head, entry, pointer = ("Q", "HHQ", "Q") if big else ("H", "HHI", "I")
    size = struct.calcsize(order + entry + pointer)
    waiting, seen = [directory], set()
    while waiting:
        at = waiting.pop()
        if at in seen or len(seen) > 2 * MOST_IMAGES:
            raise ValueError("too many images, or images in a ring")
        seen.add(at)
        with suppress(struct.error):  # the list is cut off
            (count,) = struct.unpack_from(order + head, data, at)
            at += struct.calcsize(order + head)
            for _ in range(count):
                tag, kind, length, value = struct.unpack_from(order + entry + pointer, data, at)
                yield kind, length
                if tag == _EXIF:
                    waiting.append(value)
                at += size
            (following,) = struct.unpack_from(order + pointer, data, at)
            if following:
                waiting.append(following)
