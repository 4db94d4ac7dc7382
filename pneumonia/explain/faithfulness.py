"""Does the logit depend on the regions that a map marks? Regions are blurred, and the logit is read again.

Petsiuk, Das and Saenko, "RISE: Randomized Input Sampling for Explanation of Black-box Models", BMVC 2018: the deletion
curve takes away what the map ranks first, the insertion curve gives it back to an image with everything taken away.
A map that ranks well has a small area under the first and a large one under the second. Everything is painted on the
network's own input, so what is hidden from the map is hidden from the logit too.

A blurred radiograph is not a neutral one: haze is a sign of pneumonia, and networks read it so. An area therefore means
nothing by itself, only beside those of controls and of other maps on the same images.
"""

from collections.abc import Callable
from functools import cached_property

import cv2
import numpy as np

from pneumonia.core.geometry import heatmap_on

# From an image, float32 (S, S) in [0, 1], to its logit and its map (h, w); and to its logit alone.
Run = Callable[[np.ndarray], tuple[float, np.ndarray]]
Logit = Callable[[np.ndarray], float]

# Standard deviation of the blur as a share of the side. It is wide enough to take an opacity away and not only the
# texture of the lung: the result shows neither lobes nor ribs, only how bright each side of the chest is.
BLUR = 40 / 224
# Points of a curve besides its start.
STEPS = 10


def blurred(image: np.ndarray) -> np.ndarray:
    """The baseline: float32 (S, S) to float32 (S, S), in the same range."""
    return cv2.GaussianBlur(image, (0, 0), BLUR * len(image))


class Erasure:
    """One image, parts of which are blurred to see how its logit moves.

    Args:
        run: the network.
        image: float32 (S, S) in [0, 1], preprocessed.
    """

    def __init__(self, run: Logit, image: np.ndarray) -> None:
        self._run = run
        self._image = image
        self._baseline = blurred(image)

    @cached_property
    def logit(self) -> float:
        """The logit of the image as it is."""
        return self._run(self._image)

    @cached_property
    def blurred_logit(self) -> float:
        """The logit with everything blurred."""
        return self._run(self._baseline)

    def logit_without(self, region: np.ndarray) -> float:
        """The logit with a region, bool (S, S), blurred."""
        return self._run(np.where(region, self._baseline, self._image))

    def curves(self, heatmap: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The deletion and the insertion curve of a map.

        Args:
            heatmap: float32 (h, w); only the order of its values counts.

        Returns:
            Logits, both float64 (STEPS + 1,). Deletion: with nothing blurred, with the first `1 / STEPS` of all pixels
            blurred, and so on to everything. Insertion: with everything blurred but the first `1 / STEPS`, likewise.
        """
        rank = pixel_ranks(heatmap, len(self._image))
        firsts = [rank < round(step / STEPS * rank.size) for step in range(1, STEPS)]
        deletion = [self.logit, *(self.logit_without(first) for first in firsts), self.blurred_logit]
        insertion = [self.blurred_logit, *(self.logit_without(~first) for first in firsts), self.logit]
        return np.array(deletion), np.array(insertion)


def pixel_ranks(heatmap: np.ndarray, size: int) -> np.ndarray:
    """The order in which a map names the pixels of an image, equal ones in an order drawn at random.

    Args:
        heatmap: float32 (h, w).
        size: side S of the image.

    Returns:
        int64 (S, S), 0 for the pixel with most evidence.
    """
    evidence = heatmap_on(heatmap, size, size).ravel()
    chance = np.random.default_rng(0).permutation(evidence.size)
    ranks = np.empty(evidence.size, np.int64)
    ranks[np.lexsort((chance, -evidence))] = np.arange(evidence.size)
    return ranks.reshape(size, size)


def area(curve: np.ndarray) -> float:
    """Area under a curve over the share of pixels from 0 to 1, which is its mean height; by trapezoids."""
    return float(np.trapezoid(curve, dx=1 / (len(curve) - 1)))


def control_maps(image: np.ndarray, shape: tuple[int, int], seed: int) -> dict[str, np.ndarray]:
    """Maps that know nothing of the network, on a grid as coarse as that of the map they are set beside.

    Args:
        image: float32 (S, S) in [0, 1].
        shape: (h, w) of the grid.
        seed: of the random map.

    Returns:
        Each float32 (h, w): "random"; "centre", a Gaussian on the middle of the image with a quarter of its side as
        standard deviation; "edges", how steep the grey values are (Sobel).
    """
    height, width = shape
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    steepness = np.hypot(cv2.Sobel(image, cv2.CV_32F, 1, 0), cv2.Sobel(image, cv2.CV_32F, 0, 1))
    return {
        "random": np.random.default_rng(seed).random(shape, dtype=np.float32),
        "centre": np.exp(-(x**2 + y**2) / (2 * 0.5**2)).astype(np.float32),
        "edges": cv2.resize(steepness, (width, height), interpolation=cv2.INTER_AREA),
    }
