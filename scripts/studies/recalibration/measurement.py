"""Effect of recalibration on images that it was not fitted to: many draws of local images, scored on others.

Everything comes from the scores that travel with the weights; no network is run.
"""

import argparse
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from scipy.special import expit
from tqdm import tqdm

from pneumonia.calibration.fit import thresholds_by_rule
from pneumonia.calibration.platt import fit_platt
from pneumonia.calibration.recalibrate import LEAST_OF_A_CLASS
from pneumonia.core.operating_points import BALANCED
from pneumonia.core.populations import CHILDREN
from pneumonia.inference.predictor import Predictor, load_predictor
from pneumonia.metrics.bootstrap import resample_with_both_classes as resampled_patients
from pneumonia.metrics.classification import auroc, brier, expected_calibration_error, rates
from pneumonia.metrics.intervals import auroc_interval, to_interval
from pneumonia.metrics.scores import VALIDATION, Scores
from pneumonia.variants.registry import PUBLISHED

SIZES = (30, 50, 100, 200)
DRAWS = 100
# Taken off every logit to make a site of which the truth is known: as published, the network misses pneumonias there.
MADE_SHIFT = 2.0

# The sites by name: local images, and those that are scored. A half has no patient in common with the other.
Sites = dict[str, tuple[Scores, Scores]]


def measure(_: argparse.Namespace) -> dict[str, Any]:
    """Fit calibrations to many draws of each site's images, for each published variant, and score them on others."""
    predictors = {variant: load_predictor(variant) for variant in PUBLISHED}
    sites = {variant: sites_of(predictor) for variant, predictor in predictors.items()}
    jobs = [(site, variant) for site in sites[PUBLISHED[0]] for variant in PUBLISHED]
    figures: dict[str, dict] = {}
    for site, variant in tqdm(jobs, unit="study", disable=None):
        figures.setdefault(site, {})[variant] = study(predictors[variant], *sites[variant][site])
    return {
        "draws": DRAWS,
        "made_shift": MADE_SHIFT,
        "weights": {variant: predictor.version for variant, predictor in predictors.items()},
        "sites": figures,
    }


def sites_of(predictor: Predictor) -> Sites:
    """The sites of the study: adults of another hospital, children under two fixed corruptions, and one made."""

    def stored(name: str) -> Scores:
        return Scores.from_dict(predictor.metrics["sets"][name]["scores"])

    plain = stored(VALIDATION)
    return {
        "adults": _halves(stored("adults")),
        "children, darker": _halves(stored("validation-dark")),
        "children, cropped": _halves(stored("validation-cropped")),
        "children, shifted": _halves(replace(plain, logits=plain.logits - MADE_SHIFT)),
    }


def study(predictor: Predictor, local: Scores, report: Scores) -> dict[str, Any]:
    """Draw local images again and again, fit to them, and score others.

    Args:
        predictor: as published.
        local: images to draw from.
        report: images to score, of other patients.

    Returns:
        `as_shipped`: figures on `report`, with intervals from resampling its patients. `recalibrated`: for each number
        of images, the mean of the figures over the draws with the middle 95 % of the draws, and `kept`, the share of
        draws whose AUROC is above chance, so that the calibration may be used at all.
    """
    calibration = predictor.calibration_for(CHILDREN)
    log_odds = (report.logits + calibration.offset) / calibration.temperature
    threshold = calibration.operating_points[BALANCED].threshold
    once = np.ones((1, len(report.labels)))
    resampled = resampled_patients(report.labels, report.patients)
    values, draws = (_figures(report.labels, expit(log_odds), threshold, weights) for weights in (once, resampled))
    return {
        "local_images": len(local.labels),
        "scored_images": len(report.labels),
        "auroc": to_interval(auroc(report.labels, log_odds, once)[0], auroc(report.labels, log_odds, resampled)),
        "as_shipped": {name: to_interval(values[name][0], draws[name]) for name in values},
        "recalibrated": {str(size): _drawn(predictor, local, report, size) for size in SIZES},
    }


def draw(labels: np.ndarray, size: int, rng: np.random.Generator) -> np.ndarray:
    """Indices of images drawn without replacement, of each class as often as in the whole, but no class too rarely."""
    diseased = int(np.clip(round(size * labels.mean()), LEAST_OF_A_CLASS, size - LEAST_OF_A_CLASS))
    return np.concatenate(
        [
            rng.choice(np.flatnonzero(labels == label), count, replace=False)
            for label, count in ((0, size - diseased), (1, diseased))
        ]
    )


def _drawn(predictor: Predictor, local: Scores, report: Scores, size: int) -> dict[str, Any]:
    rng = np.random.default_rng(size)
    calibration = predictor.calibration_for(CHILDREN)
    local_odds, report_odds = ((s.logits + calibration.offset) / calibration.temperature for s in (local, report))
    once = np.ones((1, len(report.labels)))
    found: list[Mapping[str, np.ndarray]] = []
    kept = []
    for _ in range(DRAWS):
        drawn = draw(local.labels, size, rng)
        odds, labels, patients = local_odds[drawn], local.labels[drawn], local.patients[drawn]
        ((slope, shift),) = fit_platt(odds, labels, np.ones((1, size)))
        threshold = float(expit(slope * thresholds_by_rule(odds, labels)[BALANCED] + shift))
        found.append(_figures(report.labels, expit(slope * report_odds + shift), threshold, once))
        of_classes = [len(np.unique(patients[labels == label])) for label in (0, 1)]
        kept.append(auroc_interval(float(auroc(labels, odds, np.ones((1, size)))[0]), *of_classes).low > 0.5)
    columns = {name: np.array([figures[name][0] for figures in found]) for name in found[0]}
    return {"kept": float(np.mean(kept)), **{name: to_interval(draws.mean(), draws) for name, draws in columns.items()}}


def _figures(
    labels: np.ndarray, probabilities: np.ndarray, threshold: float, weights: np.ndarray
) -> dict[str, np.ndarray]:
    """Figures (R,) of images at the balanced threshold."""
    shares = rates(labels, probabilities >= threshold, weights)
    return {
        "ece": expected_calibration_error(labels, probabilities, weights),
        "brier": brier(labels, probabilities, weights),
        **{name: shares[name] for name in ("accuracy", "sensitivity", "specificity")},
    }


def _halves(scores: Scores) -> tuple[Scores, Scores]:
    """Two halves of the patients, always the same."""
    patients = np.unique(scores.patients)
    first = np.random.default_rng(0).permutation(patients)[: len(patients) // 2]
    inside = np.isin(scores.patients, first)
    return tuple(Scores(scores.logits[part], scores.labels[part], scores.patients[part]) for part in (inside, ~inside))
