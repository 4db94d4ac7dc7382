"""Agreement of probabilities and findings with labels, with intervals by resampling patients."""

from collections.abc import Callable, Iterable
from dataclasses import asdict
from typing import Any

import numpy as np

from pneumonia.core.labels import UNCERTAIN
from pneumonia.core.operating_points import Interval, OperatingPoint
from pneumonia.metrics.bootstrap import resample_with_both_classes
from pneumonia.metrics.intervals import auroc_interval, calibration_interval, drawn_share, to_interval, with_interval

# From labels (N,), probabilities (N,) and weights (R, N) to values (R,).
Measure = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]

_ECE_BINS = 15


def auroc(labels: np.ndarray, probabilities: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """`sklearn.metrics.roc_auc_score` for many weightings at once; the scores are sorted once for all.

    Args:
        labels: (N,) of 0 and 1.
        probabilities: (N,).
        weights: (R, N), how often each image counts.

    Returns:
        (R,) in [0, 1]; NaN where a class has no weight.
    """
    diseased, normal = _by_rising_score(labels, probabilities, weights)
    # A pneumonia beats every normal below it, and half of those at its own score.
    beaten = np.cumsum(normal, axis=1) - normal / 2
    with np.errstate(invalid="ignore"):
        return (diseased * beaten).sum(axis=1) / (diseased.sum(axis=1) * normal.sum(axis=1))


def auroc_by_patients(labels: np.ndarray, scores: np.ndarray, patients: np.ndarray) -> dict[str, float | None]:
    """AUROC with its interval from resampling patients.

    Args:
        labels: (N,) of 0 and 1, both present.
        scores: (N,).
        patients: (N,) group of each.

    Returns:
        `value`, `low` and `high`, in [0, 1].
    """
    value = auroc(labels, scores, np.ones((1, len(labels))))[0]
    return to_interval(value, auroc(labels, scores, resample_with_both_classes(labels, patients)))


def auprc(labels: np.ndarray, probabilities: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """`sklearn.metrics.average_precision_score` for many weightings at once; as `auroc`."""
    diseased, normal = (part[:, ::-1] for part in _by_rising_score(labels, probabilities, weights))
    detected, called = np.cumsum(diseased, axis=1), np.cumsum(diseased + normal, axis=1)
    precision = np.divide(detected, called, out=np.zeros_like(detected), where=called > 0)
    with np.errstate(invalid="ignore"):
        return (diseased * precision).sum(axis=1) / diseased.sum(axis=1)


def _by_rising_score(
    labels: np.ndarray, probabilities: np.ndarray, weights: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Weight of pneumonias and of normals at each distinct score, both (R, scores)."""
    order = np.argsort(probabilities, kind="stable")
    starts = np.unique(probabilities[order], return_index=True)[1]
    diseased, normal = (np.add.reduceat((weights * part)[:, order], starts, axis=1) for part in (labels, 1 - labels))
    return diseased, normal


def brier(labels: np.ndarray, probabilities: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Mean squared distance of probability and label; arguments and result as `auroc`."""
    return weights @ np.square(probabilities - labels) / weights.sum(axis=1)


def expected_calibration_error(labels: np.ndarray, probabilities: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Mean distance between predicted and observed share of pneumonia over 15 equal-width bins.

    Naeini, Cooper and Hauskrecht, AAAI 2015; Guo et al., ICML 2017. Arguments and result as `auroc`; 0 is perfect.
    """
    bins = np.minimum((probabilities * _ECE_BINS).astype(int), _ECE_BINS - 1)
    members = np.eye(_ECE_BINS)[bins]  # (N, bins)
    gaps = (weights * (labels - probabilities)) @ members
    return np.abs(gaps).sum(axis=1) / weights.sum(axis=1)


def rates(labels: np.ndarray, positive: np.ndarray, weights: np.ndarray) -> dict[str, np.ndarray]:
    """Shares at one threshold, for many weightings at once.

    Args:
        labels: (N,) of 0 and 1.
        positive: (N,) bool, called pneumonia.
        weights: (R, N).

    Returns:
        Each (R,); NaN where a share has no denominator.
    """
    return shares(weights @ outcomes(labels, positive))


def outcomes(labels: np.ndarray, positive: np.ndarray) -> np.ndarray:
    """Tell true positive, false negative, false positive and true negative images apart.

    Args:
        labels: (N,) of 0 and 1.
        positive: (N,) bool, called pneumonia.

    Returns:
        (N, 4) of 0 and 1.
    """
    diseased = labels == 1
    kinds = (diseased & positive, diseased & ~positive, ~diseased & positive, ~diseased & ~positive)
    return np.stack(kinds, axis=1).astype(np.float64)


def shares(counts: np.ndarray) -> dict[str, np.ndarray]:
    """The shares of `rates`, from counts (R, 4) of the four outcomes."""
    tp, fn, fp, tn = counts.T
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


def outcomes_of_patients(labels: np.ndarray, positive: np.ndarray, patient: np.ndarray) -> np.ndarray:
    """Count the `outcomes` of each patient's images.

    Args:
        labels: (N,) of 0 and 1.
        positive: (N,) bool, called pneumonia.
        patient: int (N,), the number of the patient of each image, from 0 on.

    Returns:
        float64 (P, 4).
    """
    counts = np.zeros((patient.max() + 1, 4))
    np.add.at(counts, patient, outcomes(labels, positive))
    return counts


def share_intervals(drawn: dict[str, np.ndarray], of_patients: np.ndarray) -> dict[str, Interval]:
    """Intervals of the shares of `rates`.

    Args:
        drawn: each (R,), first of the images as they are, then of each draw of their patients.
        of_patients: (P, 4), as by `outcomes_of_patients`.

    Returns:
        As by `intervals.drawn_share`; but of the F1 score, which is no share of images, always by the draws.
    """
    tp, fn, fp, tn = of_patients.T
    counted = {"accuracy": (tp + tn, fp + fn), "sensitivity": (tp, fn), "recall": (tp, fn), "specificity": (tn, fp)}
    counted |= {"precision": (tp, fp), "npv": (tn, fn)}
    return {
        name: drawn_share(values, *counted[name]) if name in counted else with_interval(values)
        for name, values in drawn.items()
    }


def evaluate(
    labels: np.ndarray,
    probabilities: np.ndarray,
    patients: np.ndarray,
    points: Iterable[OperatingPoint],
    command: str,
    weights: np.ndarray | None = None,
) -> dict[str, Any]:
    """All figures of one set of images at fixed operating points.

    Args:
        labels: (N,) of 0 and 1; if they are all the same, no figure but the counts is defined.
        probabilities: (N,) calibrated, in [0, 1].
        patients: (N,) group of each image.
        points: thresholds, never changed here.
        command: what to run to get the same figures; stored with them.
        weights: (N,), how much each image counts in the shares; all the same unless given.

    Returns:
        The form of one set in `metrics.json`.
    """
    once = np.ones((1, len(labels))) if weights is None else weights[None]
    resampled = resample_with_both_classes(labels, patients) * once

    def interval(measure: Measure) -> dict[str, float | None]:
        value = measure(labels, probabilities, once)[0]
        return to_interval(value, measure(labels, probabilities, resampled))

    def auroc_with_interval() -> dict[str, float | None]:
        resampling = interval(auroc)
        if resampling["value"] not in (0.0, 1.0):
            return resampling
        # No draw differs from the images themselves; what chance allows, only the number of patients tells.
        normal, diseased = (len(np.unique(patients[labels == label])) for label in (0, 1))
        return asdict(auroc_interval(resampling["value"], normal, diseased))

    return {
        "n": len(labels),
        "positives": int(labels.sum()),
        "patients": len(np.unique(patients)),
        "auroc": auroc_with_interval(),
        "auprc": interval(auprc),
        "brier": interval(brier),
        "ece": calibration_interval(*(expected_calibration_error(labels, probabilities, w) for w in (once, resampled))),
        "operating_points": {
            point.name: _at(point, labels, probabilities, patients, once, resampled) for point in points
        },
        "command": command,
    }


def _at(
    point: OperatingPoint,
    labels: np.ndarray,
    probabilities: np.ndarray,
    patients: np.ndarray,
    once: np.ndarray,
    resampled: np.ndarray,
) -> dict[str, Any]:
    positive = probabilities >= point.threshold
    values = rates(labels, positive, once)
    draws = rates(labels, positive, resampled)
    _, patient = np.unique(patients, return_inverse=True)
    drawn = {name: np.append(values[name], draws[name]) for name in values}
    intervals = share_intervals(drawn, outcomes_of_patients(labels, positive, patient))
    called = np.array([point.finding(probability) != UNCERTAIN for probability in probabilities])
    return {
        "threshold": point.threshold,
        **{name: asdict(interval) for name, interval in intervals.items()},
        "confusion_matrix": {
            "true_negative": int(np.sum(~positive & (labels == 0))),
            "false_positive": int(np.sum(positive & (labels == 0))),
            "false_negative": int(np.sum(~positive & (labels == 1))),
            "true_positive": int(np.sum(positive & (labels == 1))),
        },
        "uncertain_share": float(np.average(~called, weights=once[0])),
        "accuracy_outside_uncertain": float(np.average((positive == (labels == 1))[called], weights=once[0][called]))
        if called.any()
        else None,
    }
