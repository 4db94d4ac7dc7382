"""Agreement of found lung fields with hand-drawn ones."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from pneumonia.data.corruptions import CORRUPTIONS
from pneumonia.data.lung_masks import MaskedImages, corrupt_pair
from pneumonia.inference.lung_segmentation import LungBounds, LungFields, LungSegmentation
from pneumonia.metrics.bootstrap import resample_patients
from pneumonia.metrics.intervals import to_interval
from pneumonia.metrics.scores import VALIDATION


@dataclass(frozen=True)
class SegmentationScores:
    """Lung fields found in the images of one set, and how well they agree with the drawn ones.

    Attributes:
        segmentations: one an image.
        dice: float64 (N,), agreement of each with the drawn mask, at the size the mask was drawn at.
    """

    segmentations: list[LungSegmentation]
    dice: np.ndarray


def dice(one: np.ndarray, other: np.ndarray) -> float:
    """Overlap of two masks: twice their common area over the sum of their areas.

    Dice, "Measures of the amount of ecologic association between species", Ecology 1945.

    Args:
        one: bool (H, W).
        other: bool (H, W).

    Returns:
        In [0, 1]; 1 for two empty masks.
    """
    total = int(one.sum()) + int(other.sum())
    return 2 * int((one & other).sum()) / total if total else 1.0


def compare_validation(fields: LungFields, pairs: MaskedImages) -> dict[str, SegmentationScores]:
    """Segment the plain validation images and each fixed corruption of them, by name of the set."""
    return {
        VALIDATION: _compare(fields, pairs, lambda image, mask: (image, mask)),
        **{
            f"{VALIDATION}-{name}": _compare(fields, pairs, partial(corrupt_pair, corruption=name))
            for name in CORRUPTIONS
        },
    }


def _compare(
    fields: LungFields,
    pairs: MaskedImages,
    change: Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]],
) -> SegmentationScores:
    def one(square: np.ndarray, mask: np.ndarray) -> tuple[LungSegmentation, float]:
        image, mask = change(square, mask)
        segmentation = fields.segment(image)
        return segmentation, dice(segmentation.on(*mask.shape) >= segmentation.threshold, mask > 0.5)

    with ThreadPoolExecutor() as pool:
        results = list(pool.map(one, pairs.images.squares, pairs.masks))
    return SegmentationScores([segmentation for segmentation, _ in results], np.array([value for _, value in results]))


def evaluate_set(scores: SegmentationScores, patients: np.ndarray, bounds: LungBounds, command: str) -> dict[str, Any]:
    """Give the figures of one set, as in `metrics.json`.

    Args:
        scores: of N images.
        patients: (N,) group of each image.
        bounds: that decide whether lungs were found.
        command: what to run to get the same figures; stored with them.

    Returns:
        Mean Dice with its 95 % interval by resampling patients, the least Dice of an image, and the share of
        images in which lungs were found.
    """
    weights = resample_patients(patients)
    draws = weights @ scores.dice / weights.sum(axis=1)
    return {
        "n": len(scores.dice),
        "patients": len(np.unique(patients)),
        "dice": to_interval(scores.dice.mean(), draws),
        "least_dice": float(scores.dice.min()),
        "found": float(np.mean([bounds.contains(s.measures) for s in scores.segmentations])),
        "command": command,
    }
