"""A search for marks in all that a program left, whatever it was packed into."""

import base64
import binascii
import html
import re
import zipfile
import zlib
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from urllib.parse import unquote_to_bytes

import pyarrow.parquet as pq
from pypdf import PdfReader

from tests.marks import NAMED, PATTERN_INSIDE

_DEEPEST = 5
_MOST_UNPACKED = 50_000_000
_ZLIB = re.compile(rb"\x78[\x01\x5e\x9c\xda]")
_BASE64 = re.compile(rb"[A-Za-z0-9+/_-]{12,}={0,2}")
_HEX = re.compile(rb"(?:[0-9A-Fa-f]{2}){5,}")
_ESCAPES = re.compile(rb"\\u00([0-9a-fA-F]{2})|\\x([0-9a-fA-F]{2})")
# As text, and as text of two bytes a character.
_INSIDE, _NAMED = (
    re.compile(pattern.encode(), re.IGNORECASE) for pattern in (PATTERN_INSIDE, f'{NAMED}[^<>"\\\\/]{{0,30}}')
)


def marks_inside(*said: object) -> set[str]:
    """Marks of what files hold, in bytes, or in anything as `repr` shows it."""
    return _found(_INSIDE, said)


def marks_of_names(*said: object) -> set[str]:
    """Marks of what files are called."""
    return _found(_NAMED, said)


def marks_anywhere(*said: object) -> set[str]:
    """Marks of both kinds."""
    return marks_inside(*said) | marks_of_names(*said)


def all_files(folder: Path) -> dict[str, bytes]:
    """What lies in a folder, by relative path; what was deleted in the meantime is left out."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink():
            try:
                found[str(path.relative_to(folder))] = path.read_bytes()
            except FileNotFoundError:
                continue
    return found


def _found(pattern: re.Pattern, said: tuple[object, ...]) -> set[str]:
    return {
        mark.decode("latin-1")
        for thing in said
        for layer in _layers(thing if isinstance(thing, bytes) else repr(thing).encode("utf-8", "surrogateescape"), 0)
        for text in (layer, layer.replace(b"\0", b""))
        for mark in pattern.findall(text)
    }


def _layers(data: bytes, depth: int) -> Iterator[bytes]:
    """Some bytes, and what can be unpacked from them, again and again."""
    yield data
    if depth == _DEEPEST:
        return
    for inner in _unpacked(data):
        if len(inner) >= len(NAMED) and inner != data:
            yield from _layers(inner, depth + 1)


def _unpacked(data: bytes) -> Iterator[bytes]:
    if data.startswith(b"PK") and zipfile.is_zipfile(BytesIO(data)):
        yield from _of_zip(data)
        return
    if data.startswith(b"PAR1"):
        table = pq.read_table(BytesIO(data))
        yield repr((table.to_pylist(), table.schema, pq.read_metadata(BytesIO(data)))).encode()
        return
    if data.startswith(b"%PDF") and b"%%EOF" in data:
        reader = PdfReader(BytesIO(data))
        yield "\n".join((repr(reader.metadata), *(page.extract_text() for page in reader.pages))).encode()
    if data[128:132] == b"DICM":
        # What follows the file's own header may be deflated.
        yield _inflated(data[144 + int.from_bytes(data[140:144], "little") :], -zlib.MAX_WBITS)
    for packed in _ZLIB.finditer(data):
        yield _inflated(data[packed.start() :], zlib.MAX_WBITS)
    at = data.find(b"\x1f\x8b\x08")
    while at >= 0:
        yield _inflated(data[at:], zlib.MAX_WBITS | 16)
        at = data.find(b"\x1f\x8b\x08", at + 1)
    yield from _decoded(data)


def _of_zip(data: bytes) -> Iterator[bytes]:
    with zipfile.ZipFile(BytesIO(data)) as archive:
        yield archive.comment
        for info in archive.infolist():
            yield from (info.filename.encode("utf-8", "surrogateescape"), info.comment, info.extra, archive.read(info))


def _inflated(data: bytes, window: int) -> bytes:
    try:
        return zlib.decompressobj(window).decompress(data, _MOST_UNPACKED)
    except zlib.error:
        return b""


def _decoded(data: bytes) -> Iterator[bytes]:
    """What text stands for; only text is written so."""
    if _ESCAPES.search(data):
        yield _ESCAPES.sub(lambda escape: bytes.fromhex((escape[1] or escape[2]).decode()), data)
    if b"%" in data:
        yield unquote_to_bytes(data)
    if b"&#" in data:
        yield html.unescape(data.decode("latin-1")).encode("latin-1", "replace")
    for run in _BASE64.finditer(data):
        text = run[0].rstrip(b"=").translate(bytes.maketrans(b"-_", b"+/"))
        # It may begin within what looks like more of it.
        for start in range(4):
            yield _of_base64(text[start:])
    for run in _HEX.finditer(data):
        yield binascii.unhexlify(run[0])


def _of_base64(text: bytes) -> bytes:
    whole = text[: len(text) - (len(text) % 4 == 1)]
    return base64.b64decode(whole + b"=" * (-len(whole) % 4))
