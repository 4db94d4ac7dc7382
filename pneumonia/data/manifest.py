"""Labelled images of folders and tables as a list of records with patient groups, and what in them was not taken."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pneumonia.core.labels import CLASS_NAMES
from pneumonia.core.patient_sources import UNKNOWN
from pneumonia.core.populations import population_of_age
from pneumonia.data.listing import TRAINING_PARTS, WITHOUT_LABEL, LeftOut, list_images, tell_patients
from pneumonia.data.patients import BY_NAME, Patients
from pneumonia.data.tables import NOTHING_STATED, UNLABELLED, Stated
from pneumonia.errors import DataError
from pneumonia.utils.formatting import one_line

# Of what else a folder holds, in a refusal.
_TOLD = 5


@dataclass(frozen=True)
class Record:
    """One image file.

    Attributes:
        path: where it lies.
        label: index in `CLASS_NAMES`; `UNLABELLED` where nobody gave one, or an uncertain one.
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


@dataclass(frozen=True)
class Manifest:
    """Contents of folders and tables.

    Attributes:
        images: by class, part and name, or in the order of the table.
        left_out: what else is there, but for hidden files.
        patients_from: how patients were known: source of a `Patients`, or `UNKNOWN` if none is.
    """

    images: list[Record]
    left_out: list[LeftOut]
    patients_from: str

    @property
    def records(self) -> list[Record]:
        """The images with a label."""
        return [record for record in self.images if record.label != UNLABELLED]

    @property
    def uncertain(self) -> list[Record]:
        """Those whose label is uncertain."""
        return [record for record in self.images if record.stated.share is not None]

    @property
    def unlabelled(self) -> list[Record]:
        """Those of a table that nobody labelled."""
        return [record for record in self.images if record.label == UNLABELLED and record.stated.share is None]

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
    manifest = _with_populations(survey(source, patients, ())).require_usable()
    left_out = list(manifest.left_out)
    if without := len(manifest.images) - len(manifest.records):
        left_out.append(LeftOut(set_name(source), without, WITHOUT_LABEL))
    return replace(manifest, images=manifest.records, left_out=left_out)


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
    return read_training_data([source], patients)


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
    if len({_source_name(source) for source in sources}) < len(sources):
        raise DataError("Two sources of images have the same name. Rename the folder of one: figures are told by it.")
    of_sources = populations if len(populations) == len(sources) else [*populations, ""][:1] * len(sources)
    manifests = [
        _with_populations(survey(source, patients), population).require_usable()
        for source, population in zip(sources, of_sources, strict=True)
    ]
    if len(manifests) == 1:
        return manifests[0]
    # One path may lie in several.
    images = [
        replace(
            record,
            place=f"{record.source}/{record.place}",
            patient=record.patient if record.patient_known else f"{record.source}/{record.patient}",
        )
        for manifest in manifests
        for record in manifest.images
    ]
    return Manifest(
        group_duplicates(images),
        [left for manifest in manifests for left in manifest.left_out],
        ", ".join(sorted({manifest.patients_from for manifest in manifests})),
    ).require_usable()


def _with_populations(manifest: Manifest, population: str = "") -> Manifest:
    """The same with the population of each image stated where it is known, without those of an age in none."""
    images = []
    for record in manifest.images:
        years = record.stated.age
        known = record.stated.population or (population if years is None else population_of_age(years))
        if known is not None:
            images.append(replace(record, stated=replace(record.stated, population=known)))
    left_out = list(manifest.left_out)
    if between := len(manifest.images) - len(images):
        reason = "of patients under 1 or of 6 to 17 years, who are of no population"
        left_out.append(LeftOut(manifest.images[0].source, between, reason))
    return replace(manifest, images=images, left_out=left_out)


def survey(source: Path, patients: Patients = BY_NAME, parts: Sequence[str] = TRAINING_PARTS) -> Manifest:
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
    known = any(record.patient_known for record in records)
    return Manifest(group_duplicates(records), left_out, patients_from if known else UNKNOWN)


def _source_name(source: Path) -> str:
    return f"{set_name(source)}/{source.name}" if source.is_file() else set_name(source)


def set_name(source: Path) -> str:
    """The name that figures of the images of a folder, or of the folder that a table lies in, stand under."""
    return (source.resolve().parent if source.is_file() else source.resolve()).name


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
