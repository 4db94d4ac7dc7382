"""One radiograph, and all that variants share of it, each worked out once."""

from concurrent.futures import Future, ThreadPoolExecutor
from typing import NamedTuple

import numpy as np

from pneumonia.core.check import Check
from pneumonia.errors import WeightsError
from pneumonia.imaging.decode import Radiograph
from pneumonia.inference.chest_check import load_chest_check
from pneumonia.inference.input_transform import Preprocessing
from pneumonia.inference.lung_segmentation import LungSegmentation, load_lung_fields
from pneumonia.inference.lung_shape import load_lung_shape
from pneumonia.utils.processes import PerProcess, cores

# Shared by all analyses: to start a thread for each would cost about as much as it saves.
_POOL = PerProcess(lambda: ThreadPoolExecutor(cores(), thread_name_prefix="lungs"))

_NOT_JUDGED = Check(
    "chest",
    "warn",
    "Whether this is a frontal chest radiograph was not checked, because a file of the check is missing or damaged.",
)


class _Analysis(NamedTuple):
    """Lungs, chest and population, as `SharedAnalysis` has them."""

    lungs: LungSegmentation | None
    chest: Check | None
    looks_like: str | None = None


class SharedAnalysis:
    """Shared by the variants that read one radiograph; not meant for several threads at once.

    Args:
        radiograph: decoded.

    Attributes:
        radiograph: the same.
    """

    def __init__(self, radiograph: Radiograph) -> None:
        self.radiograph = radiograph
        self._squares: dict[int, np.ndarray] = {}
        self._begun: Future[_Analysis] | None = None
        self._pool: ThreadPoolExecutor | None = None
        self._done: _Analysis | None = None

    def square(self, size: int) -> np.ndarray:
        """The radiograph as `Preprocessing.squash` gives it: float32 (size, size) in [0, 1]."""
        if size not in self._squares:
            self._squares[size] = Preprocessing(size).squash(self.radiograph.pixels)
        return self._squares[size]

    def look_for_lungs(self) -> None:
        """Begin to look for the lungs on another core, while the caller goes on; else the first who asks does."""
        if self._done is None and self._pool is not _POOL.value:
            self._pool = _POOL.value
            self._begun = self._pool.submit(_analyse, self._small)

    def find_all(self) -> _Analysis:
        """Do now what variants share, which else the first of them waits for."""
        if self._done is None:
            # In this process: what another was looking for when this one was forked off it never comes here.
            begun = self._begun if self._pool is _POOL.value else None
            self._done = _analyse(self._small) if begun is None else begun.result()
        return self._done

    @property
    def lungs(self) -> LungSegmentation | None:
        """Its lung fields, found or not; None where the network that finds them cannot be loaded."""
        return self.find_all().lungs

    @property
    def chest(self) -> Check | None:
        """A warning or a refusal of what is no frontal chest radiograph; None where nothing speaks against one."""
        return self.find_all().chest

    @property
    def looks_like(self) -> str | None:
        """The population that its lungs look like; None where nothing can be told."""
        return self.find_all().looks_like

    @property
    def _small(self) -> np.ndarray:
        # The size that training looks for lungs at: much quicker than from all pixels, and the same for all.
        return self.square(Preprocessing().size)


def _analyse(square: np.ndarray) -> _Analysis:
    try:
        fields = load_lung_fields()
    except WeightsError:
        # A reading does not depend on them, unless a variant was trained to; then it was refused when loaded.
        return _Analysis(None, _NOT_JUDGED)
    lungs = fields.segment(square)
    try:
        chest = load_chest_check().judge(square, lungs, fields.segment)
    except WeightsError:
        chest = _NOT_JUDGED
    try:
        looks_like = None if lungs.inside is None else load_lung_shape().population(lungs.inside)
    except WeightsError:
        # Then the reader is asked.
        looks_like = None
    return _Analysis(lungs, chest, looks_like)
