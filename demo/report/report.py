"""Contents of a report, apart from how it is set."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np

from pneumonia.explain.region_test import Support
from pneumonia.records.receipt import JudgedPrediction, receipt


@dataclass(frozen=True, eq=False)
class Report:
    """Readings that the page shows of one image at one moment.

    Attributes:
        shown: uint8 (H, W), as `radiograph_images.preview` gives it.
        readings: one on the Read tab, one for each available network on the Compare tab, by its name.
        missing: why a variant is unavailable, by variant; None where nothing is compared.
        scale: logits at which the colours saturate.
        created: when, with the time zone.
        name: the file's, which may be a patient's; None for a report without it.
        support: whether the region that a reading marks matters; None where that was not tested.
    """

    shown: np.ndarray
    readings: Mapping[str, JudgedPrediction]
    missing: Mapping[str, str] | None
    scale: float
    created: datetime
    name: str | None
    support: Support | None = None

    @property
    def image_sha256(self) -> str:
        """Hash of the image, which all readings are of."""
        return next(iter(self.readings.values())).prediction.image_sha256

    def to_json(self) -> dict[str, Any]:
        """Give plain JSON values, without the pictures."""
        return receipt(tuple(self.readings.values()), self.created, self.missing or {}, self.name, self.support)
