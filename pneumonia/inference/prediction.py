"""One reading of one radiograph, as a value."""

from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
from PIL import Image

from pneumonia.calibration.calibration import Calibration
from pneumonia.calibration.site import SiteCalibration
from pneumonia.core.check import Check
from pneumonia.core.geometry import WHOLE, Box, heatmap_on, part_of, peak_of
from pneumonia.core.notices import NOTICE
from pneumonia.core.operating_points import OperatingPoint
from pneumonia.core.populations import PopulationSource
from pneumonia.inference.lung_segmentation import LungSegmentation

_NO_HEATMAP = "A rejected image has no heatmap."


@dataclass(frozen=True)
class Prediction:
    """One reading of one radiograph by one variant.

    Attributes:
        status: `"read"`, or `"rejected"` when the upload could not be read.
        variant: name of the variant.
        operating_point: name of the operating point.
        threshold: probability from which the operating point calls pneumonia.
        weights_sha256: hash of the served model.
        finding: `"NORMAL"`, `"PNEUMONIA"` or `"UNCERTAIN"`; None when rejected, as are the next three.
        probability: calibrated probability of pneumonia in [0, 1].
        logit: the network's output before calibration.
        heatmap: float32 (h, w), the Grad-CAM map in logits on the network's own grid. Positive values speak
            for pneumonia; the mean plus the head's bias is `logit` for a linear head.
        field_of_view: the part of the image that the network was shown, and that the map covers.
        lungs: the lung fields; None where no two were found, or where they could not be looked for.
        in_lung_share: share of the map's positive evidence that lies inside the lungs, in [0, 1], with the coarse map
            interpolated to the grid of the lungs as it is for an overlay (`explain.localisation.share_inside`). To be
            read beside `lung_area`. None without `lungs`, or where positive evidence raises the score by less than
            `LEAST_EVIDENCE` logits.
        image_sha256: hash of the uploaded bytes (of the pixels for an array).
        checks: what was noticed about the upload.
        error: the sentence to show when rejected.
        calibration: to the site it was judged for; None as published.
        population: as whose it was read, `"children"` or `"adults"`; None where nobody knows. Then the finding is
            one that holds for either, or uncertain, and the probability is the mean for either.
        population_source: who said so: `"header"`, `"reader"` or `"picture"`; None where nobody did.
    """

    status: Literal["read", "rejected"]
    variant: str
    operating_point: str
    threshold: float
    weights_sha256: str
    finding: str | None = None
    probability: float | None = None
    logit: float | None = None
    heatmap: np.ndarray | None = field(default=None, repr=False, compare=False)
    field_of_view: Box = WHOLE
    lungs: LungSegmentation | None = field(default=None, repr=False, compare=False)
    in_lung_share: float | None = None
    image_sha256: str | None = None
    checks: tuple[Check, ...] = ()
    error: str | None = None
    calibration: SiteCalibration | None = field(default=None, repr=False)
    population: str | None = None
    population_source: PopulationSource | None = None

    def heatmap_on(self, image: np.ndarray | Image.Image) -> np.ndarray:
        """The map in the geometry of an image.

        Args:
            image: array (H, W[, C]) or PIL image; only its size counts.

        Returns:
            float32 (H, W) in logits.

        Raises:
            ValueError: if the upload was rejected and there is no map.
        """
        if self.heatmap is None:
            raise ValueError(_NO_HEATMAP)
        width, height = image.size if isinstance(image, Image.Image) else image.shape[1::-1]
        return heatmap_on(self.heatmap, height, width, self.field_of_view)

    @property
    def lung_area(self) -> float | None:
        """Share of what the map covers that lies inside the lungs: the `in_lung_share` of a map without knowledge."""
        inside = None if self.lungs is None else self.lungs.inside
        return None if inside is None else float(part_of(inside, self.field_of_view).mean())

    @property
    def peak(self) -> tuple[float, float]:
        """The map's highest cell: x and y of its middle, in fractions of the image's width and height.

        Raises:
            ValueError: if the upload was rejected and there is no map.
        """
        if self.heatmap is None:
            raise ValueError(_NO_HEATMAP)
        return peak_of(self.heatmap, self.field_of_view)

    def with_calibration(self, calibration: Calibration, point: OperatingPoint) -> "Prediction":
        """The same reading under another calibration of the network or at another operating point, without running it.

        A rejected one has nothing to judge, and names what it would have been judged by.
        """
        probability, finding = (None, None) if self.logit is None else calibration.judge(self.logit, point)
        return replace(
            self,
            operating_point=point.name,
            threshold=point.threshold,
            finding=finding,
            probability=probability,
            calibration=calibration.site,
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values, without the map, the lungs and any path."""
        return {
            "status": self.status,
            "finding": self.finding,
            "probability": self.probability,
            "threshold": self.threshold,
            "operating_point": self.operating_point,
            "logit": self.logit,
            "field_of_view": self.field_of_view._asdict(),
            "in_lung_share": self.in_lung_share,
            "lung_area": self.lung_area,
            "checks": [vars(check) for check in self.checks],
            "error": self.error,
            "population": self.population,
            "population_source": self.population_source,
            "calibration": self.calibration and {"name": self.calibration.name, "date": self.calibration.date},
            "variant": self.variant,
            "weights_sha256": self.weights_sha256,
            "image_sha256": self.image_sha256,
            "notice": NOTICE,
        }
