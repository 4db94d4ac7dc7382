"""Events of the Performance tab: figures that travel with the weights; no network is run."""

from dataclasses import replace
from typing import Any

import gradio as gr
import numpy as np

from demo.shared.predictors import THRESHOLD_DIGITS, Predictors, title_of, unavailable
from demo.tabs.performance import texts, views
from pneumonia import Predictor
from pneumonia.core.operating_points import BALANCED
from pneumonia.metrics.scores import VALIDATION
from pneumonia.metrics.threshold_sweep import ThresholdSweep


class PerformanceHandlers:
    """Events of the Performance tab."""

    def __init__(self, predictors: Predictors) -> None:
        self._predictors = predictors

    def on_set_change(self, name: str, operating_point: str) -> str:
        """Compare the variants whose weights are there, on one set: table."""
        sets = {
            variant: predictor.metrics["sets"][name or VALIDATION] for variant, predictor in self._available().items()
        }
        missing = self._predictors.missing().items()
        reasons = [unavailable(variant, reason) for variant, reason in missing]
        return views.overview(name or VALIDATION, sets, operating_point or BALANCED, reasons)

    def on_tab_select(self, chosen: str) -> dict[str, Any]:
        """Offer the sets that all variants were scored on, and whose scores were kept: choice of the set."""
        by_variant = [
            [name for name, figures in predictor.metrics["sets"].items() if "scores" in figures]
            for predictor in self._available().values()
        ] or [[VALIDATION]]
        # Those that all have: weights trained without another population lack it.
        names = [name for name in by_variant[0] if all(name in names for names in by_variant)]
        choices = [(texts.SETS.get(name, name), name) for name in names]
        return gr.update(choices=choices, value=chosen if chosen in names else VALIDATION)

    def on_variant_change(self, variant: str, name: str, operating_point: str) -> tuple:
        """Show a variant on a set: populations, mark, threshold, ROC, precision-recall, reliability, training, at the
        threshold."""
        predictor, name = self._predictors.require(variant), name or VALIDATION
        chosen = operating_point or BALANCED
        points = predictor.calibration_of_set(name).operating_points
        point = points[chosen]
        thresholds, probabilities = self._scored(variant, name)
        return (
            views.populations(title_of(variant), predictor, chosen),
            views.mark(title_of(variant), point, predictor.metrics["sets"][name]),
            round(point.threshold, THRESHOLD_DIGITS),
            *views.charts(name, thresholds.scores, probabilities, points, chosen),
            views.training(predictor.history, predictor.metrics["sets"][VALIDATION]["n"]),
            views.at_threshold(name, thresholds, probabilities, point.threshold),
        )

    def on_threshold_change(self, threshold: float, variant: str, name: str) -> str:
        """Apply another threshold to the same scores: at the threshold."""
        name = name or VALIDATION
        return views.at_threshold(name, *self._scored(variant, name), threshold)

    def _available(self) -> dict[str, Predictor]:
        missing = self._predictors.missing()
        return {name: self._predictors.get(name) for name in self._predictors.names if name not in missing}

    def _scored(self, variant: str, name: str) -> tuple[ThresholdSweep, np.ndarray]:
        """Give the figures of any threshold on a set, and the calibrated probabilities of its images, (N,)."""
        calibration = self._predictors.require(variant).calibration_of_set(name)
        thresholds = self._predictors.sweep_on(variant, name)
        # The offset is in these scores already.
        return thresholds, replace(calibration, offset=0.0).probabilities(thresholds.scores.logits)
