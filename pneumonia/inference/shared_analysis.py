"""One radiograph, and what all variants need of it, each worked out once."""

from concurrent.futures import Future, ThreadPoolExecutor
from typing import NamedTuple

import numpy as np

from pneumonia.core.check import Check
from pneumonia.errors import WeightsError
from pneumonia.imaging.decode import Radiograph
from pneumonia.inference.chest_check import load_plausibility
from pneumonia.inference.input_transform import Preprocessing
from pneumonia.inference.lung_segmentation import LungSegmentation, load_lung_fields
from pneumonia.utils.processes import PerProcess, cores

# Shared by all cases: to start a thread for each would cost about as much as it saves.
_BESIDE = PerProcess(lambda: ThreadPoolExecutor(cores(), thread_name_prefix="lungs"))

_NOT_JUDGED = Check(
    "chest",
    "warn",
    "Whether this is a frontal chest radiograph was not checked, because a file of the check is missing or damaged.",
)


class Looked(NamedTuple):
    """What was seen in the whole image, whatever the variant.

    Attributes:
        lungs: as `Case.lungs`.
        chest: as `Case.chest`.
    """

    lungs: LungSegmentation | None
    chest: Check | None


class Case:
    """Shared by the variants that read one radiograph; not meant for several threads at once.

    Args:
        radiograph: decoded.

    Attributes:
        radiograph: the same.
    """

    def __init__(self, radiograph: Radiograph) -> None:
        self.radiograph = radiograph
        self._squares: dict[int, np.ndarray] = {}
        self._looking: Future[Looked] | None = None
        self._looks: ThreadPoolExecutor | None = None

    def square(self, size: int) -> np.ndarray:
        """The radiograph as `Preprocessing.squash` gives it: float32 (size, size) in [0, 1]."""
        if size not in self._squares:
            self._squares[size] = Preprocessing(size).squash(self.radiograph.pixels)
        return self._squares[size]

    def look_for_lungs(self) -> Future[Looked]:
        """Begin to look for the lungs on another core, while the caller goes on: what will be seen."""
        # Once in a process: what another was looking for when this one was forked off it never comes here.
        if self._looking is None or self._looks is not _BESIDE.value:
            self._looks = _BESIDE.value
            # From the size that training looks for lungs at: much quicker than from all pixels, and the same for all.
            self._looking = self._looks.submit(_look, self.square(Preprocessing().size))
        return self._looking

    def find_all(self) -> None:
        """Do now what variants share, which else the first of them waits for."""
        self.look_for_lungs().result()

    @property
    def lungs(self) -> LungSegmentation | None:
        """Its lung fields, found or not; None where the network that finds them cannot be loaded."""
        return self.look_for_lungs().result().lungs

    @property
    def chest(self) -> Check | None:
        """What speaks against a frontal chest radiograph: a warning, a refusal, or None for nothing."""
        return self.look_for_lungs().result().chest


def _look(square: np.ndarray) -> Looked:
    try:
        fields = load_lung_fields()
    except WeightsError:
        # A reading does not depend on them, unless a variant was trained to; then it was refused when loaded.
        return Looked(None, _NOT_JUDGED)
    lungs = fields.segment(square)
    try:
        return Looked(lungs, load_plausibility().judge(square, lungs, fields.segment))
    except WeightsError:
        return Looked(lungs, _NOT_JUDGED)
