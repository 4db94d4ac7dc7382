"""Segmentation of the lungs in a radiograph: served without tensorflow."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np

from pneumonia.core.operating_points import Number
from pneumonia.inference.engine import Engine
from pneumonia.inference.input_transform import Preprocessing
from pneumonia.utils.processes import Cached
from pneumonia.weights.folder import SERVED_FILES, SERVED_MODEL, WEIGHTS_FOLDER, read_bundle

# The weights that come with the project.
LUNG_FIELDS_FOLDER = WEIGHTS_FOLDER / "lung-fields"


@dataclass(frozen=True)
class Measures:
    """Figures of a mask that decide whether it can be a pair of lungs.

    Attributes:
        area: share of the image inside the mask.
        balance: area of the smaller of the two components over that of the larger; 0 for fewer than two.
        certainty: mean probability inside the mask; 0 for an empty one.
        side_by_side: whether the components' centres lie further apart across the body than along it.
    """

    area: float
    balance: float
    certainty: float
    side_by_side: bool


@dataclass(frozen=True)
class LungBounds:
    """Bounds that the masks of real lungs keep, fixed on validation images (see `from_measures`).

    Attributes:
        min_area: least share of the image.
        max_area: greatest share of the image.
        min_balance: least ratio of the two components' areas.
        min_certainty: least mean probability inside the mask.
    """

    min_area: Number
    max_area: Number
    min_balance: Number
    min_certainty: Number

    @classmethod
    def from_measures(cls, measures: Iterable[Measures]) -> "LungBounds":
        """The rule by which the bounds are fixed.

        The half percent of masks at either end is left aside as failures of the segmentation. From what remains,
        half the least area and balance, and halfway from the greatest area to the whole image, are allowed,
        because other patients are built and framed otherwise. The certainty may fall halfway from its least
        value to the threshold of one half.

        Args:
            measures: of validation images, plain and under the fixed corruptions.
        """
        two = [m for m in measures if m.balance > 0]
        if not two:
            # A network that never finds two lungs is never believed.
            return cls(min_area=1.0, max_area=1.0, min_balance=1.0, min_certainty=1.0)
        least = {name: np.percentile([getattr(m, name) for m in two], 0.5) for name in ("area", "balance", "certainty")}
        most = np.percentile([m.area for m in two], 99.5)
        return cls(
            min_area=round(float(least["area"] / 2), 4),
            max_area=round(float((most + 1) / 2), 4),
            min_balance=round(float(least["balance"] / 2), 4),
            min_certainty=round(float((least["certainty"] + 0.5) / 2), 4),
        )

    def contains(self, measures: Measures) -> bool:
        """Tell whether a mask keeps all bounds."""
        return (
            measures.side_by_side
            and self.min_area <= measures.area <= self.max_area
            and measures.balance >= self.min_balance
            and measures.certainty >= self.min_certainty
        )


@dataclass(frozen=True)
class LungSegmentation:
    """The lung fields of one radiograph.

    Attributes:
        mask: float32 (S, S), probability of lung on the network's own grid, which covers the whole image; at or
            above the threshold only inside the two largest components, whose holes are filled.
        threshold: probability from which a point counts as lung.
        measures: what `found` was decided by.
        found: whether the mask can be a pair of lungs. If not, the mask must not be used.
        features: float32 (F,), what the network made of the image on its way, for `chest_check`; empty where no
            network was run.
    """

    mask: np.ndarray = field(repr=False)
    threshold: float
    measures: Measures
    found: bool
    features: np.ndarray = field(default_factory=lambda: np.empty(0, np.float32), repr=False)

    @property
    def inside(self) -> np.ndarray | None:
        """bool (S, S), True inside the lungs; None where nothing was found."""
        return self.mask >= self.threshold if self.found else None

    def on(self, height: int, width: int) -> np.ndarray:
        """The mask in the geometry of an image: float32 (height, width), probabilities in [0, 1]."""
        return cv2.resize(self.mask, (width, height), interpolation=cv2.INTER_LINEAR)

    def outline(self, height: int, width: int) -> list[np.ndarray]:
        """The lungs' outlines in the geometry of an image.

        Args:
            height: H in pixels.
            width: W in pixels.

        Returns:
            One closed line a component, the largest first: int32 (N, 2), x in [0, W) and y in [0, H).
        """
        inside = (self.on(height, width) >= self.threshold).astype(np.uint8)
        lines, _ = cv2.findContours(inside, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
        return [line[:, 0] for line in sorted(lines, key=cv2.contourArea, reverse=True)]


class LungFields:
    """Finds the lung fields; safe to use from several threads.

    Args:
        model: contents of a `model.tflite` with the outputs `lungs` and `features`, already verified.
        preprocessing: of its input.
        threshold: probability from which a point counts as lung.
        plausible: bounds of what is taken for lungs.
        weights_sha256: hash of the model; None for one that is not in a weights folder yet.
    """

    def __init__(
        self,
        model: bytes,
        preprocessing: Preprocessing,
        threshold: float,
        plausible: LungBounds,
        weights_sha256: str | None = None,
    ) -> None:
        self._engine = Engine(model)
        self._engine.require_size(preprocessing.size)
        self.weights_sha256 = weights_sha256
        self.preprocessing = preprocessing
        self.threshold = threshold
        self.plausible = plausible

    def segment(self, pixels: np.ndarray) -> LungSegmentation:
        """Find the lungs of one radiograph.

        Args:
            pixels: float32 (H, W) in [0, 1].
        """
        outputs = self._engine.outputs(self.preprocessing.apply(pixels))
        mask, _, measures = clean_mask(outputs["lungs"], self.threshold)
        return LungSegmentation(mask, self.threshold, measures, self.plausible.contains(measures), outputs["features"])


def clean_mask(probabilities: np.ndarray, threshold: float) -> tuple[np.ndarray, np.ndarray, Measures]:
    """Keep the two largest components and fill their holes.

    Args:
        probabilities: float32 (S, S) in [0, 1].
        threshold: from which a point belongs to a component.

    Returns:
        The map with the other components at 0 and the holes at 1, which of its points are inside, bool (S, S),
        and the measures of what was kept.
    """
    above = (probabilities >= threshold).astype(np.uint8)
    count, labels, stats, centres = cv2.connectedComponentsWithStats(above, connectivity=4)
    # Component 0 is the background.
    largest = sorted(range(1, count), key=lambda i: stats[i, cv2.CC_STAT_AREA], reverse=True)[:2]
    filled = np.zeros_like(above)
    for component in largest:
        lines, _ = cv2.findContours((labels == component).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
        cv2.drawContours(filled, lines, -1, 1, cv2.FILLED)
    inside = filled > 0
    mask = np.where((above > 0) & ~inside, np.float32(0), probabilities)
    mask = np.where((above == 0) & inside, np.float32(1), mask)
    return mask, inside, _measures(mask, inside, stats[largest, cv2.CC_STAT_AREA], centres[largest])


def _measures(mask: np.ndarray, inside: np.ndarray, areas: np.ndarray, centres: np.ndarray) -> Measures:
    across, along = np.abs(centres[0] - centres[1]) if len(centres) == 2 else (0.0, 0.0)
    return Measures(
        area=float(inside.mean()),
        balance=float(areas[1] / areas[0]) if len(areas) == 2 else 0.0,
        certainty=float(mask[inside].mean()) if inside.any() else 0.0,
        side_by_side=bool(across > along),
    )


@dataclass(frozen=True)
class _Settings:
    """The part of config.json that is read here."""

    preprocessing: Preprocessing
    threshold: Number
    plausible: LungBounds


@Cached
def read_lung_fields(folder: Path) -> LungFields:
    """Read a trained segmentation from its weights folder, once.

    Raises:
        WeightsError: if there is none, or it does not match its own hashes.
    """
    bundle = read_bundle(folder, SERVED_FILES)
    settings = vars(bundle.settings(_Settings))
    return LungFields(bundle.contents[SERVED_MODEL], **settings, weights_sha256=bundle.weights_sha256)


def load_lung_fields() -> LungFields:
    """The segmentation that comes with the project, as `read_lung_fields` gives it."""
    return read_lung_fields(LUNG_FIELDS_FOLDER)
