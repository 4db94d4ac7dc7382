"""A check that an upload can be an upright frontal chest radiograph at all: served without tensorflow.

The network that looks for the lungs has seen the image already, so its deep feature maps cost nothing more. Two
figures are made of them, and with whether two lungs were found they decide:

- The distance tells how unlike chest radiographs of all kinds the features are. It is the squared Mahalanobis distance
  under a Gaussian with a few free axes and one variance for all others (Tipping and Bishop, "Probabilistic principal
  component analysis", J. R. Stat. Soc. B 1999), for each feature: 1 in the mean over what it was fitted on.
- The score tells turned and cut radiographs, whose features are near. It is the logit of a logistic regression between
  radiographs and the same ones turned upside down, on their side, or cut into parts.

Only where one of them is unusual, the image is looked at again as it would be if turned or inverted.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple
from zipfile import BadZipFile

import numpy as np

from pneumonia.core.check import Check
from pneumonia.core.operating_points import Number
from pneumonia.errors import WeightsError
from pneumonia.inference.lung_segmentation import LungFields, LungSegmentation, load_lung_fields
from pneumonia.utils.processes import Cached
from pneumonia.weights.folder import CARD, METRICS, WEIGHTS_FOLDER, read_bundle

# What was fitted, with the project.
CHEST_CHECK_FOLDER = WEIGHTS_FOLDER / "plausibility"
FITTED = "chest.npz"
FILES = (FITTED, METRICS, CARD)

_NO_CHEST = "This does not look like a frontal chest radiograph"
_CHOOSE = "Choose an upright frontal chest radiograph; other views, body parts and pictures are not read."
_UNUSUAL = "Unusual for a frontal chest radiograph"
_BE_SURE = "Make sure that it is one, whole and upright; on images like this the reading is less reliable."
ON_ITS_SIDE = "This radiograph seems to lie on its side. Turn it upright and choose it again."
UPSIDE_DOWN = "This radiograph seems to be upside down. Turn it upright and choose it again."
NEGATIVE = "This radiograph seems to be a negative, with white lungs. Invert it and choose it again."
# How often an image is turned by a quarter, and what is said if it then looks upright.
_TURNS = ((1, ON_ITS_SIDE), (2, UPSIDE_DOWN), (3, ON_ITS_SIDE))


class ChestScores(NamedTuple):
    """The two scores of one image.

    Attributes:
        distance: from chest radiographs, for each feature: 0 or more, around 1 for a usual one.
        score: logit of being turned or a part; negative for an upright whole chest.
    """

    distance: Number
    score: Number

    def exceeded_by(self, other: "ChestScores") -> bool:
        """Tell whether another is above this one, taken for a limit, in either."""
        return other.distance > self.distance or other.score > self.score


@dataclass(frozen=True)
class ChestLimits:
    """Scores that are warned of and that are refused, fixed on radiographs that the fit did not see.

    Attributes:
        warn: above either of these an image is unusual.
        refuse: above either of these it is refused.
    """

    warn: ChestScores
    refuse: ChestScores

    def to_dict(self) -> dict[str, dict[str, float]]:
        """JSON values."""
        return {"warn": self.warn._asdict(), "refuse": self.refuse._asdict()}


@dataclass(frozen=True, eq=False)
class ChestModel:
    """The two fitted models, on F features.

    Attributes:
        mean: float32 (F,), of chest radiographs.
        scale: float32 (F,), by which each feature is divided, so that all count alike.
        axes: float32 (F, D), the D free axes of the Gaussian of what is then left, of length 1 and at right angles.
        deviations: float32 (D,), standard deviations along them.
        rest: standard deviation along every other direction.
        weights: float32 (D,), of the logistic regression on the standardised coordinates along the axes.
        bias: of the logistic regression.
    """

    mean: np.ndarray
    scale: np.ndarray
    axes: np.ndarray
    deviations: np.ndarray
    rest: float
    weights: np.ndarray
    bias: float

    def measure(self, features: np.ndarray) -> ChestScores:
        """Measure one image by its features, float32 (F,)."""
        centred = (features - self.mean) / self.scale
        along = centred @ self.axes
        standardised = along / self.deviations
        remainder = max(float(centred @ centred - along @ along), 0.0)
        distance = (float(standardised @ standardised) + remainder / self.rest**2) / len(features)
        return ChestScores(distance, float(standardised @ self.weights) + self.bias)

    def to_bytes(self) -> bytes:
        """A NumPy archive."""
        stream = BytesIO()
        arrays: dict[str, Any] = {name: np.asarray(value, np.float32) for name, value in vars(self).items()}
        np.savez(stream, **arrays)
        return stream.getvalue()

    @classmethod
    def from_bytes(cls, content: bytes) -> "ChestModel":
        """The inverse of `to_bytes`; raises KeyError, ValueError or BadZipFile for anything else."""
        with np.load(BytesIO(content), allow_pickle=False) as arrays:
            read = {field.name: arrays[field.name] for field in fields(cls)}
        values: dict[str, Any] = {name: value if value.ndim else float(value) for name, value in read.items()}
        return cls(**values)


class ChestCheck:
    """Judges whether an image can be an upright frontal chest radiograph; safe to use from several threads.

    Args:
        fitted: the two models.
        limits: for them.
        weights_sha256: hash of the file of the models; None where they come from none.
    """

    def __init__(self, fitted: ChestModel, limits: ChestLimits, weights_sha256: str | None = None) -> None:
        self.fitted = fitted
        self.limits = limits
        self.weights_sha256 = weights_sha256

    def judge(
        self, square: np.ndarray, lungs: LungSegmentation, segment: Callable[[np.ndarray], LungSegmentation]
    ) -> Check | None:
        """Judge one image.

        Args:
            square: float32 (S, S) in [0, 1], squashed.
            lungs: what `segment` made of it.
            segment: looks for the lungs; called again only where something is unusual.

        Returns:
            A warning, a refusal, or None where nothing is unusual.
        """
        seen, limits = self.fitted.measure(lungs.features), self.limits
        if not limits.warn.exceeded_by(seen):
            return None
        if message := self._turned(square, seen.score, segment):
            return Check("chest", "reject", message)
        if self._usual(segment(1 - square)):
            return Check("chest", "reject", NEGATIVE)
        if lungs.found and not limits.refuse.exceeded_by(seen):
            return Check("chest", "warn", f"{_UNUSUAL}: {_why(seen, limits.warn)}. {_BE_SURE}")
        why = _why(seen, limits.refuse) if lungs.found else "no two lung fields were found"
        return Check("chest", "reject", f"{_NO_CHEST}: {why}. {_CHOOSE}")

    def _turned(
        self, square: np.ndarray, score: float, segment: Callable[[np.ndarray], LungSegmentation]
    ) -> str | None:
        """The sentence on an image that looks upright only after it was turned."""
        for quarters, message in _TURNS:
            lungs = segment(np.ascontiguousarray(np.rot90(square, quarters)))
            if self.fitted.measure(lungs.features).score < score and self._usual(lungs):
                return message
        return None

    def _usual(self, lungs: LungSegmentation) -> bool:
        return lungs.found and not self.limits.warn.exceeded_by(self.fitted.measure(lungs.features))


def _why(seen: ChestScores, limits: ChestScores) -> str:
    return "it differs from known ones" if seen.distance > limits.distance else "it may be turned, or a part of one"


@dataclass(frozen=True)
class _Settings:
    """The part of config.json that is read here."""

    lung_fields: str
    limits: ChestLimits


@Cached
def read_chest_check(folder: Path, lung_fields: LungFields) -> ChestCheck:
    """Read the check from its weights folder, once.

    Raises:
        WeightsError: if it is missing or damaged, or was fitted to another version of the lung fields.
    """
    bundle = read_bundle(folder, FILES)
    settings = bundle.settings(_Settings)
    if settings.lung_fields != lung_fields.weights_sha256:
        raise WeightsError("The check for chest radiographs was fitted to another version of the lung fields.")
    try:
        fitted = ChestModel.from_bytes(bundle.contents[FITTED])
    except (KeyError, ValueError, BadZipFile) as error:
        raise WeightsError("The check for chest radiographs does not fit this version of the program.") from error
    return ChestCheck(fitted, settings.limits, bundle.sha256(FITTED))


def load_chest_check() -> ChestCheck:
    """The check that comes with the project, as `read_chest_check` gives it."""
    return read_chest_check(CHEST_CHECK_FOLDER, load_lung_fields())
