"""Splits that never divide a patient."""

import hashlib

import numpy as np
from sklearn.model_selection import StratifiedGroupKFold

from pneumonia.data.manifest import Record
from pneumonia.errors import DataError

FOLDS = 5


def split_by_patient(records: list[Record], seed: int, fold: int = 0) -> tuple[list[Record], list[Record]]:
    """Divide 80/20 into training and validation, stratified by class, no patient on both sides.

    Args:
        records: all images.
        seed: the same seed gives the same folds.
        fold: which fifth validates, 0 to 4.

    Returns:
        Training records, validation records.

    Raises:
        DataError: if a class has fewer patients than there are folds.
    """
    labels = np.array([record.label for record in records])
    patients = np.array([record.patient for record in records])
    for label in np.unique(labels):
        if len(np.unique(patients[labels == label])) < FOLDS:
            raise DataError(f"Each class needs images of at least {FOLDS} patients to be split by patient.")
    folds = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=seed).split(labels, labels, patients)
    train, validation = list(folds)[fold]
    return [records[i] for i in train], [records[i] for i in validation]


def split_outside(records: list[Record]) -> tuple[list[Record], list[Record]]:
    """Halve an outside population by a hash of the patient: for selection, for report.

    The hash makes the halves independent of the order and number of the files.
    """
    halves: tuple[list[Record], list[Record]] = ([], [])
    for record in records:
        halves[hashlib.sha256(record.patient.encode()).digest()[0] % 2].append(record)
    return halves
