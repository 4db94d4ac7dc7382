"""Two variants on the same images: is one better, or is it chance?"""

from typing import Any

import numpy as np
from scipy.stats import binomtest

from pneumonia.metrics.bootstrap import resample_with_both_classes
from pneumonia.metrics.classification import auroc
from pneumonia.metrics.intervals import to_interval


def compare(
    labels: np.ndarray,
    patients: np.ndarray,
    probabilities: tuple[np.ndarray, np.ndarray],
    thresholds: tuple[float, float],
) -> dict[str, Any]:
    """Compare two variants image by image.

    Args:
        labels: (N,) of 0 and 1.
        patients: (N,) group of each image.
        probabilities: (N,) of the first and of the second variant.
        thresholds: of the first and of the second.

    Returns:
        `auroc_difference` and `accuracy_difference`, first less second, with 95 % intervals from resampling
        patients; `only_first_right` and `only_second_right`, counts of images; and `mcnemar_p`, the exact
        two-sided p-value that the two are right equally often (McNemar 1947). The test takes images as
        independent; where patients have several, trust the interval.
    """
    right = [(p >= threshold) == (labels == 1) for p, threshold in zip(probabilities, thresholds, strict=True)]
    first, second = int(np.sum(right[0] & ~right[1])), int(np.sum(~right[0] & right[1]))
    resampled = resample_with_both_classes(labels, patients)

    def auroc_difference(weights: np.ndarray) -> np.ndarray:
        one, other = (auroc(labels, p, weights) for p in probabilities)
        return one - other

    def accuracy_difference(weights: np.ndarray) -> np.ndarray:
        return weights @ (right[0].astype(float) - right[1]) / weights.sum(axis=1)

    result: dict[str, Any] = {
        "only_first_right": first,
        "only_second_right": second,
        "mcnemar_p": float(binomtest(first, first + second).pvalue) if first + second else 1.0,
    }
    for measure in (auroc_difference, accuracy_difference):
        result[measure.__name__] = to_interval(measure(np.ones((1, len(labels))))[0], measure(resampled))
    return result
