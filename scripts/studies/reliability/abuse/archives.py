"""ZIP archives for the Batch tab: bombs, and what else a batch must answer file by file or refuse whole."""

import struct
import zipfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from scripts.studies.reliability.abuse.answers import CHEST
from scripts.studies.reliability.abuse.cases import Case
from scripts.studies.reliability.abuse.names import NAMES
from scripts.studies.reliability.synthetic_images import encode, photograph

GOOD = encode(CHEST, "PNG")
_LONG = "n" * 300 + ".png"


@dataclass(frozen=True)
class Batch:
    """An archive and its answer.

    Attributes:
        what: it is, in words.
        make: gives its bytes.
        refused: words of the refusal of the whole; empty where its files are answered one by one.
        members: what each of its files is answered with, by name, as a case that makes nothing.
    """

    what: str
    make: Callable[[], bytes]
    refused: str = ""
    members: tuple[Case, ...] = ()

    def complaints(self, record: dict[str, Any]) -> list[str]:
        """Find what is wrong with an answer of `interfaces.batch`."""
        if self.refused or record["status"] == "rejected":
            right = self.refused and record["status"] == "rejected" and self.refused in record["error"]
            return [] if right else [f"{self.what}: {record}"]
        by_name = {member["name"]: member for member in record["members"]}
        if sorted(by_name) != sorted(case.name for case in self.members) or len(by_name) != len(record["members"]):
            return [f"{self.what}: {sorted(by_name)}"]
        return [f"{self.what}: {text}" for case in self.members for text in case.complaints(by_name[case.name])]


def packed(files: Iterable[tuple[str, bytes]], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """An archive of these files, whatever their names."""
    stream = BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        for name, data in files:
            archive.writestr(zipfile.ZipInfo(name), data, method)
    return stream.getvalue()


def nested(depth: int) -> bytes:
    """An archive in an archive in an archive."""
    data = GOOD
    for level in range(depth):
        data = packed([(f"{level}.zip", data)])
    return data


def says_of_sizes(size: int) -> bytes:
    """An archive that says its file is of another size than it is."""
    data = bytearray(packed([("bomb", bytes(300 * 10**6)), ("good", GOOD)]))
    struct.pack_into("<I", data, data.index(b"PK\x01\x02") + 24, size)
    return bytes(data)


def _read(name: str) -> Case:
    return Case(name, bytes, "read", name=name)


def _refused(name: str, words: str) -> Case:
    return Case(name, bytes, "rejected", (words,), name=name)


_ODD = [name for name in (*NAMES, _LONG) if not name.startswith(".")]
CASES = (
    Batch(
        "500 MB of zeros beside a radiograph",
        lambda: packed([("bomb", bytes(500 * 10**6)), ("good", GOOD)]),
        members=(_refused("bomb", "100 times"), _read("good")),
    ),
    Batch(
        "ten bombs",
        lambda: packed([(f"{number}", bytes(99 * 10**6)) for number in range(10)]),
        members=tuple(_refused(f"{number}", "100 times") for number in range(10)),
    ),
    Batch("a bomb that says it is small", lambda: says_of_sizes(1000), members=(_refused("bomb", ""), _read("good"))),
    Batch("an archive in an archive", lambda: nested(5), members=(_refused("4.zip", "ZIP archive"),)),
    Batch(
        "names that lead out of it",
        lambda: packed([("../up.png", GOOD), ("/root.png", GOOD), ("in.png", GOOD), ("C:\\root.png", GOOD)]),
        members=(
            *(_refused(name, "leads out") for name in ("../up.png", "/root.png", "C:\\root.png")),
            _read("in.png"),
        ),
    ),
    Batch("odd names", lambda: packed([(name, GOOD) for name in _ODD]), members=tuple(map(_read, _ODD))),
    Batch(
        "what is no radiograph",
        lambda: packed([("photo", encode(photograph(), "JPEG")), ("turned.png", encode(CHEST.T[::-1], "PNG"))]),
        members=(_refused("photo", "colour"), _refused("turned.png", "side")),
    ),
    Batch("six thousand files", lambda: packed([(str(n), b"") for n in range(6000)]), refused="at most 5,000"),
    Batch("a hundred thousand files", lambda: packed([(str(n), b"") for n in range(100_000)]), refused="at most 5,000"),
    Batch("none", lambda: b"PK\x05\x06" + bytes(18), members=(_refused("none.zip", "empty ZIP"),)),
    Batch("folders alone", lambda: packed([("folder/", b"")]), refused="no files"),
    Batch("cut off", lambda: packed([("good", GOOD)])[:-30], refused="truncated"),
    Batch("a lie from the first bytes on", lambda: b"PK\x03\x04" + bytes(1000), refused="truncated"),
)
