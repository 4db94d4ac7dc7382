"""Labelled radiographs of one site, in a folder or a ZIP archive of NORMAL/ and PNEUMONIA/, and their scores."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np

from pneumonia.archives import ZipMember, list_members
from pneumonia.data.manifest import Record, files_in, patient_of, with_duplicates_grouped
from pneumonia.errors import DataError
from pneumonia.evaluation.scores import Scores
from pneumonia.labels import CLASS_NAMES
from pneumonia.predictor import Prediction


@dataclass(frozen=True)
class LabelledImage:
    """One image file with what is known of it.

    Attributes:
        name: of its class and its file.
        label: index in `CLASS_NAMES`.
        source: of its bytes.
    """

    name: str
    label: int
    source: Path | ZipMember


def images_in_folder(folder: Path) -> list[LabelledImage]:
    """The files in NORMAL/ and PNEUMONIA/ of a folder.

    Raises:
        DataError: if one of the two is missing or empty.
    """
    return _both_classes(
        [
            LabelledImage(f"{name}/{path.name}", label, path)
            for label, name in enumerate(CLASS_NAMES)
            for path in files_in(folder / name)
        ]
    )


def images_in_archive(path: Path, most: int) -> list[LabelledImage]:
    """The files of a ZIP archive that lie directly in a folder NORMAL or PNEUMONIA, wherever that is; others are left.

    Args:
        path: of the archive; it must stay there as long as its images are read.
        most: how many files there may be.

    Raises:
        DataError: if a class is missing or empty.
        ImageError: if it is no archive that can be read, or holds too many files.
    """
    folders = [(member, PurePosixPath(member.name).parts[-2:]) for member in list_members(path, most)]
    return _both_classes(
        [
            LabelledImage("/".join(parts), CLASS_NAMES.index(parts[0]), member)
            for member, parts in folders
            if parts[0] in CLASS_NAMES and len(parts) == 2
        ]
    )


def score_labelled(
    images: Sequence[LabelledImage], predictions: Iterable[Prediction]
) -> tuple[Scores, list[tuple[str, str]]]:
    """What a network said of labelled images.

    Args:
        images: of a site.
        predictions: one an image, in their order.

    Returns:
        Scores of those that could be read, with patients as far as file names tell and identical files as one patient;
        and names of the others, each with the reason.

    Raises:
        DataError: if one image is labelled both normal and pneumonia.
    """
    records, logits, rejected = [], [], []
    for image, prediction in zip(images, predictions, strict=True):
        if prediction.status == "rejected":
            rejected.append((image.name, prediction.error))
            continue
        name = Path(image.name)
        records.append(Record(name, image.label, patient_of(name.name), prediction.image_sha256))
        logits.append(prediction.logit)
    _require_one_label(records)
    records = with_duplicates_grouped(records)
    labels = np.array([record.label for record in records], np.float32)
    return Scores(np.array(logits, np.float64), labels, np.array([record.patient for record in records])), rejected


def _both_classes(images: list[LabelledImage]) -> list[LabelledImage]:
    for label, name in enumerate(CLASS_NAMES):
        if not any(image.label == label for image in images):
            raise DataError(f"There are no images in a folder {name}; {' and '.join(CLASS_NAMES)} are both needed.")
    return images


def _require_one_label(records: Sequence[Record]) -> None:
    first: dict[str, Record] = {}
    for record in records:
        twin = first.setdefault(record.sha256, record)
        if twin.label != record.label:
            raise DataError(f"{twin.path} and {record.path} are the same image. Decide which label is right.")
