"""Whose lungs these may be, a child's or an adult's, by their outline: served without tensorflow.

A classifier on the features of a network may tell hospitals apart where it should tell ages: the children that were
trained on are of one hospital, and the adults of another. The outline, drawn to the height and width of the lungs,
knows nothing of exposure, sharpness, markers or the shape of the file.
"""

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from pneumonia.core.operating_points import Number
from pneumonia.core.populations import ADULTS, CHILDREN
from pneumonia.errors import WeightsError
from pneumonia.inference.lung_segmentation import LungFields, load_lung_fields
from pneumonia.utils.json_values import json_bytes
from pneumonia.utils.processes import Cached
from pneumonia.weights.folder import CARD, METRICS, WEIGHTS_FOLDER, file_facts, read_bundle

# What was fitted, with the project.
LUNG_SHAPE_FOLDER = WEIGHTS_FOLDER / "lung-shape"
FILES = (METRICS, CARD)
# Heights at which each lung's edges are looked at.
_LEVELS = 8
FEATURES = 2 + 2 * _LEVELS


def describe_shape(inside: np.ndarray) -> np.ndarray | None:
    """Describe the outline of two lungs.

    Args:
        inside: bool (H, W), True inside the lungs.

    Returns:
        float64 (18,), the mean of both lungs, one of them mirrored: where it begins and ends from top to bottom, and
        its outer and inner edge at eight heights, in fractions of the height and width of both together. None where
        there are no two.
    """
    count, parts, figures, centres = cv2.connectedComponentsWithStats(inside.astype(np.uint8), connectivity=4)
    if count < 3:
        return None
    largest = 1 + np.argsort(-figures[1:, cv2.CC_STAT_AREA])[:2]
    lungs = sorted(largest, key=lambda part: centres[part][0])
    starts = figures[lungs][:, [cv2.CC_STAT_LEFT, cv2.CC_STAT_TOP]]
    ends = starts + figures[lungs][:, [cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT]]
    corner = starts.min(axis=0)
    (left, top), (width, height) = corner, ends.max(axis=0) - corner
    described = []
    for number, (lung, first, end) in enumerate(zip(lungs, starts[:, 1], ends[:, 1], strict=True)):
        levels = np.linspace(first, end - 1, _LEVELS + 2)[1:-1].round().astype(int)
        rows = parts[levels] == lung  # a connected part has pixels in each
        edges = np.column_stack([rows.argmax(axis=1), rows.shape[1] - rows[:, ::-1].argmax(axis=1)])
        across = (edges - left) / width
        across = 1 - across[:, ::-1] if number else across
        described.append([(first - top) / height, (end - top) / height, *across.ravel()])
    return np.mean(described, axis=0)


@dataclass(frozen=True)
class LungShape:
    """A logistic regression between children and adults, with limits beyond which it is believed.

    Attributes:
        mean: (18,), of the features in fitting.
        scale: (18,), their standard deviations.
        weights: (18,), of the standardised features; positive for adults.
        bias: added to that.
        child_below: below this score it is a child.
        adult_above: above this one it is an adult; between them it is not sure.
        weights_sha256: hash of the above, as they are written; None where they come from no file.
    """

    mean: tuple[Number, ...]
    scale: tuple[Number, ...]
    weights: tuple[Number, ...]
    bias: Number
    child_below: Number
    adult_above: Number
    weights_sha256: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """JSON values of what was fitted."""
        return {name: value for name, value in asdict(self).items() if name != "weights_sha256"}

    def score(self, features: np.ndarray) -> float:
        """Log-odds of an adult, as far as both are as frequent."""
        return float((features - self.mean) / self.scale @ self.weights) + self.bias

    def population(self, inside: np.ndarray) -> str | None:
        """The population that lungs, bool (H, W), look like; None where it is not sure."""
        features = describe_shape(inside)
        if features is None:
            return None
        score = self.score(features)
        if score < self.child_below:
            return CHILDREN
        return ADULTS if score > self.adult_above else None


@dataclass(frozen=True)
class _Settings:
    """The part of config.json that is read here."""

    lung_fields: str
    fitted: LungShape


@Cached
def read_lung_shape(folder: Path, lung_fields: LungFields) -> LungShape:
    """Read the classifier from its weights folder, once.

    Raises:
        WeightsError: if it is missing or damaged, or was fitted to another version of the lung fields.
    """
    bundle = read_bundle(folder, FILES)
    settings = bundle.settings(_Settings)
    if settings.lung_fields != lung_fields.weights_sha256:
        raise WeightsError("The classifier of the lungs' shape was fitted to another version of the lung fields.")
    fitted = settings.fitted
    if {len(values) for values in (fitted.mean, fitted.scale, fitted.weights)} != {FEATURES}:
        raise WeightsError("The classifier of the lungs' shape does not fit this version of the program.")
    return replace(fitted, weights_sha256=file_facts(json_bytes(bundle.config["fitted"]))["sha256"])


def load_lung_shape() -> LungShape:
    """The classifier that comes with the project, as `read_lung_shape` gives it."""
    return read_lung_shape(LUNG_SHAPE_FOLDER, load_lung_fields())
