"""Readers of the public copies of the data set: a ZIP archive, a folder, Parquet files."""

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePath, PureWindowsPath
from typing import TypeVar

from pneumonia.core.labels import CLASS_NAMES
from pneumonia.data.sources.chest_xray import PARTS, SourceImage
from pneumonia.errors import DataError, ImageError
from pneumonia.imaging.zip_archive import ZipMember, list_members
from pneumonia.utils.folders import is_hidden

# The archive of Kaggle holds 11,712 images (all of them twice), and none is larger than a few megabytes.
_MOST_FILES = 50_000
_MOST_BYTES = 50_000_000
# Rows of a Parquet file that are in memory at a time; each is an image.
_ROWS = 32

_File = TypeVar("_File")  # `ZipMember` or `Path`


def read_archive(path: Path) -> tuple[Iterator[SourceImage], int]:
    """The images of a ZIP archive, unpacked one at a time.

    Kaggle's archive holds the data set a second time in a folder inside itself: of several copies in one archive the
    outermost is taken.

    Returns:
        The images, and about the bytes of all of them.

    Raises:
        DataError: if there is no such archive, or it holds no data set. While reading, if a name leads out of the
            archive, or a file is encrypted, damaged, or unpacks to far more than a radiograph.
    """
    if not path.is_file():
        raise DataError("The file named by --archive does not exist.")
    try:
        members = list_members(path, _MOST_FILES)
    except ImageError as error:
        raise DataError(f"{path.name} cannot be read, download it again: {error}") from error
    chosen = _outermost({member: PureWindowsPath(member.name) for member in members})  # knows both kinds of slashes
    return _unpack(chosen), path.stat().st_size * len(chosen) // len(members)


def read_folder(folder: Path) -> tuple[Iterator[SourceImage], int]:
    """The images of a folder that holds train/val/test somewhere; as `read_archive` otherwise."""
    paths = {path: path.relative_to(folder) for path in folder.rglob("*") if path.is_file()}
    chosen = _outermost(paths)
    images = (SourceImage(*place, path.read_bytes()) for path, place in chosen.items())
    return images, sum(path.stat().st_size for path in chosen)


def read_parquet(folder: Path, files: Mapping[str, Mapping[str, str | None]]) -> tuple[Iterator[SourceImage], int]:
    """The images of Parquet files with the columns `image` (bytes and file name) and `label` (index of the class).

    Args:
        folder: holds the files.
        files: by part, their names, each with the hex SHA-256 it must have, if that is known.

    Returns:
        The images, and about the bytes of all of them.

    Raises:
        DataError: if a file is missing or has another hash. While reading, if a file is damaged, or has lost the
            names of the images.
    """
    named = [(part, folder / name, digest) for part, digests in files.items() for name, digest in digests.items()]
    for _, path, digest in named:
        if not path.is_file():
            raise DataError(f"The copy lacks the file {path.name}.")
        if digest and _sha256(path) != digest:
            raise DataError(f"{path.name} is not the file that was published.")
    return _rows_of(named), sum(path.stat().st_size for _, path, _ in named)


def _outermost(paths: Mapping[_File, PurePath]) -> dict[_File, tuple[str, str, str]]:
    """Find one copy of the data set: part, class and name of each file, by the last parts of its path."""
    copies: dict[tuple[str, ...], dict[_File, tuple[str, str, str]]] = {}
    for file, path in paths.items():
        parts = ("", "", *path.parts)
        above, (part, class_name, name) = parts[:-3], parts[-3:]
        if part in PARTS and class_name in CLASS_NAMES and not is_hidden(path.parts):
            copies.setdefault(above, {})[file] = (part, class_name, name)
    if not copies:
        raise DataError(f"No data set found: there are no folders {', '.join(PARTS)} of {' and '.join(CLASS_NAMES)}.")
    return copies[min(copies, key=lambda above: (len(above), above))]


def _unpack(chosen: dict[ZipMember, tuple[str, str, str]]) -> Iterator[SourceImage]:
    for member, place in chosen.items():
        try:
            content = member.read(_MOST_BYTES + 1)
        except ImageError as error:
            raise DataError(f"{member.name} in the archive cannot be used: {error}") from error
        if len(content) > _MOST_BYTES:
            raise DataError(f"{member.name} in the archive is larger than any radiograph.")
        yield SourceImage(*place, content)


def _rows_of(files: list[tuple[str, Path, str | None]]) -> Iterator[SourceImage]:
    import pyarrow
    from pyarrow import parquet

    for part, path, _ in files:
        try:
            with parquet.ParquetFile(path) as file:
                # One group after the other: over all at once, pyarrow keeps in memory what was read.
                for group in range(file.num_row_groups):
                    for batch in file.iter_batches(_ROWS, row_groups=[group], columns=["image", "label"]):
                        for row in batch.to_pylist():
                            yield _image_of(row, part, path.name)
        except (pyarrow.ArrowException, OSError) as error:
            raise DataError(f"{path.name} cannot be read as Parquet. Delete it from the cache of the Hub.") from error


def _image_of(row: dict, part: str, file: str) -> SourceImage:
    image, label = row.get("image"), row.get("label", -1)
    if not isinstance(image, dict) or not image.get("bytes") or label not in range(len(CLASS_NAMES)):
        raise DataError(f"{file} does not hold images and labels as expected.")
    if not image.get("path"):
        raise DataError(
            f"{file} has lost the names of the images, which tell the patients, so it cannot be split by patient."
        )
    return SourceImage(part, CLASS_NAMES[label], PureWindowsPath(image["path"]).name, image["bytes"])


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
