"""How well probabilities and findings agree with labels, with intervals by resampling patients."""

from collections.abc import Callable, Iterable
from dataclasses import asdict
from typing import Any

import numpy as np
from sklearn.metrics import average_precision_score, brier_score_loss, roc_auc_score

from pneumonia.operating_points import Interval, OperatingPoint

_RESAMPLES = 1000
_ECE_BINS = 15


def expected_calibration_error(labels: np.ndarray, probabilities: np.ndarray, weights: np.ndarray) -> float:
    """Mean distance between predicted and observed share of pneumonia over 15 equal-width bins.

    Naeini, Cooper and Hauskrecht, AAAI 2015; Guo et al., ICML 2017.

    Args:
        labels: (N,) of 0 and 1.
        probabilities: (N,) in [0, 1].
        weights: (N,), how often each image counts.

    Returns:
        In [0, 1]; 0 is perfect.
    """
    bins = np.minimum((probabilities * _ECE_BINS).astype(int), _ECE_BINS - 1)
    gaps = np.bincount(bins, weights * (labels - probabilities), _ECE_BINS)
    return float(np.abs(gaps).sum() / weights.sum())


def resample_patients(patients: np.ndarray, seed: int = 0, resamples: int = _RESAMPLES) -> np.ndarray:
    """Bootstrap weights: patients are drawn with replacement, and all images of one come along.

    Args:
        patients: (N,) group of each image.
        seed: of the draws.
        resamples: number R of draws.

    Returns:
        (R, N), how often each image counts in each draw.
    """
    _, group = np.unique(patients, return_inverse=True)
    groups = group.max() + 1
    counts = np.random.default_rng(seed).multinomial(groups, np.full(groups, 1 / groups), resamples)
    return counts[:, group].astype(np.float64)


def rates(labels: np.ndarray, positive: np.ndarray, weights: np.ndarray) -> dict[str, np.ndarray]:
    """Shares at one threshold, for many weightings at once.

    Args:
        labels: (N,) of 0 and 1.
        positive: (N,) bool, called pneumonia.
        weights: (R, N).

    Returns:
        Each (R,); NaN where a share has no denominator.
    """
    diseased = labels == 1
    tp, fn = weights @ (diseased & positive), weights @ (diseased & ~positive)
    fp, tn = weights @ (~diseased & positive), weights @ (~diseased & ~positive)
    with np.errstate(divide="ignore", invalid="ignore"):
        sensitivity = tp / (tp + fn)
        precision = tp / (tp + fp)
        return {
            "accuracy": (tp + tn) / (tp + tn + fp + fn),
            "sensitivity": sensitivity,
            "specificity": tn / (tn + fp),
            "precision": precision,
            "recall": sensitivity,
            "f1": 2 * tp / (2 * tp + fp + fn),
            "npv": tn / (tn + fn),
        }


def evaluate(
    labels: np.ndarray,
    probabilities: np.ndarray,
    patients: np.ndarray,
    points: Iterable[OperatingPoint],
    command: str,
) -> dict[str, Any]:
    """All figures of one set of images at fixed operating points.

    Args:
        labels: (N,) of 0 and 1, both present.
        probabilities: (N,) calibrated, in [0, 1].
        patients: (N,) group of each image.
        points: thresholds, never changed here.
        command: what to run to get the same figures; stored with them.

    Returns:
        The form of one set in `metrics.json`.
    """
    resampled = resample_patients(patients)
    # A draw without one of the classes has no AUROC; it can only happen in tiny sets.
    resampled = resampled[(resampled @ labels > 0) & (resampled @ (1 - labels) > 0)]
    once = np.ones(len(labels))

    def interval(measure: Callable[[np.ndarray], float]) -> dict[str, float]:
        return _interval(measure(once), np.array([measure(weights) for weights in resampled]))

    figures = {
        "n": len(labels),
        "positives": int(labels.sum()),
        "patients": len(np.unique(patients)),
        "auroc": interval(lambda w: roc_auc_score(labels, probabilities, sample_weight=w)),
        "auprc": interval(lambda w: average_precision_score(labels, probabilities, sample_weight=w)),
        "brier": interval(lambda w: brier_score_loss(labels, probabilities, sample_weight=w)),
        "ece": interval(lambda w: expected_calibration_error(labels, probabilities, w)),
        "operating_points": {point.name: _at(point, labels, probabilities, once, resampled) for point in points},
        "command": command,
    }
    return figures


def _at(
    point: OperatingPoint,
    labels: np.ndarray,
    probabilities: np.ndarray,
    once: np.ndarray,
    resampled: np.ndarray,
) -> dict[str, Any]:
    positive = probabilities >= point.threshold
    values = rates(labels, positive, once[None])
    draws = rates(labels, positive, resampled)
    called = np.array([point.finding(probability) != "UNCERTAIN" for probability in probabilities])
    return {
        "threshold": point.threshold,
        **{name: _interval(values[name][0], draws[name]) for name in values},
        "confusion_matrix": {
            "true_negative": int(np.sum(~positive & (labels == 0))),
            "false_positive": int(np.sum(positive & (labels == 0))),
            "false_negative": int(np.sum(~positive & (labels == 1))),
            "true_positive": int(np.sum(positive & (labels == 1))),
        },
        "uncertain_share": float(np.mean(~called)),
        "accuracy_outside_uncertain": float(np.mean((positive == (labels == 1))[called])) if called.any() else None,
    }


def _interval(value: float, draws: np.ndarray) -> dict[str, float | None]:
    draws = draws[np.isfinite(draws)]
    if not np.isfinite(value) or not len(draws):
        return {"value": None, "low": None, "high": None}
    low, high = np.percentile(draws, (2.5, 97.5))
    return asdict(Interval(float(value), float(low), float(high)))
