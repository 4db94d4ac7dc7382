"""One radiograph, and all that variants share of it, each worked out once."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Generic, NamedTuple, TypeVar

import numpy as np

from pneumonia.core.check import Check
from pneumonia.errors import WeightsError
from pneumonia.imaging.decode import Radiograph, Unjudged
from pneumonia.inference.chest_check import load_chest_check
from pneumonia.inference.input_transform import Preprocessing
from pneumonia.inference.lung_segmentation import LungSegmentation, load_lung_fields
from pneumonia.inference.lung_shape import load_lung_shape
from pneumonia.utils.processes import PerProcess, cores

Result = TypeVar("Result")

# Shared by all analyses: to start a thread for each would cost about as much as it saves.
_POOL = PerProcess(lambda: ThreadPoolExecutor(cores(), thread_name_prefix="analysis"))

_NOT_JUDGED = Check(
    "chest",
    "warn",
    "Whether this is a frontal chest radiograph was not checked, because a file of the check is missing or damaged. "
    "Make sure that it is.",
)


class _Analysis(NamedTuple):
    """Lungs, chest and population, as `SharedAnalysis` has them."""

    lungs: LungSegmentation | None
    chest: Check | None
    looks_like: str | None = None


class _Once(Generic[Result]):
    """What is worked out once: on another core, if that was begun there; else by the first who asks.

    Args:
        work: does it.
        done: the result, where it is known.
    """

    def __init__(self, work: Callable[..., Result], *done: Result) -> None:
        self._work = work
        self._done = list(done)
        self._begun: Future[Result] | None = None
        self._pool: ThreadPoolExecutor | None = None

    def begin(self, *given: Any) -> None:
        if not self._done and self._pool is not _POOL.value:
            self._pool = _POOL.value
            self._begun = self._pool.submit(self._work, *given)

    def result(self, *given: Any) -> Result:
        if not self._done:
            # In this process: what another was at when this one was forked off it never comes here.
            begun = self._begun if self._pool is _POOL.value else None
            # Nothing is kept that holds an image: neither what was worked on, nor an error's frames.
            self._begun = None
            try:
                self._done.append(self._work(*given) if begun is None else begun.result())
            finally:
                del begun
            del self._work
        return self._done[0]


class SharedAnalysis:
    """Shared by the variants that read one radiograph; not meant for several threads at once.

    Args:
        radiograph: decoded; its picture may be still to be judged.
    """

    def __init__(self, radiograph: Radiograph | Unjudged) -> None:
        if isinstance(radiograph, Unjudged):
            self._judged = _Once(radiograph.judged)
            self._pixels = radiograph.radiograph.pixels
        else:
            self._judged = _Once(Unjudged.judged, radiograph)
            self._pixels = radiograph.pixels
        self._squares: dict[int, np.ndarray] = {}
        self._analysis = _Once(_analyse)

    @property
    def radiograph(self) -> Radiograph:
        """The radiograph, judged; raises UnsupportedImageError for a picture that is none."""
        return self._judged.result()

    def square(self, size: int) -> np.ndarray:
        """The radiograph as `Preprocessing.squash` gives it: float32 (size, size) in [0, 1]."""
        if size not in self._squares:
            self._squares[size] = Preprocessing(size).squash(self._pixels)
        return self._squares[size]

    def begin(self) -> None:
        """Begin on another core what variants share, while the caller goes on."""
        self._judged.begin()
        self._analysis.begin(self._small)

    def find_all(self) -> _Analysis:
        """Do now what variants share, which else the first of them waits for."""
        return self._analysis.result(self._small)

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
