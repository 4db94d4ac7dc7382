"""Splits that never divide a patient."""

import hashlib
import re
import warnings
from collections import Counter
from collections.abc import Sequence

import numpy as np
from sklearn.model_selection import StratifiedGroupKFold

from pneumonia.core.labels import CLASS_NAMES
from pneumonia.data.manifest import Record, fingerprint
from pneumonia.errors import DataError
from pneumonia.weights.folder import Bundle

FOLDS = 5

_SECOND_NORMALS = "NORMAL2-"
_PNEUMONIA_NUMBER = re.compile(r"person(\d+)_")


def split_by_patient(records: list[Record], seed: int, fold: int = 0) -> tuple[list[Record], list[Record]]:
    """Divide 80/20 into training and validation, stratified by population and label, no patient on both sides.

    Each source is divided by itself, so that the images of one fall as they do without the others.

    Args:
        records: all images.
        seed: the same seed gives the same folds.
        fold: which fifth validates, 0 to 4.

    Returns:
        Training records, validation records.

    Raises:
        DataError: if a class of a source has fewer patients than there are folds.
    """
    validates: dict[str, bool] = {}
    for source in dict.fromkeys(record.source for record in records):
        # A patient of an earlier source stays where that put them.
        new = [record for record in records if record.source == source and record.patient not in validates]
        if not new:
            continue
        if refusal := refuse_few_patients(new):
            raise DataError(refusal)
        strata = np.array([f"{record.stated.population} {record.label}" for record in new])
        patients = np.array([record.patient for record in new])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of few patients of another population than most
            folds = list(StratifiedGroupKFold(FOLDS, shuffle=True, random_state=seed).split(strata, strata, patients))
        train, validation = folds[fold]
        validates |= {new[i].patient: False for i in train} | {new[i].patient: True for i in validation}
    return (
        [record for record in records if not validates[record.patient]],
        [record for record in records if validates[record.patient]],
    )


def main_population(records: Sequence[Record]) -> str:
    """The population with most images of pneumonia: the one that the backbone learns from with labels."""
    populations = [record.stated.population for record in records if record.label == 1]
    return max(dict.fromkeys(populations), key=populations.count)


def of_main_population(records: Sequence[Record]) -> tuple[list[Record], list[Record]]:
    """Those of the main population of a source that can be divided by patient, and those of other populations.

    Left out are the few of the main population in a source that is mostly of another.
    """
    main = main_population(records)
    own: list[Record] = []
    for source in dict.fromkeys(record.source for record in records):
        here = [record for record in records if record.source == source]
        of_main = [record for record in here if record.stated.population == main]
        if len(of_main) == len(here) or not refuse_few_patients(of_main):
            own += of_main
    return own, [record for record in records if record.stated.population != main]


def refuse_few_patients(records: list[Record]) -> str | None:
    """A sentence if a class has fewer patients than there are folds, else None."""
    groups = {(record.label, record.patient) for record in records}
    if all(count >= FOLDS for count in Counter(label for label, _ in groups).values()):
        return None
    return f"Each class needs images of at least {FOLDS} patients to be split by patient."


def validation_records(bundle: Bundle, records: list[Record]) -> list[Record]:
    """The validation images of a weights folder, which it was not trained on.

    Raises:
        DataError: if these images cannot be divided as they were in training.
    """
    try:
        # Others than those of the main population were judged out of fold, by heads that are not kept.
        divided = of_main_population(records)[0] if "others" in bundle.config["data"] else records
        validation = split_by_patient(divided, bundle.config["training"]["seed"])[1]
        known = bundle.config["data"]["validation"]["fingerprint"]
    except KeyError:
        raise DataError("The weights folder does not say which images it was validated on.") from None
    if fingerprint(validation) != known:
        # The split depends on the version of scikit-learn too.
        raise DataError(
            "The validation images are not those of the training. Use the same data folder, the same --patients or "
            "--patient-pattern, and the package versions of locks/training.txt."
        )
    return validation


def split_by_series(records: list[Record], held_out: int) -> tuple[list[Record], list[Record]]:
    """Hold out one half of the public set that was collected apart from the other.

    The normals came in two series, told by their names; the pneumonias are halved into early and late patient
    numbers. Half 0 is the first series with the early numbers, half 1 the second with the late ones.

    Args:
        records: images of the public set.
        held_out: 0 or 1.

    Returns:
        Records to train with, records of the half held out; patients with images in both are only held out.

    Raises:
        DataError: if the names do not tell, or one of the halves lacks a class.
    """
    middle = np.median([_pneumonia_number(record) for record in records if record.label])

    def half(record: Record) -> int:
        if record.label:
            return int(_pneumonia_number(record) > middle)
        return int(record.path.name.startswith(_SECOND_NORMALS))

    outside = [record for record in records if half(record) == held_out]
    their_patients = {record.patient for record in outside}
    inside = [record for record in records if record.patient not in their_patients]
    if any(len({record.label for record in part}) < 2 for part in (inside, outside)):
        raise DataError("One of the two series lacks normals or pneumonias.")
    return inside, outside


def split_by_source(records: list[Record], held_out: int) -> tuple[list[Record], list[Record]]:
    """Hold out the images of one source.

    Args:
        records: images of several sources.
        held_out: number of the source, in the order of the records.

    Returns:
        Records to train with, records of that source; patients with images in both are only held out.

    Raises:
        DataError: if nothing is left to train with.
    """
    sources = list(dict.fromkeys(record.source for record in records))
    if len(sources) < 2:
        raise DataError("One source of images alone leaves nothing to train with. Name several with --data.")
    outside = [record for record in records if record.source == sources[held_out]]
    their_patients = {record.patient for record in outside}
    inside = [record for record in records if record.patient not in their_patients]
    if len({record.label for record in inside}) < len(CLASS_NAMES):
        raise DataError(
            "The other sources lack a class without the patients of this one. Where patients of several hospitals have "
            "the same numbers, write them with the hospital's name."
        )
    return inside, outside


def _pneumonia_number(record: Record) -> int:
    """The patient's number in the name of an image of the public set."""
    if match := _PNEUMONIA_NUMBER.match(record.path.name):
        return int(match[1])
    raise DataError("The names of these images do not tell which series they come from.")


def split_external(records: list[Record]) -> tuple[list[Record], list[Record]]:
    """Halve an external population by a hash of the patient: for selection, for report.

    The hash makes the halves independent of the order and number of the files.
    """
    halves: tuple[list[Record], list[Record]] = ([], [])
    for record in records:
        halves[hashlib.sha256(record.patient.encode()).digest()[0] % 2].append(record)
    return halves
