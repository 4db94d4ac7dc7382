"""From labelled images of one site to a calibration for it: temperature, offset and thresholds, each with an interval.

The network is not touched. Its log-odds as published become `slope * log-odds + shift`: the logistic recalibration of
Cox (Biometrika 1958), which is the scaling of Platt (1999) applied to calibrated scores. Normal priors hold the slope
near 1 and the shift near 0: what few images cannot tell stays as published. The thresholds follow the rules of
training.
"""

from dataclasses import dataclass, replace
from datetime import date as Date

import numpy as np
from scipy.special import expit

from pneumonia.calibration.calibration import Calibration
from pneumonia.calibration.fit import fix_operating_points, thresholds_by_rule
from pneumonia.calibration.platt import fit_platt
from pneumonia.calibration.site import SiteCalibration, SiteFigures, SiteOperatingPoint, require_name
from pneumonia.core.labels import CLASS_NAMES
from pneumonia.core.operating_points import OPERATING_POINTS, Interval, OperatingPoint
from pneumonia.core.populations import UNSTATED
from pneumonia.errors import DataError
from pneumonia.metrics.bootstrap import resample_with_both_classes
from pneumonia.metrics.classification import auroc, brier, expected_calibration_error, rates
from pneumonia.metrics.intervals import auroc_interval, calibration_interval, share_interval, with_interval
from pneumonia.metrics.scores import Scores

LEAST_IMAGES = 30
LEAST_OF_A_CLASS = 10  # patients
# Cross-validation leaves out one patient at a time where there are no more than this many.
_FOLDS = 50


@dataclass(frozen=True)
class _JudgedImages:
    """Each image under one calibration.

    Attributes:
        probabilities: (N,).
        called: (N,) bool, called pneumonia, by name of the operating point.
    """

    probabilities: np.ndarray
    called: dict[str, np.ndarray]


def require_enough(labels: np.ndarray, patients: np.ndarray) -> None:
    """Make sure that there are enough images of enough patients to say anything.

    Args:
        labels: (N,) of 0 and 1.
        patients: (N,) groups.

    Raises:
        DataError: if there are not.
    """
    images = [int(np.sum(labels == label)) for label in range(len(CLASS_NAMES))]
    people = _patients_of_classes(labels, patients)
    if sum(images) < LEAST_IMAGES or min(people) < LEAST_OF_A_CLASS:
        counts = " and ".join(
            f"{number} {name} of {of} patient{'s' * (of != 1)}"
            for number, name, of in zip(images, CLASS_NAMES, people, strict=True)
        )
        raise DataError(
            f"A calibration to a site needs at least {LEAST_IMAGES} readable images, and {LEAST_OF_A_CLASS} patients "
            f"of each class; these are {counts}, as far as is known."
        )


def recalibrate(published: Calibration, scores: Scores, name: str, date: Date) -> SiteCalibration:
    """Fit a calibration to a site, and judge it on images that it was not fitted to.

    The figures after recalibration are cross-validated: each image is judged by a calibration and thresholds fitted
    without its patient. Intervals of shares and of the AUROC are those of `metrics.intervals`; the others come
    from resampling patients, those of temperature, offset and thresholds with a new fit each time.

    Args:
        published: the network's calibration as published.
        scores: the network's logits on the site's images.
        name: of the site, as `calibration.site.require_name` wants it.
        date: of today.

    Returns:
        The calibration, which may be one that must not be used (`SiteCalibration.usable`).

    Raises:
        CalibrationError: if the name is none.
        DataError: if there are too few images, or too few of a class.
    """
    require_name(name)
    labels, patients = scores.labels, scores.patients
    require_enough(labels, patients)
    log_odds = (scores.logits + published.offset) / published.temperature
    # The first weighting is that of the images as they are.
    weights = np.vstack([np.ones(len(labels)), resample_with_both_classes(labels, patients)])

    fits = fit_platt(log_odds, labels, weights)
    temperatures = published.temperature / fits[:, 0]
    offsets = published.offset + fits[:, 1] * temperatures
    points = fix_operating_points(scores.shifted(offsets[0]), float(temperatures[0]))

    points_before = published.operating_points
    before = _JudgedImages(
        expit(log_odds), {p: expit(log_odds) >= points_before[p].threshold for p in OPERATING_POINTS}
    )
    after = _cross_validated(log_odds, scores)
    gains = brier(labels, before.probabilities, weights) - brier(labels, after.probabilities, weights)
    return SiteCalibration(
        name=name,
        date=date.isoformat(),
        variant=published.variant,
        weights_sha256=published.weights_sha256,
        images=len(labels),
        positives=int(labels.sum()),
        patients=len(np.unique(patients)),
        temperature=with_interval(temperatures),
        offset=with_interval(offsets),
        auroc=auroc_interval(float(auroc(labels, log_odds, weights[:1])[0]), *_patients_of_classes(labels, patients)),
        before=_figures(
            before, scores, weights, points_before, {p: np.full(2, points_before[p].threshold) for p in points_before}
        ),
        after=_figures(after, scores, weights, points, _thresholds(log_odds, labels, weights, fits)),
        gain=with_interval(gains),
        scores=scores.to_dict(),
        population=published.population or UNSTATED,
    )


def _cross_validated(log_odds: np.ndarray, scores: Scores) -> _JudgedImages:
    """Each image, judged by what was fitted to the images of other patients."""
    labels = scores.labels
    _, patient = np.unique(scores.patients, return_inverse=True)
    fold = patient % _FOLDS
    folds = np.unique(fold)
    fits = fit_platt(log_odds, labels, (fold != folds[:, None]).astype(np.float64))
    probabilities = np.empty(len(labels))
    called = {point: np.empty(len(labels), bool) for point in OPERATING_POINTS}
    for number, (slope, shift) in zip(folds, fits, strict=True):
        out = fold == number
        probabilities[out] = expit(slope * log_odds[out] + shift)
        for point, threshold in thresholds_by_rule(log_odds[~out], labels[~out]).items():
            called[point][out] = log_odds[out] >= threshold
    return _JudgedImages(probabilities, called)


def _thresholds(
    log_odds: np.ndarray, labels: np.ndarray, weights: np.ndarray, fits: np.ndarray
) -> dict[str, np.ndarray]:
    """Thresholds (R,) as probabilities, fitted to each weighting, by name of the operating point."""
    thresholds = {point: np.empty(len(weights)) for point in OPERATING_POINTS}
    for number, (weighting, (slope, shift)) in enumerate(zip(weights, fits, strict=True)):
        drawn = np.repeat(np.arange(len(labels)), weighting.astype(int))
        for point, threshold in thresholds_by_rule(log_odds[drawn], labels[drawn]).items():
            thresholds[point][number] = expit(slope * threshold + shift)
    return thresholds


def _figures(
    judged: _JudgedImages,
    scores: Scores,
    weights: np.ndarray,
    points: dict[str, OperatingPoint],
    thresholds: dict[str, np.ndarray],
) -> SiteFigures:
    labels = scores.labels
    errors = expected_calibration_error(labels, judged.probabilities, weights)
    return SiteFigures(
        ece=Interval(**calibration_interval(errors[:1], errors[1:])),
        brier=with_interval(brier(labels, judged.probabilities, weights)),
        points={
            name: SiteOperatingPoint(
                threshold=replace(with_interval(thresholds[name]), value=points[name].threshold),
                low=points[name].low,
                high=points[name].high,
                **_shares(judged.called[name], scores),
            )
            for name in OPERATING_POINTS
        },
    )


def _shares(called: np.ndarray, scores: Scores) -> dict[str, Interval]:
    labels, patients = scores.labels, scores.patients
    shares = rates(labels, called, np.ones((1, len(labels))))
    normal, diseased = _patients_of_classes(labels, patients)
    of = {"accuracy": len(np.unique(patients)), "sensitivity": diseased, "specificity": normal}
    return {name: share_interval(shares[name][0], of[name]) for name in of}


def _patients_of_classes(labels: np.ndarray, patients: np.ndarray) -> list[int]:
    return [len(np.unique(patients[labels == label])) for label in range(len(CLASS_NAMES))]
