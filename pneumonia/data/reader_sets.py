"""Sets of images by what radiologists said of them, each judged by itself."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from pneumonia.core.operating_points import OperatingPoint
from pneumonia.data.manifest import Record, count_unknown
from pneumonia.data.tables import CLEAR, OPACITY, OTHER, VIEWS
from pneumonia.inference.prediction import Prediction
from pneumonia.metrics.classification import evaluate

# Images of each in the training part of the RSNA Pneumonia Detection Challenge 2018, whose tables count them.
_IN_CHALLENGE = {OPACITY: 6012, CLEAR: 8851, OTHER: 11821}


class ReaderSet(NamedTuple):
    """Images that are judged together.

    Attributes:
        chosen: bool (N,), those of the images.
        weights: float64 (N,), how much each counts; None where all count the same.
    """

    chosen: np.ndarray
    weights: np.ndarray | None = None


def reader_sets(name: str, records: Sequence[Record]) -> dict[str, ReaderSet]:
    """Divide images by what radiologists said of them.

    Opacities are told from normal radiographs in `NAME`, of each view in `NAME-pa` and `NAME-ap`; from radiographs that
    are abnormal without opacity in `NAME-other`; from both in `NAME-all`, where each kind weighs as much as in the RSNA
    challenge.

    Args:
        name: of the images.
        records: N images.

    Returns:
        Sets with images of both classes by name; all images under `NAME` where no radiologist's word is known.
    """
    readers = np.array([record.stated.readers for record in records])
    views = np.array([record.stated.view for record in records])
    if not readers.any():
        return {name: ReaderSet(np.ones(len(records), bool))}
    opacity, clear, other = (readers == said for said in (OPACITY, CLEAR, OTHER))
    sets = {
        name: ReaderSet(opacity | clear),
        **{f"{name}-{view.lower()}": ReaderSet((opacity | clear) & (views == view)) for view in VIEWS},
        f"{name}-other": ReaderSet(opacity | other),
    }
    if clear.any() and other.any():
        shares = sum(
            count * (readers == said) / max(np.sum(readers == said), 1) for said, count in _IN_CHALLENGE.items()
        )
        sets[f"{name}-all"] = ReaderSet(opacity | clear | other, shares / shares.mean())
    labels = np.array([record.label for record in records])
    return {name: of for name, of in sets.items() if len(set(labels[of.chosen])) > 1}


def judge_sets(
    sets: Mapping[str, ReaderSet],
    read: Sequence[tuple[Record, Prediction]],
    points: Collection[OperatingPoint],
    command: str,
) -> dict[str, dict[str, Any]]:
    """Figures of each set at operating points, as in metrics.json.

    Args:
        sets: of N images, by name.
        read: the images, each with its reading, none of them rejected.
        points: of the population that the readings were judged as.
        command: what to run to get the same figures.
    """
    labels = np.array([record.label for record, _ in read])
    probabilities = np.array([prediction.probability for _, prediction in read])
    patients = np.array([record.patient for record, _ in read])
    figures = {}
    for name, (chosen, weights) in sets.items():
        figures[name] = {
            **evaluate(
                *(labels[chosen], probabilities[chosen], patients[chosen]),
                points,
                command,
                None if weights is None else weights[chosen],
            ),
            "patient_unknown": count_unknown(record for (record, _), here in zip(read, chosen, strict=True) if here),
        }
    return figures
