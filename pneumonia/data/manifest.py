"""Labelled images of folders and tables as a list of records with patient groups, and what in them was not taken."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

from pneumonia.core.labels import CLASS_NAMES
from pneumonia.core.patient_sources import TABLE, UNKNOWN
from pneumonia.core.populations import population_of_age
from pneumonia.data.patients import BY_NAME, Patients
from pneumonia.data.tables import NOTHING_STATED, UNLABELLED, Stated, read_table
from pneumonia.errors import DataError
from pneumonia.utils.folders import is_hidden, problem, walk
from pneumonia.utils.formatting import one_line

# What `get_data.py` writes beside the images of a set that it fetched.
SOURCE = "SOURCE.json"

_WHOLE = ""  # the part of images whose class folders lie in the data folder itself
_TRAINING_PARTS = ("train", "val", "validation")
# Nothing in training ever reads it.
TEST = "test"
DATA_PARTS = (*_TRAINING_PARTS, TEST)
# Of what else a folder holds, in a refusal.
_TOLD = 5

# Why files are left out; `folders.problem` has the reasons why single ones cannot be read.
_OUTSIDE = f"outside of the folders {' and '.join(CLASS_NAMES)} that are read"
WITHOUT_LABEL = "without a label"
_IN_OTHER_CLASS = "in a folder of one class inside that of the other"
_PART_IN_CLASS = f"in a part inside of a class; {', '.join(DATA_PARTS)} hold the classes, not the other way round"


@dataclass(frozen=True)
class Record:
    """One image file.

    Attributes:
        path: where it lies.
        label: index in `CLASS_NAMES`.
        patient: group that must never be split; images with identical bytes share a group.
        sha256: hex digest of the file's bytes.
        patient_known: whether it is known whose it is; if not, it is in a group of its own.
        place: its path below the data folder, with slashes.
        part: of the data that it is in, as "train"; none where the folder has no parts.
        stated: what else is known of it.
        source: name of the folder or table that lists it.
    """

    path: Path
    label: int
    patient: str
    sha256: str
    patient_known: bool = True
    place: str = ""
    part: str = ""
    stated: Stated = NOTHING_STATED
    source: str = ""


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


@dataclass(frozen=True)
class Manifest:
    """Contents of a data folder.

    Attributes:
        records: its labelled images, by class, part and name, or in the order of the table.
        left_out: what else is in it, but for hidden files.
        patients_from: how patients were known: source of a `Patients`, or `UNKNOWN` if none is.
        unlabelled: images of a table that nobody labelled.
    """

    records: list[Record]
    left_out: list[LeftOut]
    patients_from: str
    unlabelled: list[Record] = field(default_factory=list)

    @property
    def patient_unknown(self) -> int:
        """Number of images of which it is not known whose they are."""
        return count_unknown(self.records)

    def require_patients(self) -> list[Record]:
        """The records, where it matters that no patient is in two parts of them.

        Raises:
            DataError: if it is not known of all images whose they are.
        """
        if self.patient_unknown:
            raise DataError(
                f"The patient of {self.patient_unknown:,} of {len(self.records):,} images is unknown, and here no "
                "patient may be in two parts. Name the files as one of the sets in pneumonia/data/patients.py does."
            )
        return self.records

    def require_usable(self) -> "Manifest":
        """The same, where something is to be trained or measured on it.

        Raises:
            DataError: with the reason in `refusal`, if there is one.
        """
        if self.refusal:
            raise DataError(self.refusal)
        return self

    @property
    def refusal(self) -> str | None:
        """A sentence on why nothing can be trained or measured on these images; None if something can."""
        return refuse_missing_class((record.label for record in self.records), self.left_out) or refuse_two_labels(
            (record.place, record.label, record.sha256) for record in self.records
        )


def read_classes(source: Path, patients: Patients = BY_NAME) -> Manifest:
    """List the images of a table, or of a folder that holds NORMAL/ and PNEUMONIA/, with whatever is below these.

    Args:
        source: of the data; the classes and parts of a folder may be written in capitals or not.
        patients: whose the images are, where no table tells it.

    Raises:
        DataError: if a class is missing or empty, if one image is in both, or if `patients` does not fit.
    """
    manifest = _populated(survey(source, patients, ())).require_usable()
    if not manifest.unlabelled:
        return manifest
    without = LeftOut(set_name(source), len(manifest.unlabelled), WITHOUT_LABEL)
    return replace(manifest, left_out=[*manifest.left_out, without], unlabelled=[])


def read_training_folder(source: Path, patients: Patients = BY_NAME) -> Manifest:
    """List the images to train and validate with.

    Args:
        source: a table; or a folder that holds NORMAL/ and PNEUMONIA/, or train/ and val/ (or validation/) of those,
            which are merged and split anew (the public validation part has only 16 images). A test/ beside them is left
            alone.
        patients: whose the images are, where no table tells it.

    Returns:
        Records by class and name; identical files are in one patient group.

    Raises:
        DataError: as `read_classes`.
    """
    return survey(source, patients).require_usable()


def read_training_data(
    sources: Sequence[Path], patients: Patients = BY_NAME, populations: Sequence[str] = ()
) -> Manifest:
    """List the images of several folders and tables to train and validate with.

    Args:
        sources: each as for `read_training_folder`.
        patients: whose the images are, where no table tells it.
        populations: of the patients of each source, or one for all; for images whose table states neither a population
            nor an age.

    Returns:
        Records of known populations have it stated. Those of an age between the populations are left out.

    Raises:
        DataError: as `read_classes`, of each source, for one that holds a single class tells hospitals apart and not
            what is ill; if one image is labelled twice; or if the populations are not one for each source.
    """
    if len(populations) not in (0, 1, len(sources)):
        raise DataError(
            f"There are {len(sources)} sources of images and {len(populations)} populations. Name one each."
        )
    listed = [_source_name(source) for source in sources]
    if len(set(listed)) < len(listed):
        raise DataError("Two sources of images have the same name. Rename the folder of one: figures are told by it.")
    names = (list(populations) or [""]) * (len(sources) if len(populations) < 2 else 1)
    manifests = [
        _populated(survey(source, patients), name).require_usable() for source, name in zip(sources, names, strict=True)
    ]
    records = [record for manifest in manifests for record in (*manifest.records, *manifest.unlabelled)]
    if len(sources) > 1:
        # One path may lie in several.
        records = [
            replace(
                record,
                place=f"{record.source}/{record.place}",
                patient=record.patient if record.patient_known else f"{record.source}/{record.patient}",
            )
            for record in records
        ]
    records = group_duplicates(records)
    labelled = [record for record in records if record.label != UNLABELLED]
    if refusal := refuse_two_labels((record.place, record.label, record.sha256) for record in labelled):
        raise DataError(refusal)
    return Manifest(
        labelled,
        [left for manifest in manifests for left in manifest.left_out],
        ", ".join(sorted({manifest.patients_from for manifest in manifests})),
        [record for record in records if record.label == UNLABELLED],
    )


def _populated(manifest: Manifest, population: str = "") -> Manifest:
    """The same with the population of each image stated where it is known, without those of an age in none."""

    def known(record: Record) -> Record | None:
        years = record.stated.age
        name = record.stated.population or (population if years is None else population_of_age(years))
        return None if name is None else replace(record, stated=replace(record.stated, population=name))

    records, unlabelled = ([known(record) for record in part] for part in (manifest.records, manifest.unlabelled))
    left_out = list(manifest.left_out)
    if between := records.count(None) + unlabelled.count(None):
        source = next(record.source for record in (*manifest.records, *manifest.unlabelled))
        left_out.append(LeftOut(source, between, "of patients under 1 or of 6 to 17 years, who are of no population"))
    return replace(
        manifest,
        records=[record for record in records if record],
        left_out=left_out,
        unlabelled=[record for record in unlabelled if record],
    )


def survey(source: Path, patients: Patients = BY_NAME, parts: Sequence[str] = _TRAINING_PARTS) -> Manifest:
    """List the images of a folder or a table, whatever is wrong with them.

    Args:
        source: as for `read_training_folder`.
        patients: whose the images are, where no table tells it.
        parts: of `DATA_PARTS`, those of a folder to read where they are there.

    Raises:
        DataError: if `patients` does not fit, or if a table cannot be read.
    """
    listed, left_out = list_images(source, parts, patients.table)
    told, patients_from = tell_patients(listed, patients)
    records = []
    for file, patient in zip(listed, told, strict=True):
        try:
            sha256 = hashlib.sha256(file.path.read_bytes()).hexdigest()
        except OSError as error:
            left_out.append(LeftOut(file.place, 1, f"which cannot be opened: {error.strerror}"))
            continue
        group = patient or file.place
        records.append(
            Record(
                *(file.path, file.label, group, sha256, bool(patient), file.place, file.part, file.stated),
                source=_source_name(source),
            )
        )
    records = group_duplicates(records)
    labelled = [record for record in records if record.label != UNLABELLED]
    return Manifest(
        labelled,
        left_out,
        patients_from if any(record.patient_known for record in records) else UNKNOWN,
        [record for record in records if record.label == UNLABELLED],
    )


def _source_name(source: Path) -> str:
    return f"{set_name(source)}/{source.name}" if source.is_file() else set_name(source)


def set_name(source: Path) -> str:
    """The name that figures of the images of a folder, or of the folder that a table lies in, stand under."""
    return (source.resolve().parent if source.is_file() else source.resolve()).name


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


def refuse_missing_class(labels: Iterable[int], left_out: Sequence[LeftOut] = ()) -> str | None:
    """A sentence if a class has no image, with what was left out instead, else None."""
    present = set(labels)
    for label, class_name in enumerate(CLASS_NAMES):
        if label not in present:
            others = f" There is {'; '.join(map(str, left_out[:_TOLD]))}." if left_out else ""
            return (
                f"No images found for class {class_name}. The data folder must hold {' and '.join(CLASS_NAMES)}, or, "
                f"to train, train and val folders of those; a table, rows of both.{others}"
            )
    return None


def refuse_two_labels(images: Iterable[tuple[str, int, str]]) -> str | None:
    """A sentence if one image is labelled both normal and pneumonia, else None.

    Args:
        images: name, label and hash of each.
    """
    first: dict[str, tuple[str, int]] = {}
    pairs = []
    for name, label, sha256 in images:
        twin, twins_label = first.setdefault(sha256, (name, label))
        if twins_label != label:
            pairs.append((twin, name))
    if not pairs:
        return None
    one, other = map(one_line, pairs[0])
    more = f" (and so on, {len(pairs):,} pairs in all)" if len(pairs) > 1 else ""
    return f"{one} and {other} are the same image{more}. Decide which label is right."


def group_duplicates(records: list[Record]) -> list[Record]:
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
    return [replace(record, patient=root(record.patient)) for record in records]


def count_unknown(records: Iterable[Record]) -> int:
    """Number of images of which it is not known whose they are."""
    return sum(not record.patient_known for record in records)


def fingerprint(records: Iterable[Record]) -> str:
    """A hash of which images with which labels, whatever their order or folder: hex SHA-256."""
    lines = sorted(f"{record.sha256} {record.label}" for record in records)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


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
    to_train_with = {part for _, _, part, label, _ in entries if label is not None} & set(_TRAINING_PARTS) & set(parts)
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
