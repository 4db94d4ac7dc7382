"""Labelled radiographs of one site, of a table, or a folder or archive of NORMAL/ and PNEUMONIA/, and their scores."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

import numpy as np

from pneumonia.core.labels import CLASS_NAMES
from pneumonia.core.populations import population_of_age
from pneumonia.data.listing import WITHOUT_LABEL, LeftOut, label_of, list_images, tell_patients
from pneumonia.data.manifest import Record, group_duplicates, refuse_missing_class, refuse_two_labels, set_name
from pneumonia.data.patients import BY_NAME, Patients
from pneumonia.data.tables import UNLABELLED, Stated
from pneumonia.errors import DataError
from pneumonia.imaging.zip_archive import ZipMember, list_members
from pneumonia.inference.prediction import Prediction
from pneumonia.metrics.scores import Scores


@dataclass(frozen=True)
class LabelledImage:
    """One image file with what is known of it.

    Attributes:
        name: of its class and its file, with folders between them.
        label: index in `CLASS_NAMES`.
        source: of its bytes.
        patient: group of images of one patient; its own where it is not known whose it is.
        patient_known: whether it is.
        population: the patient's, where a table states it or an age; else empty.
    """

    name: str
    label: int
    source: Path | ZipMember
    patient: str
    patient_known: bool
    population: str = ""


def images_of(source: Path, patients: Patients = BY_NAME) -> tuple[list[LabelledImage], list[LeftOut]]:
    """The labelled images of a table, or of NORMAL/ and PNEUMONIA/ in a folder, and what else is there.

    Raises:
        DataError: if a class is missing or empty, or if `patients` does not fit.
    """
    listed, left_out = list_images(source, but=patients.table)
    labelled = [file for file in listed if file.label != UNLABELLED]
    if without := len(listed) - len(labelled):
        left_out = [*left_out, LeftOut(set_name(source), without, WITHOUT_LABEL)]
    told, _ = tell_patients(labelled, patients)
    images, left_out = _labelled([(file.place, file.place, file.label, file.path) for file in labelled], told, left_out)
    return [
        replace(image, population=_population(file.stated)) for image, file in zip(images, labelled, strict=True)
    ], left_out


def _population(stated: Stated) -> str:
    return stated.population or ("" if stated.age is None else population_of_age(stated.age) or "")


def images_in_archive(path: Path, most: int) -> tuple[list[LabelledImage], list[LeftOut]]:
    """The files of a ZIP archive in folders NORMAL and PNEUMONIA, wherever these are, and what else is in it.

    Args:
        path: of the archive; it must stay there as long as its images are read.
        most: how many files there may be.

    Raises:
        DataError: if a class is missing or empty.
        ImageError: if it is no archive that can be read, or holds too many files.
    """
    files, left_out = [], Counter[tuple[str, str]]()
    for member in list_members(path, most):
        parts = PurePosixPath(member.name).parts
        start = next((at for at, part in enumerate(parts[:-1]) if part.upper() in CLASS_NAMES), 0)
        label, reason = label_of(parts[start:])
        if label is None:
            left_out["/".join((*parts[:-1], "*")), reason] += 1
        else:
            files.append((member.name, "/".join(parts[start:]), label, member))
    files.sort(key=lambda file: (file[2], file[1]))
    told = BY_NAME.of([place for place, *_ in files])
    return _labelled(files, told, [LeftOut(place, count, reason) for (place, reason), count in left_out.items()])


def score_labelled(
    images: Sequence[LabelledImage], predictions: Iterable[Prediction]
) -> tuple[Scores, list[tuple[str, str]]]:
    """Pair labelled images with the logits of a network.

    Args:
        images: of a site.
        predictions: one an image, in their order.

    Returns:
        Scores of those that could be read, with identical files as one patient; and names of the others, each with the
        reason.

    Raises:
        DataError: if one image is labelled both normal and pneumonia.
    """
    records, logits, rejected = [], [], []
    for image, prediction in zip(images, predictions, strict=True):
        if prediction.error is not None:
            rejected.append((image.name, prediction.error))
            continue
        sha256 = prediction.image_sha256 or ""  # always there where it was read
        records.append(Record(Path(image.name), image.label, image.patient, sha256))
        logits.append(prediction.logit)
    if refusal := refuse_two_labels((str(record.path), record.label, record.sha256) for record in records):
        raise DataError(refusal)
    records = group_duplicates(records)
    labels = np.array([record.label for record in records], np.float32)
    return Scores(np.array(logits, np.float64), labels, np.array([record.patient for record in records])), rejected


def _labelled(
    files: Sequence[tuple[str, str, int, Path | ZipMember]], told: Sequence[str | None], left_out: list[LeftOut]
) -> tuple[list[LabelledImage], list[LeftOut]]:
    """From place, name, label and source of each file, and its patient."""
    if refusal := refuse_missing_class((label for _, _, label, _ in files), left_out):
        raise DataError(refusal)
    images = [
        LabelledImage(name, label, source, patient or place, bool(patient))
        for (place, name, label, source), patient in zip(files, told, strict=True)
    ]
    return images, left_out
