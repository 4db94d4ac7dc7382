"""A folder of NORMAL/ and PNEUMONIA/ as a list of records with patient groups."""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from pneumonia.errors import DataError
from pneumonia.labels import CLASS_NAMES

# A third part, test, is held out: nothing in training ever reads it.
_TRAINING_PARTS = ("train", "val")

# How the public sets name their files, and the group a name puts an image in. `person5_bacteria` and
# `person5_virus` are two numberings, as are the two series of normals: one number is kept together to be safe.
_PATIENT_PATTERNS = (
    (re.compile(r"person(\d+)_"), "person-{}"),
    (re.compile(r"(?:NORMAL2-)?IM-(\d+)-"), "im-{}"),
    (re.compile(r"(\d{8})_\d{3}$"), "nih-{}"),
)


@dataclass(frozen=True)
class Record:
    """One image file.

    Attributes:
        path: where it lies.
        label: index in `CLASS_NAMES`.
        patient: group that must never be split; images with identical bytes share a group.
        sha256: hex digest of the file's bytes.
    """

    path: Path
    label: int
    patient: str
    sha256: str


def patient_of(name: str) -> str:
    """The patient group a file name tells, or the name itself where it follows no known pattern."""
    stem = Path(name).stem
    for pattern, group in _PATIENT_PATTERNS:
        if match := pattern.match(stem):
            return group.format(int(match[1]))
    return stem


def read_classes(folder: Path) -> list[Record]:
    """List the images of a folder that holds NORMAL/ and PNEUMONIA/.

    Raises:
        DataError: if a class is missing or empty.
    """
    return _read([folder])


def read_training_folder(folder: Path) -> list[Record]:
    """List the images to train and validate with.

    Args:
        folder: holds NORMAL/ and PNEUMONIA/, or train/ and val/ of those, which are merged and split anew
            (the public validation part has only 16 images). A test/ beside them is left alone.

    Returns:
        Records by class and name; identical files are in one patient group.

    Raises:
        DataError: if a class is missing or empty.
    """
    return _read([folder / part for part in _TRAINING_PARTS if (folder / part).is_dir()] or [folder])


def _read(parts: list[Path]) -> list[Record]:
    records = []
    for label, class_name in enumerate(CLASS_NAMES):
        paths = [path for part in parts for path in files_in(part / class_name)]
        if not paths:
            raise DataError(
                f"No images found for class {class_name}. The data folder must hold "
                f"{' and '.join(CLASS_NAMES)}, or train and val folders of those."
            )
        for path in paths:
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            records.append(Record(path, label, patient_of(path.name), digest))
    return with_duplicates_grouped(records)


def files_in(folder: Path) -> list[Path]:
    """The regular files of a folder by name, hidden ones left out; none if there is no such folder."""
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))


def with_duplicates_grouped(records: list[Record]) -> list[Record]:
    """Give groups that share an identical file one common name (union-find over patient names)."""
    parent: dict[str, str] = {}

    def root(name: str) -> str:
        while (above := parent.setdefault(name, name)) != name:
            name = above
        return name

    first_with: dict[str, str] = {}
    for record in records:
        twin = first_with.setdefault(record.sha256, record.patient)
        low, high = sorted((root(twin), root(record.patient)))
        parent[high] = low
    return [Record(r.path, r.label, root(r.patient), r.sha256) for r in records]


def fingerprint(records: Iterable[Record]) -> str:
    """A hash of which images with which labels, whatever their order or folder: hex SHA-256."""
    lines = sorted(f"{record.sha256} {record.label}" for record in records)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
