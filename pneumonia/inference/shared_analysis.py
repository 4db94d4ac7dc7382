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
        self._result: Future[_Analysis] | None = None
        self._pool: ThreadPoolExecutor | None = None

    def square(self, size: int) -> np.ndarray:
        """The radiograph as `Preprocessing.squash` gives it: float32 (size, size) in [0, 1]."""
        if size not in self._squares:
            self._squares[size] = Preprocessing(size).squash(self.radiograph.pixels)
        return self._squares[size]

    def look_for_lungs(self) -> Future[_Analysis]:
        """Begin to look for the lungs on another core, while the caller goes on."""
        # Once in a process: what another was looking for when this one was forked off it never comes here.
        if self._result is None or self._pool is not _POOL.value:
            self._pool = _POOL.value
            # From the size that training looks for lungs at: much quicker than from all pixels, and the same for all.
            self._result = self._pool.submit(_analyse, self.square(Preprocessing().size))
        return self._result

    def find_all(self) -> None:
        """Do now what variants share, which else the first of them waits for."""
        self.look_for_lungs().result()

    @property
    def lungs(self) -> LungSegmentation | None:
        """Its lung fields, found or not; None where the network that finds them cannot be loaded."""
        return self.look_for_lungs().result().lungs

    @property
    def chest(self) -> Check | None:
        """A warning or a refusal of what is no frontal chest radiograph; None where nothing speaks against one."""
        return self.look_for_lungs().result().chest

    @property
    def looks_like(self) -> str | None:
        """The population that its lungs look like; None where nothing can be told."""
        return self.look_for_lungs().result().looks_like


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
