"""Radiographs in a ZIP archive, read one at a time and never unpacked to disk."""

import lzma
import struct
import threading
import zipfile
import zlib
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath, PureWindowsPath

from pneumonia.errors import CorruptImageError, ImageError, ImageSizeError, UnsupportedImageError
from pneumonia.utils.folders import is_hidden
from pneumonia.utils.processes import PerProcess

_ENCRYPTED = 1
# Bytes that may come out of one packed byte. Radiographs hardly give three; of zeros, deflate packs 1,000 into one.
_MOST_PACKED = 100
# How the end of an archive begins, and how long it can be.
_END, _END_WITH_COMMENT = b"PK\x05\x06", 22 + 65_535
# Of its list of members: for each that may be read the fields of one and a long name, and what is quick anyhow.
_BYTES_A_MEMBER, _BYTES_ANYHOW = 512, 1_000_000
_TOO_MANY = "This ZIP archive holds {count} files; at most {most} are read at once."
_UNPACKED_ANYHOW = 1_000_000  # bytes of a small file, however well they pack
# What `zipfile` raises on damaged members and on methods it does not know.
_ZIP_ERRORS = (
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error),
    *(EOFError, OSError, NotImplementedError, RuntimeError, ValueError),
)


@dataclass
class _Handle:
    """Of one process: two that read from one open file move each other's place in it."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    file: zipfile.ZipFile | None = None


class Archive:
    """A ZIP file that is opened when something is read from it, and closed when the last `with` over it ends.

    Args:
        path: of the file. Once it is deleted, nothing more is read from it after it was closed.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._handle = PerProcess(_Handle)
        self._users = 0

    def __enter__(self) -> "Archive":
        with self._handle.value.lock:
            self._users += 1
        return self

    def __exit__(self, *_: object) -> None:
        handle = self._handle.value
        with handle.lock:
            self._users -= 1
            # A batch may go on reading while a row of it is opened and done with.
            if not self._users and handle.file is not None:
                handle.file.close()
                handle.file = None

    def file(self) -> zipfile.ZipFile:
        """The open file; raises what `zipfile` raises."""
        handle = self._handle.value
        with handle.lock:
            if handle.file is None:
                handle.file = zipfile.ZipFile(self.path)
            return handle.file


class ZipMember:
    """One file of an archive; unpacked only when it is read, so that memory stays flat.

    Args:
        archive: it is in.
        info: of the member.

    Attributes:
        archive: the same.
        name: inside the archive, with its folders.
    """

    def __init__(self, archive: Archive, info: zipfile.ZipInfo) -> None:
        self.archive = archive
        self._info = info
        self.name = info.filename

    def read(self, size: int) -> bytes:
        """The first bytes of the file.

        What the archive says of a member's size is not believed: no more is unpacked than was asked for, and than
        a radiograph of this many packed bytes can hold.

        Args:
            size: at most this many.

        Raises:
            ImageError: if the member's name leads out of the archive, or if it is encrypted, packed in an unknown
                way or far too tightly, or damaged.
        """
        path = PureWindowsPath(self.name)  # knows both kinds of slashes
        if path.root or ".." in path.parts:
            raise UnsupportedImageError("The name of this file leads out of its archive. Pack it anew.")
        if self._info.flag_bits & _ENCRYPTED:
            raise UnsupportedImageError("This file is encrypted inside its archive. Unpack it first.")
        most = max(_MOST_PACKED * self._info.compress_size, _UNPACKED_ANYHOW)
        try:
            with self.archive.file().open(self._info) as file:
                content = file.read(min(size, most + 1))
        except _ZIP_ERRORS as error:
            raise CorruptImageError("This file is damaged inside its archive. Pack it again.") from error
        if len(content) > most:
            raise ImageSizeError(
                f"This file unpacks to more than {_MOST_PACKED} times its size, as no radiograph does. It was not read."
            )
        return content


def list_members(path: Path, most: int) -> list[ZipMember]:
    """The files of an archive, without folders and what operating systems add unseen.

    Args:
        path: of a ZIP archive; it must stay there as long as its members are read.
        most: how many there may be.

    Raises:
        ImageError: if it is no archive that can be read, holds no file, or more than may be read.
    """
    archive = Archive(path)
    try:
        _require_short_directory(path, most)
        with archive:
            infos = archive.file().infolist()
    except _ZIP_ERRORS as error:
        raise CorruptImageError("This ZIP archive is truncated or damaged. Pack it again.") from error
    # Members that share their bytes would unpack to far more than the archive holds.
    if sum(info.compress_size for info in infos) > path.stat().st_size:
        raise CorruptImageError("This ZIP archive says it holds more than it does. Pack it again.")
    # In this order: of a member without a name, Python 3.11 cannot tell whether it is a folder.
    files = [info for info in infos if not _unseen(PurePosixPath(info.filename)) and not info.is_dir()]
    if not files:
        raise ImageError("This ZIP archive holds no files.")
    if len(files) > most:
        raise ImageSizeError(_TOO_MANY.format(count=f"{len(files):,}", most=f"{most:,}"))
    return [ZipMember(archive, info) for info in sorted(files, key=lambda info: info.filename)]


def _require_short_directory(path: Path, most: int) -> None:
    """Refuse by its last bytes an archive whose list of members would take long to go through."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - _END_WITH_COMMENT))
        end = file.read()
    at = end.rfind(_END)
    if at >= 0:
        count, size = struct.unpack_from("<HI", end, at + 10)
        if size > most * _BYTES_A_MEMBER + _BYTES_ANYHOW:
            raise ImageSizeError(_TOO_MANY.format(count=f"{count:,}", most=f"{most:,}"))


def _unseen(path: PurePosixPath) -> bool:
    return not path.name or is_hidden(path.parts)
