"""What all objects of a reading share: identifiers, the device, the evidence in the image's geometry, and words."""

import uuid
from dataclasses import dataclass
from functools import cached_property
from typing import Any, cast

import cv2
import numpy as np

from pneumonia._version import __version__
from pneumonia.core.notices import NOTICE
from pneumonia.dicom_out.source_image import SourceImage
from pneumonia.explain.outlines import contour_evidence, evidence_contours
from pneumonia.explain.overlay import contour_level
from pneumonia.imaging.decode import Radiograph
from pneumonia.inference.drawn_reading import draw_reading
from pneumonia.inference.prediction import Prediction
from pneumonia.inference.predictor import Predictor
from pneumonia.utils.formatting import percent

MANUFACTURER = "pneumonia"
# Of the first series; archives and viewers sort by them, those of the image's modality first.
_FIRST_SERIES = 9001
# Longer side of the picture with the overlay, in pixels.
SIDE = 1024
# Pixels by which a contour may be simpler than the map's.
_TOLERANCE = 1.0


@dataclass(frozen=True, eq=False)
class Reading:
    """A reading of a DICOM image, and all it takes to record it there.

    Attributes:
        source: the image's header.
        radiograph: the decoded image.
        prediction: of it, not rejected.
        predictor: that made it.
    """

    source: SourceImage
    radiograph: Radiograph
    prediction: Prediction
    predictor: Predictor

    def uid(self, *names: str) -> str:
        """A unique identifier by what it names and by what was read and judged, the same each time (PS3.5 B.2)."""
        prediction = self.prediction
        site = prediction.calibration.label if prediction.calibration else ""
        parts = (
            *("pneumonia", __version__, *names, self.source.reference.SOPInstanceUID, prediction.weights_sha256),
            *(prediction.operating_point, repr(prediction.threshold), str(prediction.population), site),
        )
        return f"2.25.{uuid.uuid5(uuid.NAMESPACE_OID, '/'.join(parts)).int}"

    def identification(self, number: int, title: str) -> dict[str, Any]:
        """What identifies an object, its series and the device, as highdicom takes it.

        Args:
            number: of the series among those of the reading, from 0.
            title: of the series, a word or two.
        """
        return {
            "series_instance_uid": self.uid(title, "series"),
            "series_number": _FIRST_SERIES + number,
            "series_description": f"{title}. {NOTICE}",
            "sop_instance_uid": self.uid(title, "instance"),
            "instance_number": 1,
            "manufacturer": MANUFACTURER,
            "manufacturer_model_name": self.prediction.variant,
            "software_versions": (f"pneumonia {__version__}", f"weights {self.predictor.version}"),
            "device_serial_number": self.prediction.weights_sha256,
        }

    @cached_property
    def heatmap(self) -> np.ndarray:
        """Evidence in the geometry of the image: float32 (H, W) in logits."""
        return self.prediction.heatmap_on(self.radiograph.pixels)

    @property
    def level(self) -> float:
        """Logits from which evidence is inside a contour."""
        return contour_level(self.predictor.heatmap_scale)

    @cached_property
    def contours(self) -> list[np.ndarray]:
        """Closed lines around the evidence: float32 (N, 2), x and y in pixels from the image's upper left corner."""
        exact = evidence_contours(self.heatmap, self.level)
        lines = (cv2.approxPolyDP(line[:-1], _TOLERANCE, True)[:, 0] for line in exact)
        # The middle of the first pixel lies at 0.5 (PS3.3 C.10.5.1.2, C.18.6.1.2). An area takes three corners.
        return [np.concatenate([line, line[:1]]).astype(np.float32) + 0.5 for line in lines if len(line) > 2]

    @cached_property
    def overlay(self) -> np.ndarray:
        """The radiograph under the evidence, with its contour and the lungs' outline: uint8 (H, W, 3), RGB."""
        pixels = self.radiograph.pixels
        factor = SIDE / max(pixels.shape)
        height, width = (max(1, round(factor * length)) for length in pixels.shape)
        pixels = cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR)
        picture = draw_reading(pixels, self.prediction, self.predictor.heatmap_scale)
        return contour_evidence(picture, self.prediction.heatmap_on(pixels), self.level)

    @property
    def finding(self) -> str:
        """One of NORMAL, PNEUMONIA and UNCERTAIN."""
        return cast(str, self.prediction.finding)

    @property
    def probability(self) -> float:
        """Calibrated probability of pneumonia, in [0, 1]."""
        return cast(float, self.prediction.probability)

    @property
    def judgement(self) -> str:
        """The finding and what it was judged by, in one line."""
        prediction = self.prediction
        return (
            f"{self.finding}: probability {percent(self.probability)}, "
            f"threshold {percent(prediction.threshold)} ({prediction.operating_point})"
        )

    @property
    def origin(self) -> str:
        """Whose it was read as, and by what, in one line."""
        prediction = self.prediction
        source = f" (by the {prediction.population_source})" if prediction.population_source else ""
        site = f"; calibrated to {prediction.calibration.label}" if prediction.calibration else ""
        return (
            f"Read as of {prediction.population or 'a population that is not known'}{source}{site}; "
            f"{prediction.variant} {self.predictor.version}, weights {prediction.weights_sha256[:12]}, "
            f"pneumonia {__version__}"
        )

    @property
    def warnings(self) -> list[str]:
        """What was noticed about the image, a line each."""
        return [f"{check.name}: {check.message}" for check in self.prediction.checks if check.status == "warn"]
