"""From a logit to a probability and a finding: as published with the weights, or for a site."""

import math
from dataclasses import dataclass, replace
from typing import Annotated

from annotated_types import Gt

from pneumonia.calibration.site import SiteCalibration
from pneumonia.core.operating_points import OPERATING_POINTS, Interval, Number, OperatingPoint, Share
from pneumonia.errors import WeightsError
from pneumonia.weights.folder import Bundle


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
    """The part of config.json that is read here."""

    variant: str
    temperature: Annotated[Number, Gt(0)]
    operating_points: dict[str, _Point]


@dataclass(frozen=True)
class Calibration:
    """The figures that turn the logits of one network into probabilities and findings.

    Attributes:
        variant: name of the network.
        weights_sha256: hash of its served model.
        temperature: the logit is divided by it before it becomes a probability (Guo et al., ICML 2017).
        operating_points: by name.
        offset: added to the logit before that; 0 as published.
        site: that it was fitted to; None as published.
    """

    variant: str
    weights_sha256: str
    temperature: float
    operating_points: dict[str, OperatingPoint]
    offset: float = 0.0
    site: SiteCalibration | None = None

    @classmethod
    def from_bundle(cls, bundle: Bundle) -> "Calibration":
        """The one that is published with the weights.

        Raises:
            WeightsError: if something in config.json is missing, or is not what it must be.
        """
        settings = bundle.settings(_Settings)
        if missing := [name for name in OPERATING_POINTS if name not in settings.operating_points]:
            raise WeightsError(f"The config of the weights folder lacks the operating point {missing[0]}.")
        points = {name: OperatingPoint(name, **vars(point)) for name, point in settings.operating_points.items()}
        return cls(settings.variant, bundle.weights_sha256, settings.temperature, points)

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

    def judge(self, logit: float, point: OperatingPoint) -> tuple[float, str]:
        """Probability and finding of an uncalibrated logit at an operating point."""
        probability = self.probability(logit)
        return probability, point.finding(probability)
