"""Predictors of the variants that the page has, and the records of readings that API clients get."""

import threading
from collections.abc import Callable, Collection
from typing import Any, NamedTuple

from demo.shared import texts
from demo.shared.activity import Activity
from demo.shared.user_error import user_error
from pneumonia import Prediction, Predictor
from pneumonia.calibration.calibration import Calibration
from pneumonia.calibration.site import SiteCalibration
from pneumonia.core.operating_points import OperatingPoint
from pneumonia.core.populations import CHILDREN
from pneumonia.errors import WeightsError
from pneumonia.metrics.repeatability import repeatability_limit
from pneumonia.metrics.scores import Scores
from pneumonia.metrics.threshold_sweep import ThresholdSweep
from pneumonia.records.receipt import JudgedPrediction
from pneumonia.utils.processes import Cached, PerProcess
from pneumonia.variants.registry import PUBLISHED, get_variant

# Of a threshold on a slider; the stored ones have more.
THRESHOLD_DIGITS = 3


class Repeatability(NamedTuple):
    """How far the scores of two images of one patient differ when nothing is known to have changed.

    Attributes:
        limit: that 95 of 100 pairs stay within, in logits.
        population: of the patients that it was measured on; None where it is not known.
    """

    limit: float
    population: str | None


class Predictors:
    """Predictors of the page, each loaded once, when it is first asked for.

    Args:
        load: gives the predictor of a network, or raises `WeightsError`.
        own: names of networks beside the published variants, which go by the names of the variants.

    Attributes:
        names: of all networks, in the order in which they are shown.
        activity: what readers of the page wait for.
    """

    def __init__(self, load: Callable[[str], Predictor], own: Collection[str] = ()) -> None:
        self.names = (*PUBLISHED, *own)
        self.activity = Activity()
        self._load = load
        self._loaded: dict[str, Predictor | WeightsError] = {}
        self._loading = PerProcess(threading.Lock)
        self.sweep_on, self.repeatability = Cached(self._sweep_on), Cached(self._repeatability)
        self._sweep = Cached(self._thresholds)

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
        """Give the predictor of a variant, calibrated to a site if that is of its weights, or else as published."""
        predictor = self.get(variant)
        return predictor.recalibrated(site if site and site.weights_sha256 == predictor.weights_sha256 else None)

    def point(
        self,
        variant: str,
        name: str | None,
        threshold: float | None = None,
        site: SiteCalibration | None = None,
        population: str | None = None,
    ) -> OperatingPoint:
        """Give an operating point of a variant.

        Args:
            variant: its name.
            name: of the operating point; None for a custom threshold.
            threshold: a custom one: probability in (0, 1).
            site: whose probabilities and thresholds are meant; None as published.
            population: of the patient; None where it is not known.

        Raises:
            gr.Error: if there is neither a name nor a threshold.
        """
        predictor = self.calibrated(variant, site)
        calibration = predictor.calibration_for(population)
        if name in calibration.operating_points:
            return calibration.operating_points[name]
        if threshold is None:
            raise user_error(texts.NO_OPERATING_POINT)

        def sweep(of: Calibration) -> ThresholdSweep:
            return self._sweep(variant, of.population) if of.site is None else predictor.thresholds(of)

        return calibration.custom_point(threshold, sweep)

    def judged(
        self,
        variant: str,
        prediction: Prediction,
        name: str | None,
        threshold: float | None = None,
        site: SiteCalibration | None = None,
    ) -> Prediction:
        """Judge a reading of a variant otherwise, without running a network; arguments as for `point`."""
        population = prediction.population
        calibration = self.calibrated(variant, site).calibration_for(population)
        return prediction.with_calibration(calibration, self.point(variant, name, threshold, site, population))

    def _thresholds(self, variant: str, population: str | None) -> ThresholdSweep:
        """Give the figures of any threshold, as published, on the images that fixed those of a population."""
        predictor = self.get(variant)
        return predictor.thresholds(next(c for c in predictor.calibrations.values() if c.population == population))

    def _sweep_on(self, variant: str, name: str) -> ThresholdSweep:
        """Give `Predictor.thresholds_on` of a variant."""
        return self.get(variant).thresholds_on(name)

    def _repeatability(self, variant: str, population: str | None) -> Repeatability | None:
        """Give how far two images of one patient differ, on the images that fixed the calibration of a population.

        Where too few patients of it have several images, on those of children; None where these are too few too.
        """
        predictor = self.get(variant)
        for name in dict.fromkeys((population, CHILDREN)):
            calibration = predictor.calibrations.get(name or "", predictor.calibration)
            scores = Scores.from_dict(predictor.metrics["sets"][calibration.sets[0]]["scores"])
            if (limit := repeatability_limit(scores)) is not None:
                return Repeatability(limit, calibration.population)
        return None

    def point_of(self, variant: str, prediction: Prediction) -> OperatingPoint:
        """Give the operating point at which a prediction of a variant was judged."""
        return self.point(
            variant,
            prediction.operating_point,
            prediction.threshold,
            prediction.calibration,
            prediction.population,
        )

    def judged_prediction(self, variant: str, prediction: Prediction) -> JudgedPrediction:
        """Give a reading of a variant with what it was judged by."""
        predictor = self.calibrated(variant, prediction.calibration)
        return JudgedPrediction(prediction, self.point_of(variant, prediction), predictor)

    def measured_prevalence(self, variant: str, prediction: Prediction) -> float:
        """Give the share with pneumonia among the images that the calibration of a reading was fixed on."""
        predictor, population = self.get(variant), prediction.population
        if prediction.calibration is not None:
            return prediction.calibration.prevalence
        calibration = predictor.calibrations.get(population or "", predictor.calibration)
        first = predictor.metrics["sets"][calibration.sets[0]]
        return first["positives"] / first["n"]

    def missing(self) -> dict[str, str]:
        """Say why variants are unavailable, by variant; loads those not asked for yet."""
        reasons = {}
        for variant in self.names:
            try:
                self.get(variant)
            except WeightsError as error:
                reasons[variant] = str(error)
        return reasons


def unavailable(variant: str, reason: str) -> str:
    """Say why a variant cannot be used, with its title."""
    return texts.UNAVAILABLE.format(title=title_of(variant), reason=reason)


def title_of(name: str) -> str:
    """Give what a network is called on the page: a variant its title, another network its name."""
    return get_variant(name).title if name in PUBLISHED else name


def summary_of(variant: str) -> str:
    """Say in plain words what a variant is."""
    return texts.SUMMARIES.get(variant, get_variant(variant).summary)


def reading_record(prediction: Prediction, name: str) -> dict[str, Any]:
    """Record of one image: `Prediction.to_dict()` and the upload's base name."""
    return {"name": name, **prediction.to_dict()}


def unavailable_record(variant: str, reason: str, name: str) -> dict[str, Any]:
    """Record of a variant without weights, in place of its reading."""
    return {"name": name, "status": "unavailable", "variant": variant, "finding": None, "error": reason}


def chosen_population(choice: str | None) -> str | None:
    """Give the population that was chosen; None where the image is to tell."""
    return None if choice in (None, texts.NOT_STATED) else choice
