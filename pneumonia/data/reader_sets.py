"""Sets of images by what radiologists said of them, each judged by itself."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from pneumonia.data.manifest import Record
from pneumonia.data.tables import CLEAR, OPACITY, OTHER, VIEWS

# Images of each in the training part of the RSNA Pneumonia Detection Challenge 2018, whose tables count them.
_IN_CHALLENGE = {OPACITY: 6012, CLEAR: 8851, OTHER: 11821}


class ReaderSet(NamedTuple):
    """Images that are judged together.

    Attributes:
        chosen: (N,) bool, those of the images.
        weights: (N,), how much each counts.
    """

    chosen: np.ndarray
    weights: np.ndarray


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
    equal = np.ones(len(records))
    if not readers.any():
        return {name: ReaderSet(equal > 0, equal)}
    opacity, clear, other = (readers == said for said in (OPACITY, CLEAR, OTHER))
    shares = sum(count * (readers == said) / max(np.sum(readers == said), 1) for said, count in _IN_CHALLENGE.items())
    sets = {
        name: ReaderSet(opacity | clear, equal),
        **{f"{name}-{view.lower()}": ReaderSet((opacity | clear) & (views == view), equal) for view in VIEWS},
        f"{name}-other": ReaderSet(opacity | other, equal),
    }
    if clear.any() and other.any():
        sets[f"{name}-all"] = ReaderSet(opacity | clear | other, shares / shares.mean())
    labels = np.array([record.label for record in records])
    return {name: of for name, of in sets.items() if len(set(labels[of.chosen])) > 1}
