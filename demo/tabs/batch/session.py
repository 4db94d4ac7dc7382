"""State of the Batch tab: the files, what was read of them, and the row that is opened."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from demo.shared.session import Session
from demo.tabs.batch.files import Upload
from demo.tabs.batch.views import Row
from pneumonia import Prediction


@dataclass(frozen=True)
class Listed:
    """Image of the list. What is large is not kept: a reading that is opened is read again.

    Attributes:
        prediction: without the lungs.
        thumbnail: whether there is one.
    """

    prediction: Prediction
    thumbnail: bool = False


@dataclass
class Batch:
    """Run over some files.

    Attributes:
        uploads: the files, in order.
        variant: they are read with.
        operating_point: they are judged at.
        thumbnails: folder of their thumbnails, by number.
        population: of all patients; None where each image tells.
        listed: those read so far, in the same order.
        records: of the same, as `Prediction.to_dict` with the name.
        rows: of the same.
        downloads: the last files that were made of them, by name.
        stopped: whether no more images are to be read.
        ended: whether none is being read any more.
        outdated: whether other files, another network or patient are chosen by now.
    """

    uploads: list[Upload]
    variant: str
    operating_point: str
    thumbnails: Path
    population: str | None = None
    listed: list[Listed] = field(default_factory=list)
    records: list[dict[str, Any]] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    downloads: dict[str, Path] = field(default_factory=dict)
    stopped: bool = False
    ended: bool = False
    outdated: bool = False

    def population_of(self, number: int) -> str | None:
        """The population that the reader chose for an image that was read, or for all; None where it tells."""
        read = self.listed[number - 1].prediction
        return read.population if read.population_source == "reader" else self.population


@dataclass
class BatchSession(Session):
    """State of the Batch tab, whose one image is that of the opened row.

    Attributes:
        batch: the last one; the next takes its place, and what still works on the last one is not disturbed.
        stopped_early: whether a batch that waits its turn is to be stopped.
        opened: number and file of the row that was opened last, which may be of the batch before.
    """

    batch: Batch | None = None
    stopped_early: bool = False
    opened: tuple[int, Upload] | None = None
