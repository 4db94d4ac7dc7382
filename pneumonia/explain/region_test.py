"""A test that blurring the region a heatmap marks lowers the score more than blurring as large a region elsewhere.

For one reading, after it. The regions to compare with are random toroidal shifts of the marked one (Lotwick and
Silverman, "Methods for analysing spatial processes of several types of points", J. R. Stat. Soc. B 1982); the statistic
is the fall of the logit. It tells whether the network used the region, not whether there is disease.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from pneumonia.core.geometry import heatmap_on
from pneumonia.explain.faithfulness import Erasure, Run, pixel_ranks
from pneumonia.utils.processes import cores

# The marked region is what reaches this share of the map's peak, but never more than this share of the picture.
_OF_PEAK = 0.5
_GREATEST_REGION = 0.25
# Logits; below it the overlay shows next to nothing, and such a map moves the score by less than that.
_LEAST_PEAK = 1.0
# Regions to compare with, and the share of them that may do as well: one of 40.
REGIONS = 40
_CHANCE = 0.05
# A region to compare with shares at most this part of its area with the marked one.
_GREATEST_OVERLAP = 0.5

Verdict = Literal["supported", "not better than chance", "no marked region"]


@dataclass(frozen=True)
class Support:
    """The result of the test for one reading.

    Attributes:
        verdict: `"supported"` if the logit falls when the marked region is blurred, and `chance` is at most 5 %.
        region: bool (S, S), the marked region on the network's input; all False where there is none.
        fall: how many logits the score falls when the marked region is blurred, negative if it rises; None where
            there is no marked region, as are the next two.
        random_falls: float64 (REGIONS,), the same for each region compared with.
        rank: of the fall of the marked region among all of these, 1 for the greatest.
        chance: share of all regions, the marked one counted too, whose blurring lowers the score at least as much. Of
            regions marked at random one in sixteen would be supported, a little more than one in twenty, because none
            that is compared with lies where the marked one does.
    """

    verdict: Verdict
    region: np.ndarray = field(repr=False)
    fall: float | None = None
    random_falls: np.ndarray | None = field(default=None, repr=False)
    rank: int | None = None
    chance: float | None = None

    @property
    def supported(self) -> bool:
        """Tell whether the marked region matters more than others."""
        return self.verdict == "supported"

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values, without the region itself."""
        falls = self.random_falls
        return {
            "verdict": self.verdict,
            "message": self.message,
            "region_share": float(self.region.mean()),
            "fall": self.fall,
            "median_random_fall": None if falls is None else float(np.median(falls)),
            "regions": 0 if falls is None else len(falls),
            "rank": self.rank,
            "chance": self.chance,
        }

    @property
    def message(self) -> str:
        """The same as a sentence for a clinician."""
        if self.fall is None or self.random_falls is None or self.rank is None:
            return "The heatmap marks no region, so there is none to test."
        usual = float(np.median(self.random_falls))
        better = f"{self.rank - 1} of {len(self.random_falls)} such regions do at least as well"
        return (
            f"{self.verdict.capitalize()}: blurring the marked region ({self.region.mean():.0%} of what the "
            f"network was shown) {_moves(self.fall)}; blurring as large a region of the same form elsewhere "
            f"{_moves(usual)} in the median, and {better}. "
            "This tells what the network used, not whether there is disease."
        )


def is_unconfirmed(support: Support | None) -> bool:
    """Tell whether a test has shown that the marked region matters no more than others; None where none was made."""
    return support is not None and not support.supported


class Interrupted(Exception):
    """The test was given up, because somebody else waits."""


def measure_support(
    run: Run, image: np.ndarray, image_sha256: str, interrupted: Callable[[], bool] | None = None
) -> Support:
    """Test the marked region of one reading, in the time of `REGIONS` and two more passes through the network.

    Args:
        run: the network.
        image: float32 (S, S) in [0, 1], preprocessed.
        image_sha256: hash of the upload; the same image is always compared with the same regions.
        interrupted: asked before each pass whether to give up; where it is given, the test keeps to one core.

    Raises:
        Interrupted: as soon as `interrupted` says so.
    """
    logit, heatmap = run(image)
    region = marked_region(heatmap, len(image))
    if not region.any():
        return Support("no marked region", region)

    def logit_of(changed: np.ndarray) -> float:
        if interrupted is not None and interrupted():
            raise Interrupted
        return run(changed)[0]

    erasure = Erasure(logit_of, image)
    elsewhere = shifted_regions(region, int(image_sha256[:16], 16))
    with ThreadPoolExecutor(1 if interrupted else cores()) as pool:
        falls = logit - np.array(list(pool.map(erasure.logit_without, [region, *elsewhere])))
    fall, random_falls = float(falls[0]), falls[1:]
    rank = 1 + int((random_falls >= fall).sum())
    chance = rank / len(falls)
    supported = fall > 0 and chance <= _CHANCE
    return Support("supported" if supported else "not better than chance", region, fall, random_falls, rank, chance)


def _moves(fall: float) -> str:
    return f"{'raises' if fall < 0 else 'lowers'} the score by {abs(fall):.2f} logits"


def marked_region(heatmap: np.ndarray, size: int) -> np.ndarray:
    """The region that a map marks, by the rule at the head of this file.

    Args:
        heatmap: float32 (h, w), in logits.
        size: side S of the network's input in pixels.

    Returns:
        bool (S, S): the points of the interpolated map that reach half of the map's peak; of these the highest
        quarter of the picture, if they are more. All False for a peak below one logit.
    """
    peak = heatmap.max()
    if not peak >= _LEAST_PEAK:
        return np.zeros((size, size), bool)
    marked = heatmap_on(heatmap, size, size) >= _OF_PEAK * peak
    most = _GREATEST_REGION * size**2
    return marked if marked.sum() <= most else marked & (pixel_ranks(heatmap, size) < most)


def shifted_regions(region: np.ndarray, seed: int) -> np.ndarray:
    """The same region elsewhere; what leaves the picture on one side comes in on the other.

    Args:
        region: bool (S, S), at most a quarter of the picture.
        seed: of the choice.

    Returns:
        bool (REGIONS, S, S), each as large as the region and, but for the cut at the edges, of its form. None shares
        more than half of its area with it.
    """
    # How much of the region each shift of it would share with it, for all shifts at once.
    spectrum = np.fft.rfft2(region)
    shared = np.fft.irfft2(np.abs(spectrum) ** 2, region.shape)
    allowed = np.argwhere(shared <= _GREATEST_OVERLAP * region.sum() + 0.5)
    chosen = np.random.default_rng(seed).choice(allowed, REGIONS, replace=False)
    return np.stack([np.roll(region, shift, axis=(0, 1)) for shift in chosen])
