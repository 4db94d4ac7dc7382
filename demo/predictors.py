"""The variants that the page has, and how it says that one cannot be used."""

import threading
from collections.abc import Callable
from html import escape
from typing import Any

import gradio as gr

from demo import content
from pneumonia import Prediction, Predictor
from pneumonia.errors import WeightsError
from pneumonia.evaluation.repeatability import repeatability_limit
from pneumonia.evaluation.scores import VALIDATION, Scores
from pneumonia.evaluation.thresholds import Thresholds, thresholds_of
from pneumonia.forks import OfProcess
from pneumonia.operating_points import OperatingPoint
from pneumonia.site_calibration import SiteCalibration
from pneumonia.variants import PUBLISHED, get_variant

# Of a threshold on a slider; the stored ones have more.
THRESHOLD_DIGITS = 3


class Predictors:
    """The variants of the page, each loaded once, when it is first asked for.

    Args:
        load: gives the predictor of a variant, or raises `WeightsError`.
    """

    def __init__(self, load: Callable[[str], Predictor]) -> None:
        self._load = load
        self._loaded: dict[str, Predictor | WeightsError] = {}
        self._made: dict[tuple[str, Callable], Any] = {}
        self._loading, self._making = OfProcess(threading.Lock), OfProcess(threading.Lock)

    def get(self, variant: str | None) -> Predictor:
        """The predictor of a variant; one that is loaded does not wait for others.

        Raises:
            WeightsError: as it was raised when the variant was first asked for.
            gr.Error: if none was named.
        """
        if variant is None:
            raise refused(content.NO_VARIANT)
        if variant not in self._loaded:
            with self._loading.here:
                if variant not in self._loaded:
                    try:
                        self._loaded[variant] = self._load(variant)
                    except WeightsError as error:
                        self._loaded[variant] = error
        found = self._loaded[variant]
        if isinstance(found, WeightsError):
            raise found
        return found

    def require(self, variant: str | None) -> Predictor:
        """The predictor of a variant that somebody asked for.

        Raises:
            gr.Error: if none was named, or if it is unavailable, with the reason.
        """
        try:
            return self.get(variant)
        except WeightsError as error:
            raise refused(unavailable(variant, str(error))) from error

    def loaded(self) -> dict[str, Predictor | WeightsError]:
        """What came of the variants that were asked for so far, without waiting for one that is being loaded."""
        return dict(self._loaded)

    def calibrated(self, variant: str, site: SiteCalibration | None) -> Predictor:
        """The predictor of a variant, calibrated to a site if that was made for this variant, or else as shipped."""
        return self.get(variant).recalibrated(site if site and site.variant == variant else None)

    def point(
        self, variant: str, name: str | None, threshold: float | None = None, site: SiteCalibration | None = None
    ) -> OperatingPoint:
        """An operating point of a variant.

        Args:
            variant: its name.
            name: of the operating point; None for a reader's own.
            threshold: of a reader's own: probability in (0, 1).
            site: whose probabilities and thresholds are meant; None as shipped.

        Raises:
            gr.Error: if there is neither a name nor a threshold.
        """
        predictor = self.calibrated(variant, site)
        if name in predictor.operating_points:
            return predictor.operating_points[name]
        if threshold is None:
            raise refused(content.NO_POINT)
        return self._thresholds_of(predictor).own_point(threshold)

    def _thresholds_of(self, predictor: Predictor) -> Thresholds:
        """What any threshold gives on the images that a calibration was fixed on."""
        if predictor.calibration is not None:
            return thresholds_of(predictor)
        return self._once(thresholds_of, predictor)

    def repeatability(self, variant: str) -> float | None:
        """As `repeatability_limit`, of the validation images of a variant."""
        return self._once(_repeatability, self.get(variant))

    def _once(self, make: Callable[[Predictor], Any], predictor: Predictor) -> Any:
        """What is made of a predictor as shipped, made when it is first asked for."""
        with self._making.here:
            key = predictor.variant, make
            if key not in self._made:
                self._made[key] = make(predictor)
            return self._made[key]

    def point_of(self, prediction: Prediction) -> OperatingPoint:
        """The operating point at which a prediction was judged."""
        return self.point(prediction.variant, prediction.operating_point, prediction.threshold, prediction.calibration)

    def measured_prevalence(self, variant: str) -> float:
        """Share with pneumonia among the validation images of a variant."""
        validation = self.get(variant).metrics["sets"][VALIDATION]
        return validation["positives"] / validation["n"]

    def missing(self) -> dict[str, str]:
        """Why a variant of the page is unavailable, by variant; loads those not asked for yet."""
        reasons = {}
        for variant in PUBLISHED:
            try:
                self.get(variant)
            except WeightsError as error:
                reasons[variant] = str(error)
        return reasons


def _repeatability(predictor: Predictor) -> float | None:
    return repeatability_limit(Scores.from_dict(predictor.metrics["sets"][VALIDATION]["scores"]))


def availability(predictors: Predictors) -> dict[str, Any]:
    """For a choice of the variant: mark those whose weights cannot be loaded, with the reasons."""
    missing = predictors.missing()
    titles = {variant: get_variant(variant).title for variant in PUBLISHED}
    choices = [
        (content.UNAVAILABLE_LABEL.format(title=title) if variant in missing else title, variant)
        for variant, title in titles.items()
    ]
    reasons = [unavailable(variant, reason) for variant, reason in missing.items()]
    return gr.update(choices=choices, info=" ".join(reasons) or None)


def unavailable(variant: str, reason: str) -> str:
    """Why a variant cannot be used, with its title."""
    return content.UNAVAILABLE.format(title=get_variant(variant).title, reason=reason)


def refused(sentence: str) -> gr.Error:
    """What to raise for a request that cannot be met; the page shows the sentence."""
    # Gradio shows it as HTML, and it may hold the name of a file. Expected, so the log needs no traceback either.
    return gr.Error(escape(sentence, quote=False), print_exception=False)
