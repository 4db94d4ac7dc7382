"""From decoded pixels to the network's input, described by a record that travels with the weights.

Training and inference call the same two methods: training caches the result of `squash`, augments it,
and then calls `normalise`; inference calls both in a row (`apply`).
"""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from PIL import Image

# Pixels are sampled on every second row and column for the percentiles: a quarter of the work, the same value.
_PERCENTILE_STRIDE = 2


@dataclass(frozen=True)
class Preprocessing:
    """What is done to a radiograph before a network sees it.

    Attributes:
        size: side of the square the image is squashed to, in pixels; the aspect ratio is not kept,
            because the training images come squashed.
        low_percentile: this percentile of the grey values becomes 0.
        high_percentile: this percentile becomes 1. Exposure and contrast thereby stop being a clue.
    """

    size: int = 224
    low_percentile: float = 1.0
    high_percentile: float = 99.0

    def squash(self, pixels: np.ndarray) -> np.ndarray:
        """Resize to the square, averaging where it shrinks.

        Args:
            pixels: float32 (H, W) in [0, 1].

        Returns:
            float32 (size, size) in [0, 1].
        """
        if pixels.shape == (self.size, self.size):
            return pixels
        # Pillow widens the filter when it shrinks, so nothing aliases. Of its filters the bilinear one comes closest
        # to the training images, which were squashed and then compressed.
        square = Image.fromarray(pixels).resize((self.size, self.size), Image.Resampling.BILINEAR)
        return np.asarray(square)

    def normalise(self, square: np.ndarray) -> np.ndarray:
        """Stretch the grey values between the two percentiles to [0, 1].

        Args:
            square: float32 (size, size) in [0, 1].

        Returns:
            float32 (size, size) in [0, 1].
        """
        sample = square[::_PERCENTILE_STRIDE, ::_PERCENTILE_STRIDE]
        low, high = np.percentile(sample, (self.low_percentile, self.high_percentile))
        # A constant image has no contrast to stretch; a span of one grey level in 8 bits is the least.
        span = max(float(high - low), 1 / 255)
        return np.clip((square - np.float32(low)) / np.float32(span), 0.0, 1.0)

    def apply(self, pixels: np.ndarray) -> np.ndarray:
        """`squash`, then `normalise`: float32 (H, W) in [0, 1] to the network's float32 (size, size)."""
        return self.normalise(self.squash(pixels))

    def to_dict(self) -> dict[str, Any]:
        """JSON values from which the same record can be made again with `Preprocessing(**values)`."""
        return asdict(self)
