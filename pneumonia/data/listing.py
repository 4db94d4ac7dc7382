"""Image files that a folder or a table lists, and what in it is not taken; none is read yet."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from pneumonia.core.labels import CLASS_NAMES
from pneumonia.core.patient_sources import TABLE
from pneumonia.data.patients import Patients
from pneumonia.data.tables import NOTHING_STATED, Stated, read_table
from pneumonia.errors import DataError
from pneumonia.utils.folders import is_hidden, problem, walk
from pneumonia.utils.formatting import one_line

# What `get_data.py` writes beside the images of a set that it fetched.
SOURCE = "SOURCE.json"

_WHOLE = ""  # the part of images whose class folders lie in the data folder itself
TRAINING_PARTS = ("train", "val", "validation")
# Nothing in training ever reads it.
TEST = "test"
DATA_PARTS = (*TRAINING_PARTS, TEST)

# Why files are left out; `folders.problem` has the reasons why single ones cannot be read.
_OUTSIDE = f"outside of the folders {' and '.join(CLASS_NAMES)} that are read"
WITHOUT_LABEL = "without a label that is certain"
_IN_OTHER_CLASS = "in a folder of one class inside that of the other"
_PART_IN_CLASS = f"in a part inside of a class; {', '.join(DATA_PARTS)} hold the classes, not the other way round"


class LeftOut(NamedTuple):
    """Files of a data folder that were not taken: their place below it, a folder or one file; how many; and why."""

    place: str
    files: int
    reason: str

    def __str__(self) -> str:
        return f"{one_line(self.place)}: {self.files:,} file{'s' * (self.files != 1)}, {self.reason}"


class Listed(NamedTuple):
    """A file in a folder of a class, or in a row of a table: its path, its place below the folder of the data, its part
    of it, its label, its patient where a table tells one, and what else that states."""

    path: Path
    place: str
    part: str
    label: int
    patient: str | None = None
    stated: Stated = NOTHING_STATED


def label_of(parts: Sequence[str]) -> tuple[int | None, str]:
    """The class of a file by the folders it lies in.

    Args:
        parts: of its path, from the folder on that may be that of a class.

    Returns:
        Index in `CLASS_NAMES`; or None, and the reason why the file cannot be taken.
    """
    first, *below = (name.upper() for name in parts[:-1]) if len(parts) > 1 else ("",)
    if first not in CLASS_NAMES:
        return None, _OUTSIDE
    if set(below) & set(CLASS_NAMES) - {first}:
        return None, _IN_OTHER_CLASS
    if set(below) & {part.upper() for part in DATA_PARTS}:
        return None, _PART_IN_CLASS
    return CLASS_NAMES.index(first), ""


def list_images(source: Path, parts: Sequence[str] = (), but: Path | None = None) -> tuple[list[Listed], list[LeftOut]]:
    """List the files of a table, or of a folder as `list_files` does."""
    return _list_rows(source) if source.is_file() else list_files(source, parts, but)


def tell_patients(listed: Sequence[Listed], patients: Patients) -> tuple[list[str | None], str]:
    """The patient of each file, None or empty where it is unknown, and how they were known.

    Raises:
        DataError: if `patients` does not fit.
    """
    told = [file.patient for file in listed]
    if None not in told:
        return told, TABLE
    return patients.of([file.place for file in listed]), patients.source


def _list_rows(table: Path) -> tuple[list[Listed], list[LeftOut]]:
    """The files that a table names, and those of them that cannot be used."""
    listed, left_out = [], []
    for row in read_table(table):
        path = table.parent / row.file
        if path.is_file():
            listed.append(Listed(path, row.file, _WHOLE, row.label, row.patient, row.stated))
        else:
            left_out.append(LeftOut(row.file, 1, "which is not there"))
    return listed, left_out


def list_files(folder: Path, parts: Sequence[str] = (), but: Path | None = None) -> tuple[list[Listed], list[LeftOut]]:
    """List the files in NORMAL/ and PNEUMONIA/ of some parts of a folder, by class, part and name.

    Args:
        folder: of the data.
        parts: to read; the classes beside them, where none is there to train with.
        but: a file that is left alone.

    Returns:
        The files, and what else is in the folder.
    """
    if not folder.is_dir():
        raise DataError(f"No images found for class {CLASS_NAMES[0]}: there is no folder {folder.name!r}.")
    entries = []
    for name in walk(folder, [but] if but else ()):
        below = Path(name).relative_to(folder).parts
        if below != (SOURCE,) and not any(is_hidden((part,)) for part in below):
            part = below[0].lower() if len(below) > 1 and below[0].lower() in DATA_PARTS else _WHOLE
            entries.append((name, below, part, *label_of(below[bool(part) :])))
    to_train_with = {part for _, _, part, label, _ in entries if label is not None} & set(TRAINING_PARTS) & set(parts)
    read = (to_train_with or {_WHOLE}) | ({TEST} & set(parts))
    listed: list[Listed] = []
    left_out: Counter[tuple[str, str]] = Counter()
    for name, below, part, label, reason in entries:
        if part not in read and (part != _WHOLE or label is not None):
            # What lies in test/ is not meant for training.
            if not (parts and part == TEST):
                left_out[f"{below[0]}/", _OUTSIDE] += 1
        elif label is None:
            depth = 1 + bool(part) if reason == _OUTSIDE else len(below) - 1
            left_out["/".join(below[:depth]) + "/" if depth < len(below) else "/".join((*below[:-1], "*")), reason] += 1
        elif broken := problem(name):
            left_out["/".join(below), broken] += 1
        else:
            listed.append(Listed(Path(name), "/".join(below), part, label))
    listed.sort(key=lambda file: (file.label, (_WHOLE, *DATA_PARTS).index(file.part), file.path))
    return listed, [LeftOut(place, files, reason) for (place, reason), files in sorted(left_out.items())]
