"""The public data set: what is known of it, how it is laid out for training, and how it is checked."""

import contextlib
import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from typing_extensions import TypedDict

from pneumonia.core.labels import CLASS_NAMES, NORMAL, PNEUMONIA
from pneumonia.data.listing import DATA_PARTS, SOURCE
from pneumonia.data.manifest import Record, fingerprint, refuse_missing_class, survey
from pneumonia.data.patients import patient_of
from pneumonia.errors import DataError
from pneumonia.utils.json_values import json_bytes, require_form

PARTS = ("train", "val", "test")
_JPEG = b"\xff\xd8\xff"


class _Source(TypedDict):
    """Contents that SOURCE.json must have: by part, the fingerprint of its images."""

    parts: dict[str, str]


class _Noted(TypedDict):
    """What else it says of the set."""

    title: str
    doi: str
    licence: str


class SourceImage(NamedTuple):
    """One image as a copy of the data set holds it: part ("train", "val", "test"), class, file name, bytes."""

    part: str
    class_name: str
    name: str
    content: bytes


@dataclass(frozen=True)
class PublicSet:
    """A published data set and its public copies.

    Attributes:
        title, doi, licence: of the data set.
        counts: images by part and class.
        training_names: hex SHA-256 of the lines "CLASS/file name" of the training part, sorted.
        hub_repo: data set on the Hugging Face Hub that holds the original files under their names, in Parquet.
        hub_revision: commit that is fetched, whatever was uploaded since.
        hub_files: by part, the Parquet files, each with the hex SHA-256 that the Hub's page of that file shows, or
            None where no page was at hand.
        kaggle: name and version on Kaggle.
    """

    title: str
    doi: str
    licence: str
    counts: Mapping[str, Mapping[str, int]]
    training_names: str
    hub_repo: str
    hub_revision: str
    hub_files: Mapping[str, Mapping[str, str | None]]
    kaggle: str


# The commit is the one named "Upload dataset"; later ones changed the card alone.
CHEST_XRAY = PublicSet(
    title="Chest X-Ray Images (Pneumonia)",
    doi="10.17632/rscbjbr9sj",
    licence="CC BY 4.0",
    counts={
        "train": {NORMAL: 1341, PNEUMONIA: 3875},
        "val": {NORMAL: 8, PNEUMONIA: 8},
        "test": {NORMAL: 234, PNEUMONIA: 390},
    },
    training_names="329763f6056f6cfab7f4cbc7882c2985490418dbfa41d630c76840f61e1de25d",
    hub_repo="hf-vision/chest-xray-pneumonia",
    hub_revision="fa1e4ace7f02049d2e5bd9ebea556e4ef8308ece",
    hub_files={
        "train": {
            "data/train-00000-of-00007.parquet": None,
            "data/train-00001-of-00007.parquet": "ba92095c5f4a7b5dded8d8b61d2e7a6480ad330f1cacb2cbe600e3a0b46bfe42",
            "data/train-00002-of-00007.parquet": "5e40f14714c5126bb272d9d796a19d9c9bfa7cca51ec62322a3ea6606dd9743f",
            "data/train-00003-of-00007.parquet": None,
            "data/train-00004-of-00007.parquet": "7168809cc22643a8426372c28b425fbc8c1a1018ef3582faa199d57141b9abf4",
            "data/train-00005-of-00007.parquet": None,
            "data/train-00006-of-00007.parquet": None,
        },
        "val": {
            "data/validation-00000-of-00001.parquet": (
                "4bbf00eaae44862bedfbf9b5a315834143aa87caa6f0a4be122d711d041ad436"
            ),
        },
        "test": {"data/test-00000-of-00001.parquet": None},
    },
    kaggle="paultimothymooney/chest-xray-pneumonia/versions/2",
)


def lay_out(
    images: Iterable[SourceImage], size: int, output: Path, origin: Mapping[str, str], public: PublicSet
) -> dict[str, dict[str, int]]:
    """Write images as train/val/test folders of NORMAL and PNEUMONIA, and check them, in one step.

    What is there at the end is the whole data set, checked: all is written beside the folder and renamed last.

    Args:
        images: of the copy.
        size: of all of them in bytes, about.
        output: becomes the folder; there must be nothing yet, or an empty folder.
        origin: where they come from; is noted in SOURCE.json.
        public: what they must be.

    Returns:
        Images by part and class.

    Raises:
        DataError: if there is too little room, if an image is no JPEG file or has a name that tells no patient, or if
            this is not the whole published set. Nothing is left behind.
    """
    output = output.resolve()
    staging = output.with_name(f".{output.name}-partial")
    with contextlib.suppress(FileNotFoundError):
        shutil.rmtree(staging)  # what a killed run left
    output.parent.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(output.parent).free
    if free < size:
        raise DataError(f"The images need {size / 1e9:.1f} GB, and {free / 1e9:.1f} GB are free. Make room first.")
    try:
        for image in images:
            _write(image, staging)
        parts = _read_parts(staging)
        _require(parts, public)
        counts = {part: _counts(records) for part, records in parts.items()}
        _write_source(staging, parts, origin, public)
        if output.exists():
            output.rmdir()
        os.rename(staging, output)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return counts


def require_unchanged(folder: Path) -> dict[str, dict[str, int]]:
    """Check that a folder still holds exactly what `lay_out` wrote.

    Returns:
        Images by part and class.

    Raises:
        DataError: if it was not written by `lay_out`, or an image is missing, added, moved or altered since.
    """
    try:
        known = require_form(_Source, json.loads((folder / SOURCE).read_text()))["parts"]
    except (FileNotFoundError, NotADirectoryError):
        raise DataError(f"{folder.name} exists and was not fetched by this command; it was left alone.") from None
    except ValueError as error:
        raise DataError(f"{SOURCE} in {folder.name} cannot be read. Delete the folder and fetch it again.") from error
    parts = _read_parts(folder)
    changed = [part for part in PARTS if known.get(part) != fingerprint(parts[part])]
    if changed:
        raise DataError(
            f"The images in {folder.name} are not those that were fetched (changed: {', '.join(changed)}). "
            "Delete the folder and fetch it again."
        )
    return {part: _counts(records) for part, records in parts.items()}


def _write(image: SourceImage, folder: Path) -> None:
    if patient_of(image.name) is None:
        raise DataError(
            f"The file name {image.name!r} tells no patient, so the images cannot be split by patient. "
            "A copy that renames the files cannot be used."
        )
    if not image.content.startswith(_JPEG):
        raise DataError(f"{image.part}/{image.class_name}/{image.name} is no JPEG file. Fetch the copy again.")
    path = folder / image.part / image.class_name / image.name
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with path.open("xb") as file:
            file.write(image.content)
    except FileExistsError:
        raise DataError(f"The copy holds two files {image.part}/{image.class_name}/{image.name}.") from None


def _read_parts(folder: Path) -> dict[str, list[Record]]:
    records = survey(folder, parts=DATA_PARTS).records
    parts = {part: [record for record in records if record.part == part] for part in PARTS}
    for of_part in parts.values():
        if refusal := refuse_missing_class(record.label for record in of_part):
            raise DataError(refusal)
    return parts


def _counts(records: list[Record]) -> dict[str, int]:
    labels = [record.label for record in records]
    return {name: labels.count(index) for index, name in enumerate(CLASS_NAMES)}


def _require(parts: dict[str, list[Record]], public: PublicSet) -> None:
    found = {part: _counts(records) for part, records in parts.items()}
    wrong = [
        f"{part}/{name} holds {found[part][name]:,} images instead of {expected:,}"
        for part, counts in public.counts.items()
        for name, expected in counts.items()
        if found[part][name] != expected
    ]
    if wrong:
        raise DataError(f"This is not the published data set: {'; '.join(wrong)}.")
    lines = sorted(f"{CLASS_NAMES[record.label]}/{record.path.name}" for record in parts["train"])
    if hashlib.sha256("\n".join(lines).encode()).hexdigest() != public.training_names:
        raise DataError("This is not the published data set: its training images have other names or classes.")


def noted_source(folder: Path) -> tuple[str, str]:
    """The source and the licence of the images of a folder that was laid out here; empty for any other."""
    try:
        noted = require_form(_Noted, json.loads((folder / SOURCE).read_text()))
    except (OSError, ValueError):
        return "", ""
    return f"{noted['title']}, doi {noted['doi']}", noted["licence"]


def _write_source(folder: Path, parts: dict[str, list[Record]], origin: Mapping[str, str], public: PublicSet) -> None:
    facts = {
        "title": public.title,
        "doi": public.doi,
        "licence": public.licence,
        "origin": dict(origin),
        "parts": {part: fingerprint(records) for part, records in parts.items()},
    }
    (folder / SOURCE).write_bytes(json_bytes(facts))
