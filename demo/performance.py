"""How well the variants do, from the figures that travel with their weights; no network is run."""

from typing import Any

import gradio as gr
import numpy as np
from scipy.special import expit

from demo import content, figures
from demo.predictors import THRESHOLD_DIGITS, Predictors, unavailable
from pneumonia import Predictor
from pneumonia.evaluation.scores import VALIDATION, Scores
from pneumonia.evaluation.thresholds import Thresholds
from pneumonia.operating_points import BALANCED
from pneumonia.variants import PUBLISHED


class PerformanceHandlers:
    """Events of the Performance tab."""

    def __init__(self, predictors: Predictors) -> None:
        self._predictors = predictors

    def overview(self, name: str, operating_point: str) -> str:
        """All variants whose weights are there, on one set: table."""
        sets = {
            variant: predictor.metrics["sets"][name or VALIDATION] for variant, predictor in self._available().items()
        }
        missing = self._predictors.missing().items()
        return figures.overview(
            sets, operating_point or BALANCED, [unavailable(variant, reason) for variant, reason in missing]
        )

    def sets(self, chosen: str) -> dict[str, Any]:
        """The sets that the variants were judged on: choice of the set."""
        by_variant = [list(predictor.metrics["sets"]) for predictor in self._available().values()] or [[VALIDATION]]
        # Those that all have: weights trained without another population lack it.
        names = [name for name in by_variant[0] if all(name in names for names in by_variant)]
        choices = [(content.SETS.get(name, name), name) for name in names]
        return gr.update(choices=choices, value=chosen if chosen in names else VALIDATION)

    def curves(self, variant: str, name: str, operating_point: str) -> tuple:
        """One variant on one set: mark, threshold, ROC, precision-recall, reliability, training, at the threshold."""
        predictor, name = self._predictors.require(variant), name or VALIDATION
        point = predictor.operating_points[operating_point or BALANCED]
        thresholds, probabilities = _judged(predictor, name)
        scores = thresholds.scores
        return (
            figures.marks(point, predictor.metrics["sets"][name]),
            round(point.threshold, THRESHOLD_DIGITS),
            figures.roc(scores, probabilities),
            figures.precision_recall(scores, probabilities),
            figures.reliability(scores, probabilities),
            figures.training(predictor.history),
            figures.at_threshold(thresholds, probabilities, point.threshold),
        )

    def move(self, threshold: float, variant: str, name: str) -> str:
        """Another threshold over the same scores: at the threshold."""
        return figures.at_threshold(*_judged(self._predictors.require(variant), name or VALIDATION), threshold)

    def _available(self) -> dict[str, Predictor]:
        missing = self._predictors.missing()
        return {variant: self._predictors.get(variant) for variant in PUBLISHED if variant not in missing}


def _judged(predictor: Predictor, name: str) -> tuple[Thresholds, np.ndarray]:
    """What any threshold gives on a set, and the calibrated probabilities of its images, (N,)."""
    scores = Scores.from_dict(predictor.metrics["sets"][name]["scores"])
    return Thresholds(scores, predictor.temperature), expit(scores.logits / predictor.temperature)
