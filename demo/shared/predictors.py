"""Predictors of the variants that the page has."""

import threading
from collections.abc import Callable
from typing import Any

from demo.shared import texts
from demo.shared.user_error import user_error
from pneumonia import Prediction, Predictor
from pneumonia.calibration.site import SiteCalibration
from pneumonia.core.operating_points import OperatingPoint
from pneumonia.errors import WeightsError
from pneumonia.metrics.repeatability import repeatability_limit
from pneumonia.metrics.scores import VALIDATION, Scores
from pneumonia.metrics.threshold_sweep import Thresholds
from pneumonia.utils.processes import PerProcess
from pneumonia.variants.registry import PUBLISHED, get_variant

# Of a threshold on a slider; the stored ones have more.
THRESHOLD_DIGITS = 3


class Predictors:
    """Predictors of the page, each loaded once, when it is first asked for.

    Args:
        load: gives the predictor of a variant, or raises `WeightsError`.
    """

    def __init__(self, load: Callable[[str], Predictor]) -> None:
        self._load = load
        self._loaded: dict[str, Predictor | WeightsError] = {}
        self._derived: dict[tuple[str, Callable], Any] = {}
        self._loading, self._deriving = PerProcess(threading.Lock), PerProcess(threading.Lock)

    def get(self, variant: str | None) -> Predictor:
        """Give the predictor of a variant; one that is loaded does not wait for others.

        Raises:
            WeightsError: as it was raised when the variant was first asked for.
            gr.Error: if none was named.
        """
        if variant is None:
            raise user_error(texts.NO_VARIANT)
        if variant not in self._loaded:
            with self._loading.value:
                if variant not in self._loaded:
                    try:
                        self._loaded[variant] = self._load(variant)
                    except WeightsError as error:
                        self._loaded[variant] = error
        result = self._loaded[variant]
        if isinstance(result, WeightsError):
            raise result
        return result

    def require(self, variant: str | None) -> Predictor:
        """Give the predictor of a variant that somebody asked for.

        Raises:
            gr.Error: if none was named, or if it is unavailable, with the reason.
        """
        try:
            return self.get(variant)
        except WeightsError as error:
            raise user_error(unavailable(variant, str(error))) from error

    def loaded(self) -> dict[str, Predictor | WeightsError]:
        """Give predictors and failures of the variants asked for so far, without waiting for others."""
        return dict(self._loaded)

    def calibrated(self, variant: str, site: SiteCalibration | None) -> Predictor:
        """Give the predictor of a variant, calibrated to a site if that is of this variant, or else as shipped."""
        return self.get(variant).recalibrated(site if site and site.variant == variant else None)

    def point(
        self, variant: str, name: str | None, threshold: float | None = None, site: SiteCalibration | None = None
    ) -> OperatingPoint:
        """Give an operating point of a variant.

        Args:
            variant: its name.
            name: of the operating point; None for a custom threshold.
            threshold: a custom one: probability in (0, 1).
            site: whose probabilities and thresholds are meant; None as shipped.

        Raises:
            gr.Error: if there is neither a name nor a threshold.
        """
        predictor = self.calibrated(variant, site)
        if name in predictor.operating_points:
            return predictor.operating_points[name]
        if threshold is None:
            raise user_error(texts.NO_OPERATING_POINT)
        return self._thresholds_of(predictor).own_point(threshold)

    def _thresholds_of(self, predictor: Predictor) -> Thresholds:
        """Give the figures of any threshold, on the images that a calibration was fitted to."""
        if predictor.calibration.site is not None:
            return predictor.thresholds()
        return self._derive(_thresholds, predictor)

    def repeatability(self, variant: str) -> float | None:
        """Give `repeatability_limit` of the validation images of a variant."""
        return self._derive(_repeatability, self.get(variant))

    def _derive(self, function: Callable[[Predictor], Any], predictor: Predictor) -> Any:
        """Compute something of a predictor as shipped, once."""
        with self._deriving.value:
            key = predictor.variant, function
            if key not in self._derived:
                self._derived[key] = function(predictor)
            return self._derived[key]

    def point_of(self, prediction: Prediction) -> OperatingPoint:
        """Give the operating point at which a prediction was judged."""
        return self.point(prediction.variant, prediction.operating_point, prediction.threshold, prediction.calibration)

    def measured_prevalence(self, variant: str) -> float:
        """Give the share with pneumonia among the validation images of a variant."""
        validation = self.get(variant).metrics["sets"][VALIDATION]
        return validation["positives"] / validation["n"]

    def missing(self) -> dict[str, str]:
        """Say why variants are unavailable, by variant; loads those not asked for yet."""
        reasons = {}
        for variant in PUBLISHED:
            try:
                self.get(variant)
            except WeightsError as error:
                reasons[variant] = str(error)
        return reasons


def _thresholds(predictor: Predictor) -> Thresholds:
    return predictor.thresholds()


def _repeatability(predictor: Predictor) -> float | None:
    return repeatability_limit(Scores.from_dict(predictor.metrics["sets"][VALIDATION]["scores"]))


def unavailable(variant: str, reason: str) -> str:
    """Say why a variant cannot be used, with its title."""
    return texts.UNAVAILABLE.format(title=get_variant(variant).title, reason=reason)
