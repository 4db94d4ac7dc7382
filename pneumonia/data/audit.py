"""Audit of a data set, before anything is trained on it."""

from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from pneumonia.core.labels import CLASS_NAMES
from pneumonia.data.listing import DATA_PARTS
from pneumonia.data.manifest import Record, survey
from pneumonia.data.patients import BY_NAME, Patients
from pneumonia.data.splits import refuse_few_patients
from pneumonia.errors import DataError, ImageError
from pneumonia.imaging.decode import decode

_QUANTILES = (0.0, 0.25, 0.5, 0.75, 1.0)
# Perceptual hash: signs of the lowest 8 x 8 frequencies of a 32 x 32 thumbnail (Zauner, 2010).
_HASH_THUMBNAIL, _HASH_SIDE = 32, 8
# Radiographs are alike, so pairs whose hashes differ in at most this many of 64 bits are only candidates ...
_MOST_BITS = 8
# ... and near duplicates are those whose 64 x 64 thumbnails also correlate at least this well.
_PROOF_THUMBNAIL, _LEAST_CORRELATION = 64, 0.995
# Rows of hashes that are compared with all others at a time; bounds the memory.
_ROWS = 512


@dataclass(frozen=True)
class Audit:
    """Findings about a data set. Files are named by their place below its folder.

    Attributes:
        counts: images by part and class.
        left_out: what else is in the folder and is not taken for an image, in words.
        refusal: why training would not begin, in its words; None if it would.
        patients_from: how patients were known; "unknown" if they were not.
        patient_unknown: number of images of which it is not known whose they are.
        unreadable: files that cannot be read, each with the reason.
        exact_duplicates: groups of files with identical bytes.
        near_duplicates: pairs that look the same but are not identical.
        patients_across_parts: patients with images in more than one part, and in which.
        patients_across_classes: patients with images of both classes.
        sizes: by class, quantiles (least, quarter, median, three quarters, most) of width, height in
            pixels and aspect ratio (width over height).
    """

    counts: dict[str, dict[str, int]]
    left_out: list[str]
    refusal: str | None
    patients_from: str
    patient_unknown: int
    unreadable: dict[str, str]
    exact_duplicates: list[list[str]]
    near_duplicates: list[tuple[str, str]]
    patients_across_parts: dict[str, list[str]]
    patients_across_classes: list[str]
    sizes: dict[str, dict[str, list[float]]]


@dataclass(frozen=True)
class _Image:
    name: str
    part: str
    class_name: str
    patient: str
    sha256: str = ""
    shape: tuple[int, int] = (0, 0)
    bits: np.ndarray | None = None
    proof: np.ndarray | None = None
    error: str = ""


def audit(folder: Path, patients: Patients = BY_NAME) -> Audit:
    """Look at every image of a data set.

    Args:
        folder: holds NORMAL/ and PNEUMONIA/, or train/, val/ and test/ of those.
        patients: whose the images are.

    Raises:
        DataError: if there are no images, or `patients` does not fit.
    """
    training, everything = survey(folder, patients), survey(folder, patients, DATA_PARTS)
    if not everything.records:
        raise DataError(everything.refusal)
    with ThreadPoolExecutor() as pool:
        images = list(pool.map(_look_at, everything.records))
    read = [image for image in images if not image.error]
    exact = _groups(read)
    return Audit(
        counts=_counts(images),
        left_out=[str(left) for left in everything.left_out],
        refusal=training.refusal or refuse_few_patients(training.records),
        patients_from=everything.patients_from,
        patient_unknown=everything.patient_unknown,
        unreadable={image.name: image.error for image in images if image.error},
        exact_duplicates=exact,
        near_duplicates=_near_duplicates(read),
        patients_across_parts=_across(read, "part"),
        patients_across_classes=sorted(_across(read, "class_name")),
        sizes={name: _sizes([i for i in read if i.class_name == name]) for name in CLASS_NAMES},
    )


def perceptual_hash(pixels: np.ndarray) -> np.ndarray:
    """Sixty-four signs that survive resizing, compression and changes of exposure.

    Args:
        pixels: float32 (H, W).

    Returns:
        bool (64,).
    """
    thumbnail = cv2.resize(pixels, (_HASH_THUMBNAIL, _HASH_THUMBNAIL), interpolation=cv2.INTER_AREA)
    lowest = cv2.dct(thumbnail)[:_HASH_SIDE, :_HASH_SIDE].ravel()
    return lowest > np.median(lowest)


def _look_at(record: Record) -> _Image:
    known = (record.place, record.part, CLASS_NAMES[record.label], record.patient)
    try:
        radiograph = decode(record.path)
    except ImageError as error:
        return _Image(*known, error=str(error))
    pixels = radiograph.pixels
    proof = cv2.resize(pixels, (_PROOF_THUMBNAIL, _PROOF_THUMBNAIL), interpolation=cv2.INTER_AREA).ravel()
    proof = proof - proof.mean()
    return _Image(
        *known,
        sha256=radiograph.sha256,
        shape=pixels.shape,
        bits=perceptual_hash(pixels),
        proof=proof / np.linalg.norm(proof),
    )


def _counts(images: list[_Image]) -> dict[str, dict[str, int]]:
    counter = Counter((image.part or "all", image.class_name) for image in images)
    parts = dict.fromkeys(part for part, _ in counter)
    return {part: {name: counter[part, name] for name in CLASS_NAMES} for part in parts}


def _groups(images: list[_Image]) -> list[list[str]]:
    by_hash = defaultdict(list)
    for image in images:
        by_hash[image.sha256].append(image.name)
    return [names for names in by_hash.values() if len(names) > 1]


def _near_duplicates(images: list[_Image]) -> list[tuple[str, str]]:
    bits = np.array([image.bits for image in images], np.float32) * 2 - 1  # (N, 64) of -1 and 1
    pairs = []
    for start in range(0, len(images), _ROWS):
        # The product of two hashes is 64 less twice the bits they differ in.
        differing = (bits.shape[1] - bits[start : start + _ROWS] @ bits.T) / 2
        for row, other in zip(*np.nonzero(differing <= _MOST_BITS), strict=True):
            one, two = images[start + row], images[other]
            same_file = one.sha256 == two.sha256
            if start + row < other and not same_file and one.proof @ two.proof >= _LEAST_CORRELATION:
                pairs.append((one.name, two.name))
    return pairs


def _across(images: list[_Image], attribute: str) -> dict[str, list[str]]:
    places = defaultdict(set)
    for image in images:
        places[image.patient].add(getattr(image, attribute))
    return {patient: sorted(where) for patient, where in sorted(places.items()) if len(where) > 1}


def _sizes(images: list[_Image]) -> dict[str, list[float]]:
    if not images:
        return {}
    height, width = np.array([image.shape for image in images], float).T
    values = {"width": width, "height": height, "aspect": width / height}
    return {name: [round(float(q), 3) for q in np.quantile(value, _QUANTILES)] for name, value in values.items()}
