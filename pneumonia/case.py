"""One radiograph, and what all variants need of it, each worked out once."""

from functools import cached_property

import numpy as np

from pneumonia.errors import WeightsError
from pneumonia.images import Radiograph
from pneumonia.lung_fields import LungSegmentation, load_lung_fields
from pneumonia.preprocessing import Preprocessing


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

    def square(self, size: int) -> np.ndarray:
        """The radiograph as `Preprocessing.squash` gives it: float32 (size, size) in [0, 1]."""
        if size not in self._squares:
            self._squares[size] = Preprocessing(size).squash(self.radiograph.pixels)
        return self._squares[size]

    @cached_property
    def lungs(self) -> LungSegmentation | None:
        """Its lung fields, found or not; None where the network that finds them cannot be loaded."""
        try:
            lung_fields = load_lung_fields()
        except WeightsError:
            # A reading does not depend on them, unless a variant was trained to; then it was refused when loaded.
            return None
        # From the size that training looks for lungs at: much quicker than from all pixels, and the same for all.
        return lung_fields.segment(self.square(Preprocessing().size))
