"""A calibration to one site: its form, and its file beside the weights."""

import json
import math
import os
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import date as Date
from pathlib import Path
from typing import Any

from pneumonia.bundle import WEIGHTS_FOLDER, json_bytes
from pneumonia.errors import CalibrationError
from pneumonia.evaluation.scores import Scores
from pneumonia.files import write_whole
from pneumonia.numbers import is_number
from pneumonia.operating_points import OPERATING_POINTS, Interval, OperatingPoint
from pneumonia.site_summary import advice

# Weights folders are hashed as a whole and never change, so these files lie beside them, in a folder a variant.
SITES_FOLDER = WEIGHTS_FOLDER / "sites"
_ENDING = ".json"
# Of the date in front of a name.
_DATE = len("2000-01-01-")
_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_LONGEST_NAME = 40
# In Brier scores.
_LEAST_GAIN = 0.001
_NOT_WRITTEN = (
    "The calibration could not be written beside the weights: {}. Choose a folder that you may write to with --output."
)
_NOT_OURS = "This file is no calibration to a site that this version of the program can use."


@dataclass(frozen=True)
class LocalPoint:
    """One operating point on the images of a site.

    Attributes:
        threshold: calibrated probability from which pneumonia is called; the interval is that of fitting it anew to
            resampled patients, and of no width for one that was not fitted here.
        low: below the threshold; from here on the finding is uncertain.
        high: above the threshold; up to here the finding is uncertain.
        accuracy: share of images on the right side of the threshold.
        sensitivity: share of pneumonias at or above it.
        specificity: share of normals below it.
    """

    threshold: Interval
    low: float
    high: float
    accuracy: Interval
    sensitivity: Interval
    specificity: Interval


@dataclass(frozen=True)
class LocalFigures:
    """How one calibration does on the images of a site, none of them judged by what was fitted to its own patient.

    Attributes:
        ece: expected calibration error.
        brier: mean squared distance of probability and label.
        points: by name of the operating point.
    """

    ece: Interval
    brier: Interval
    points: dict[str, LocalPoint] = field(hash=False)


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
        before: as shipped, on these images.
        after: with this calibration, cross-validated by patient.
        gain: by how much the Brier score falls, in [-1, 1]; above 0 is better than as shipped.
        scores: what the network said of the images, as `Scores.to_dict` gives it.

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
    before: LocalFigures
    after: LocalFigures
    gain: Interval
    scores: dict[str, str] = field(hash=False)

    def __post_init__(self) -> None:
        require_name(self.name)
        try:
            fits = (
                Date.fromisoformat(self.date).isoformat() == self.date
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
        except (KeyError, TypeError, ValueError, AttributeError):
            fits = False
        if not fits:
            raise CalibrationError(_NOT_OURS)

    @property
    def label(self) -> str:
        """Date and name: the file's name without its ending."""
        return f"{self.date}-{self.name}"

    @property
    def usable(self) -> bool:
        """Whether the network tells pneumonia from normal at this site at all; one that does not is used with no
        calibration."""
        return self.auroc.low > 0.5

    @property
    def helps(self) -> bool:
        """Whether it is shown to be better than as shipped on these images, by more than rounding."""
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
        scores = Scores.from_dict(self.scores)
        return replace(scores, logits=scores.logits + self.offset.value)

    def require_usable(self, variant: str, weights_sha256: str) -> None:
        """Make sure that it may be used with a network.

        Raises:
            CalibrationError: if it was made for another one, or the network is not usable at the site.
        """
        if (self.variant, self.weights_sha256) != (variant, weights_sha256):
            raise CalibrationError(
                f"The calibration {self.label} was made for other weights: {self.variant}, {self.weights_sha256[:12]}. "
                "Make it anew with scripts/recalibrate.py."
            )
        if not self.usable:
            raise CalibrationError(advice(self))

    def to_dict(self) -> dict[str, Any]:
        """As in its file: plain JSON values, no file name and nothing of a patient."""
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
            values = json.loads(contents)
            site = cls(
                **{
                    **values,
                    **{key: _interval(values[key]) for key in ("temperature", "offset", "auroc", "gain")},
                    **{key: _figures(values[key]) for key in ("before", "after")},
                }
            )
        except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
            raise CalibrationError(_NOT_OURS) from error
        if not site.usable:
            raise CalibrationError(advice(site))
        return site

    def save(self, folder: Path = SITES_FOLDER) -> Path:
        """Write it into the variant's folder among the calibrations to sites, and give the file's path.

        Raises:
            CalibrationError: if the network is not usable at the site, if there is one of that name and of that day or
                a later one already, or if the folder cannot be written to.
        """
        if not self.usable:
            raise CalibrationError(advice(self))
        require_place(folder, self.variant, self.name, self.date)
        path = folder / self.variant / (self.label + _ENDING)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(path, self.to_bytes())
        except OSError as error:
            raise CalibrationError(_NOT_WRITTEN.format(error.strerror)) from error
        return path


def require_place(folder: Path, variant: str, name: str, date: str) -> None:
    """Make sure, before it is made, that a calibration could be kept.

    Raises:
        CalibrationError: if there is one of that name and of that day or a later one already, or if the folder cannot
            be written to.
    """
    label = f"{date}-{name}"
    there = [file.stem for file in _files(variant, folder) if file.stem[_DATE:] == name]
    if label in there:
        raise CalibrationError(
            f"There is a calibration {label} for {variant} already. Choose another name, or delete it."
        )
    if there and there[-1] > label:
        raise CalibrationError(
            f"This machine's clock shows {date}, but there is a calibration {there[-1]} for {variant}. As the newer "
            "one it would be used instead of this one. Set the clock, or delete that calibration."
        )
    inside = folder.absolute() / variant
    nearest = next(place for place in (inside, *inside.parents) if place.exists())
    if not (nearest.is_dir() and os.access(nearest, os.W_OK)):
        raise CalibrationError(_NOT_WRITTEN.format("its folder cannot be made or is read-only"))


def require_name(name: str) -> None:
    """Make sure that a name can be a file's on every system and a page's text, and identifies no patient by accident.

    Raises:
        CalibrationError: if it cannot.
    """
    if not (isinstance(name, str) and len(name) <= _LONGEST_NAME and _NAME.fullmatch(name)):
        raise CalibrationError(
            "The name of a site has lower-case letters, digits and single hyphens between them, at most "
            f"{_LONGEST_NAME} in all, for instance my-hospital."
        )


def load_site(site: str, variant: str, folder: Path = SITES_FOLDER) -> SiteCalibration:
    """Find and read a calibration.

    Args:
        site: name of the site, for its newest calibration; the same with a date in front; or path of a JSON file.
        variant: name of the network.
        folder: of the calibrations to sites.

    Raises:
        CalibrationError: if there is none, or it cannot be used.
    """
    if site.endswith(_ENDING):
        return _read(Path(site))
    saved = _files(variant, folder)
    # Dates sort as text.
    matching = [path for path in saved if site in (path.stem, path.stem[_DATE:])]
    if not matching:
        there = f"; there are {', '.join(path.stem for path in saved)}" if saved else ""
        raise CalibrationError(
            f"There is no calibration {site!r} for {variant}{there}. Make one with scripts/recalibrate.py."
        )
    return _read(matching[-1])


def saved_sites(variant: str, weights_sha256: str, folder: Path = SITES_FOLDER) -> list[SiteCalibration]:
    """All calibrations to sites that fit a network, oldest first; others are left out."""
    sites = []
    for path in _files(variant, folder):
        try:
            site = _read(path)
        except CalibrationError:
            # It may be of an older version of the weights or of the program, and is no hindrance to a reading.
            continue
        if site.weights_sha256 == weights_sha256:
            sites.append(site)
    return sites


def _files(variant: str, folder: Path) -> list[Path]:
    return sorted((folder / variant).glob(f"*{_ENDING}"))


def _read(path: Path) -> SiteCalibration:
    try:
        return SiteCalibration.from_bytes(path.read_bytes())
    except OSError as error:
        raise CalibrationError(f"The calibration {path.name} cannot be read: {error.strerror}.") from error


def _figures(values: Mapping[str, Any]) -> LocalFigures:
    points = {
        name: LocalPoint(
            **{
                **point,
                **{key: _interval(point[key]) for key in ("threshold", "accuracy", "sensitivity", "specificity")},
            }
        )
        for name, point in values["points"].items()
    }
    return LocalFigures(_interval(values["ece"]), _interval(values["brier"]), points)


def _interval(values: Mapping[str, Any]) -> Interval:
    interval = Interval(**values)
    if not all(map(is_number, asdict(interval).values())):
        raise ValueError("an end of an interval is no number")
    return interval
