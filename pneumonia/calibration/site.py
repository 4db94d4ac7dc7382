"""A calibration to one site, as a value and as JSON."""

import math
import re
from dataclasses import asdict, dataclass, field
from datetime import date as Date
from typing import Any

from pneumonia.core.operating_points import OPERATING_POINTS, Interval, Number, OperatingPoint
from pneumonia.core.populations import CHILDREN, POPULATIONS, UNSTATED
from pneumonia.errors import CalibrationError
from pneumonia.metrics.scores import Scores
from pneumonia.utils.formatting import percent
from pneumonia.utils.json_values import json_bytes, read_json

NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
LONGEST_NAME = 40
# In Brier scores.
_LEAST_GAIN = 0.001
_NOT_OURS = "This file is no calibration to a site that this version of the program can use"


@dataclass(frozen=True)
class SiteOperatingPoint:
    """One operating point on the images of a site.

    Attributes:
        threshold: calibrated probability from which pneumonia is called; the interval is that of fitting it again to
            resampled patients, and of no width for one that was not fitted here.
        low: below the threshold; from here on the finding is uncertain.
        high: above the threshold; up to here the finding is uncertain.
        accuracy: share of images on the right side of the threshold.
        sensitivity: share of pneumonias at or above it.
        specificity: share of normals below it.
    """

    threshold: Interval
    low: Number
    high: Number
    accuracy: Interval
    sensitivity: Interval
    specificity: Interval


@dataclass(frozen=True)
class SiteFigures:
    """Figures of one calibration on the images of a site, none judged by what was fitted to its own patient.

    Attributes:
        ece: expected calibration error.
        brier: mean squared distance of probability and label.
        points: by name of the operating point.
    """

    ece: Interval
    brier: Interval
    points: dict[str, SiteOperatingPoint] = field(hash=False)


@dataclass(frozen=True)
class SiteCalibration:
    """Temperature, offset and thresholds fitted to labelled images of one site, for one network.

    Attributes:
        name: of the site; lower-case letters, digits and single hyphens.
        date: of the day it was made, ISO 8601.
        variant: name of the network.
        weights_sha256: hash of the network's served model; it fits no other.
        images: how many it was fitted to.
        positives: those of them labelled pneumonia.
        patients: how many they are of, as far as is known.
        temperature: the logit, plus the offset, is divided by it; above 0, not a share.
        offset: in logits, not a share.
        auroc: how well the network tells the two apart at this site, which no calibration changes.
        before: as published, on these images.
        after: with this calibration, cross-validated by patient.
        gain: by how much the Brier score falls, in [-1, 1]; above 0 is better than as published.
        scores: what the network said of the images, as `Scores.to_dict` gives it.
        population: of the patients; in older files that do not say, children.

    Raises:
        CalibrationError: if a value is not what it must be.
    """

    name: str
    date: str
    variant: str
    weights_sha256: str
    images: int
    positives: int
    patients: int
    temperature: Interval
    offset: Interval
    auroc: Interval
    before: SiteFigures
    after: SiteFigures
    gain: Interval
    scores: dict[str, str] = field(hash=False)
    population: str = CHILDREN

    def __post_init__(self) -> None:
        require_name(self.name)
        try:
            fits = (
                Date.fromisoformat(self.date).isoformat() == self.date
                and self.population in (*POPULATIONS, UNSTATED)
                and 0 < self.positives < self.images
                and 0 < self.patients <= self.images
                and self.temperature.value > 0
                and all(map(math.isfinite, (self.temperature.value, self.offset.value, self.auroc.low)))
                and list(self.after.points) == list(self.before.points) == list(OPERATING_POINTS)
                and len(self.shifted_scores.logits) == len(self.shifted_scores.labels) == self.images
                and len(self.shifted_scores.patients) == self.images
                and all(
                    0 <= p.low <= p.threshold.value <= p.high <= 1
                    for p in (*self.before.points.values(), *self.after.points.values())
                )
            )
        except (KeyError, ValueError):
            fits = False
        if not fits:
            raise CalibrationError(f"{_NOT_OURS}.")

    @property
    def label(self) -> str:
        """Date and name: the file's name without its ending."""
        return f"{self.date}-{self.name}"

    @property
    def usable(self) -> bool:
        """True if the network tells pneumonia from normal at this site at all; one that does not is used with no
        calibration."""
        return self.auroc.low > 0.5

    @property
    def helps(self) -> bool:
        """True if it is shown to be better than as published on these images, by more than rounding."""
        return self.usable and self.gain.low >= _LEAST_GAIN

    @property
    def operating_points(self) -> dict[str, OperatingPoint]:
        """By name, with the cross-validated sensitivity and specificity."""
        return {
            name: OperatingPoint(name, p.threshold.value, p.low, p.high, p.sensitivity, p.specificity)
            for name, p in self.after.points.items()
        }

    @property
    def prevalence(self) -> float:
        """Share with pneumonia among the images."""
        return self.positives / self.images

    @property
    def shifted_scores(self) -> Scores:
        """Scores of the images with the offset in their logits, so that the temperature alone makes probabilities."""
        return Scores.from_dict(self.scores).shifted(self.offset.value)

    @property
    def comparison_rows(self) -> list[tuple[str | None, str, Interval, Interval]]:
        """Rows of a table: operating point (None for all), name of the figure, as published, with this calibration."""
        before, after = self.before, self.after
        return [
            *((None, name, getattr(before, name), getattr(after, name)) for name in ("ece", "brier")),
            *(
                (point, name, getattr(before.points[point], name), getattr(after.points[point], name))
                for point in OPERATING_POINTS
                for name in ("threshold", "accuracy", "sensitivity", "specificity")
            ),
        ]

    @property
    def advice(self) -> str:
        """Sentences for readers on what the calibration changed, and whether to use it."""
        auroc, gain = self.auroc, self.gain
        ranked = (
            f"On these {self.images} images the network ranks a pneumonia above a normal in {percent(auroc.value)} of "
            f"pairs (95% interval {percent(auroc.low)} to {percent(auroc.high)}); a coin does in 50%."
        )
        if not self.usable:
            return (
                f"{ranked} So it is not shown to tell the two apart at this site. No calibration can mend that, and "
                "none is kept. Do not rely on this network for images like these."
            )
        change = f"their squared error falls by {gain.value:.3f} ({gain.low:.3f} to {gain.high:.3f})"
        if gain.value < 0:
            change = f"their squared error rises by {-gain.value:.3f} ({-gain.high:.3f} to {-gain.low:.3f})"
        if self.helps:
            return f"{ranked} Recalibration makes its probabilities better here: {change}."
        if gain.high < 0:
            return (
                f"{ranked} Recalibration makes its probabilities worse here: {change}. Stay with the one as published."
            )
        return (
            f"{ranked} Recalibration is not shown to make its probabilities better here: {change}, which may be "
            "chance. Stay with the calibration as published, or collect more images."
        )

    @property
    def prevalence_note(self) -> str:
        """A sentence for readers on the share of pneumonias for which the probabilities hold."""
        return (
            f"Of these images {self.prevalence:.0%} show pneumonia, and the new probabilities hold where "
            "as many patients have it. If the images were picked by their label, the probabilities are too high or too "
            "low in practice; sensitivity and specificity are not touched by that."
        )

    def require_usable(self, variant: str, weights_sha256: str) -> None:
        """Make sure that it may be used with a network.

        Raises:
            CalibrationError: if it was made for another one, or the network is not usable at the site.
        """
        if (self.variant, self.weights_sha256) != (variant, weights_sha256):
            raise CalibrationError(
                f"The calibration {self.label} was made for other weights: {self.variant}, {self.weights_sha256[:12]}. "
                "Make it again with pneumonia recalibrate."
            )
        if not self.usable:
            raise CalibrationError(self.advice)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values as in its file, without a file name and anything of a patient."""
        return asdict(self)

    def to_bytes(self) -> bytes:
        """The contents of its file."""
        return json_bytes(self.to_dict())

    @classmethod
    def from_bytes(cls, contents: bytes) -> "SiteCalibration":
        """The inverse of `to_bytes`.

        Raises:
            CalibrationError: if it is none, or not a usable one.
        """
        try:
            site = read_json(cls, contents)
        except ValueError as error:
            raise CalibrationError(f"{_NOT_OURS}: {error}.") from error
        if not site.usable:
            raise CalibrationError(site.advice)
        return site


def require_name(name: str) -> None:
    """Make sure that a name can be a file's on every system and a page's text, and identifies no patient by accident.

    Raises:
        CalibrationError: if it cannot.
    """
    if not (len(name) <= LONGEST_NAME and NAME.fullmatch(name)):
        raise CalibrationError(
            "The name of a site has lower-case letters, digits and single hyphens between them, at most "
            f"{LONGEST_NAME} in all, for instance my-hospital."
        )
