"""From a logit to a probability and a finding, for one population: as published with the weights, or for a site."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from statistics import fmean
from typing import TYPE_CHECKING, Annotated

import numpy as np
from annotated_types import Gt

from pneumonia.calibration.site import SiteCalibration
from pneumonia.core.operating_points import OPERATING_POINTS, Interval, Number, OperatingPoint, Share
from pneumonia.core.populations import POPULATIONS, UNSTATED
from pneumonia.errors import WeightsError
from pneumonia.weights.folder import Bundle

if TYPE_CHECKING:
    from pneumonia.metrics.threshold_sweep import ThresholdSweep


@dataclass(frozen=True)
class _Point:
    """An `OperatingPoint` as config.json holds it, under its name."""

    threshold: Share
    low: Share
    high: Share
    sensitivity: Interval
    specificity: Interval


@dataclass(frozen=True)
class _Settings:
    """The part of config.json that is read here, besides what it holds of each population."""

    variant: str


@dataclass(frozen=True)
class _FixedOn:
    """What a calibration was fixed on."""

    sets: tuple[str, ...]
    coverage: Share


@dataclass(frozen=True)
class _PopulationSettings:
    """What config.json holds of a population."""

    temperature: Annotated[Number, Gt(0)]
    operating_points: dict[str, _Point]
    calibration: _FixedOn
    offset: Number = 0.0


@dataclass(frozen=True)
class Calibration:
    """The figures that turn the logits of one network into probabilities and findings, for one population.

    Attributes:
        variant: name of the network.
        weights_sha256: hash of its served model.
        temperature: the logit is divided by it before it becomes a probability (Guo et al., ICML 2017).
        operating_points: by name.
        offset: added to the logit before that.
        site: that it was fitted to; None as published.
        population: one of `POPULATIONS`; None where it is not known.
        sets: names of the sets of metrics.json that it was fixed on, as published.
    """

    variant: str
    weights_sha256: str
    temperature: float
    operating_points: dict[str, OperatingPoint]
    offset: float = 0.0
    site: SiteCalibration | None = None
    population: str | None = None
    sets: tuple[str, ...] = ()

    @classmethod
    def from_bundle(cls, bundle: Bundle) -> "dict[str, Calibration]":
        """Those that are published with the weights, by population; by `UNSTATED` where none is stated.

        Raises:
            WeightsError: if something in config.json is missing, or is not what it must be.
        """
        variant = bundle.settings(_Settings).variant
        calibrations = {}
        for name, settings in bundle.population_settings(_PopulationSettings).items():
            if name not in (*POPULATIONS, UNSTATED):
                raise WeightsError(f"The config of the weights folder holds another population than {POPULATIONS}.")
            if missing := [point for point in OPERATING_POINTS if point not in settings.operating_points]:
                raise WeightsError(f"The config of the weights folder lacks the operating point {missing[0]}.")
            calibrations[name] = cls(
                variant,
                bundle.weights_sha256,
                settings.temperature,
                {point: OperatingPoint(point, **vars(p)) for point, p in settings.operating_points.items()},
                settings.offset,
                population=None if name == UNSTATED else name,
                sets=settings.calibration.sets,
            )
        if not calibrations:
            raise WeightsError("The config of the weights folder holds no population.")
        return calibrations

    def for_site(self, site: SiteCalibration) -> "Calibration":
        """The same network's at a site.

        Raises:
            CalibrationError: if that was fitted to another network, or the network is not usable at the site.
        """
        site.require_usable(self.variant, self.weights_sha256)
        return replace(
            self,
            temperature=site.temperature.value,
            operating_points=site.operating_points,
            offset=site.offset.value,
            site=site,
        )

    def probability(self, logit: float) -> float:
        """Calibrated probability of pneumonia of an uncalibrated logit."""
        # tanh does not overflow where exp does.
        return 0.5 * (1.0 + math.tanh(0.5 * (logit + self.offset) / self.temperature))

    def probabilities(self, logits: np.ndarray) -> np.ndarray:
        """`probability` of many logits, (N,)."""
        return 0.5 * (1.0 + np.tanh(0.5 * (logits + self.offset) / self.temperature))

    def logit(self, probability: float) -> float:
        """The inverse of `probability`; infinite at 0 and 1."""
        if probability in (0.0, 1.0):
            return math.inf if probability else -math.inf
        return 2.0 * math.atanh(2.0 * probability - 1.0) * self.temperature - self.offset

    def judge(self, logit: float, point: OperatingPoint) -> tuple[float, str]:
        """Probability and finding of an uncalibrated logit at an operating point."""
        probability = self.probability(logit)
        return probability, point.finding(probability)

    def custom_point(self, threshold: float, sweep: "Callable[[Calibration], ThresholdSweep]") -> OperatingPoint:
        """The operating point at a threshold of the reader's own.

        Args:
            threshold: calibrated probability in (0, 1).
            sweep: figures of any threshold on the images that a calibration was fixed on.
        """
        return sweep(self).custom_point(threshold)


@dataclass(frozen=True)
class UndecidedCalibration(Calibration):
    """For a patient who may be of any of several populations: what is found holds for all of them, or is uncertain.

    Attributes:
        candidates: calibrations of these populations.
    """

    candidates: tuple[Calibration, ...] = ()

    @classmethod
    def between(cls, candidates: Iterable[Calibration]) -> "UndecidedCalibration":
        """The one for a patient of one of these populations."""
        candidates = tuple(candidates)
        first = candidates[0]
        site = next((candidate.site for candidate in candidates if candidate.site), None)
        undecided = cls(
            first.variant, first.weights_sha256, first.temperature, {}, first.offset, site, candidates=candidates
        )
        points = {name: [c.operating_points[name] for c in candidates] for name in first.operating_points}
        return replace(undecided, operating_points={name: undecided.point(each) for name, each in points.items()})

    def probability(self, logit: float) -> float:
        """Mean of the candidates' probabilities."""
        return fmean(candidate.probability(logit) for candidate in self.candidates)

    def logit(self, probability: float) -> float:
        """The inverse of `probability`, found between the candidates' own."""
        ends = [candidate.logit(probability) for candidate in self.candidates]
        if min(ends) == max(ends):
            return ends[0]
        from scipy.optimize import brentq  # only where it is needed

        return float(brentq(lambda logit: self.probability(logit) - probability, min(ends), max(ends), xtol=1e-12))

    def point(self, points: Sequence[OperatingPoint]) -> OperatingPoint:
        """The operating point at which all candidates, each at its own, find the same, or the finding is uncertain.

        Args:
            points: of each candidate, under one name. The lower of their sensitivities is stated, and the lower of
                their specificities.
        """

        def at(end: str, choose: Callable[[Iterable[float]], float]) -> float:
            # All probabilities rise with the logit, and so does their mean.
            return self.probability(
                choose(c.logit(getattr(point, end)) for c, point in zip(self.candidates, points, strict=True))
            )

        return OperatingPoint(
            points[0].name,
            threshold=at("threshold", max),
            low=at("low", min),
            high=at("high", max),
            sensitivity=min((point.sensitivity for point in points), key=lambda share: share.value),
            specificity=min((point.specificity for point in points), key=lambda share: share.value),
        )

    def custom_point(self, threshold: float, sweep: "Callable[[Calibration], ThresholdSweep]") -> OperatingPoint:
        """Each candidate at the logit that the threshold stands for."""
        logit = self.logit(threshold)
        return self.point([c.custom_point(c.probability(logit), sweep) for c in self.candidates])
