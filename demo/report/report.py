"""Contents of a report, apart from how it is set."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

import numpy as np

from demo.shared import texts as shared_texts
from pneumonia.explain.region_test import Support, is_unconfirmed
from pneumonia.records.receipt import JudgedPrediction, receipt


class Entry(NamedTuple):
    """One reading of a report.

    Attributes:
        title: of the image, where there are two, or else of the network.
        network: its name.
        shown: uint8 (H, W), the radiograph as `radiograph_images.preview` gives it.
        judged: the reading.
        name: the file's, which may be a patient's; None for a report without it.
    """

    title: str
    network: str
    shown: np.ndarray
    judged: JudgedPrediction
    name: str | None


@dataclass(frozen=True, eq=False)
class Report:
    """Readings that the page shows at one moment.

    Attributes:
        entries: one reading; or those of one image by several networks; or those of an earlier and a later image.
        created: when, with the time zone.
        headline: what several readings say together, and what that means; None for a single one.
        missing: why a network is unavailable, by its name.
        comment: the reader's own words.
        prevalence: that the reader chose, in (0, 1).
        predictive: what the reading means at it, in sentences.
        support: whether the region that a single reading marks matters; None where that was not tested.
    """

    entries: tuple[Entry, ...]
    created: datetime
    headline: tuple[str, str] | None = None
    missing: Mapping[str, str] = field(default_factory=dict)
    comment: str = ""
    prevalence: float | None = None
    predictive: tuple[str, ...] = ()
    support: Support | None = None

    @property
    def is_pair(self) -> bool:
        """Whether it is of an earlier and a later image."""
        return self.entries[0].title in shared_texts.PAIR

    @property
    def placed(self) -> bool:
        """Whether the outlined region may stand for a place: of a single reading, unless a test has denied it.

        The regions of several readings are not tested.
        """
        return self.headline is None and not is_unconfirmed(self.support)

    @property
    def image_hashes(self) -> tuple[str, ...]:
        """Hashes of the images, each once."""
        return tuple(dict.fromkeys(entry.judged.prediction.image_sha256 for entry in self.entries))

    @property
    def scale(self) -> float:
        """Logits at which the colours saturate, the same for all."""
        return self.entries[0].judged.predictor.heatmap_scale

    def to_json(self) -> dict[str, Any]:
        """Give plain JSON values, without the pictures."""
        name = None if self.is_pair else self.entries[0].name
        readings = [entry.judged for entry in self.entries]
        record = receipt(readings, self.created, self.missing, name, self.comment, self.support)
        if self.is_pair:
            for reading, entry in zip(record["readings"], self.entries, strict=True):
                reading |= {"image": entry.title} | ({} if entry.name is None else {"name": entry.name})
        if self.headline is not None:
            record["summary"] = " ".join(filter(None, self.headline))
        return record | ({} if self.prevalence is None else {"prevalence": self.prevalence})
