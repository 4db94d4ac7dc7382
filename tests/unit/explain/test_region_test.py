"""The test of one reading's marked region, on engines whose logit depends on a known region."""

import json
import subprocess
import sys
import threading

import cv2
import numpy as np
import pytest

from pneumonia.explain.region_test import REGIONS, Interrupted, marked_region, measure_support, shifted_regions
from scripts import ROOT

SIZE = 56
SHA256 = "5e" * 32


class MadeEngine:
    """Its logit is how bright one cell of seven by seven is; its map marks that cell or another."""

    def __init__(self, uses, marks, peak=8.0, sign=1.0):
        self._uses, self._sign = uses, sign
        self.seen = []
        self._map = np.full((7, 7), -1.0, np.float32)
        self._map[marks] = peak

    def run(self, image):
        self.seen.append(image)
        cells = cv2.resize(image, (7, 7), interpolation=cv2.INTER_AREA)
        return self._sign * 10 * float(cells[self._uses]), self._map


@pytest.fixture
def image():
    """A bright spot on a dark ground, where the engines look."""
    picture = np.zeros((SIZE, SIZE), np.float32)
    picture[16:24, 32:40] = 1.0
    return picture


def test_the_region_that_the_logit_depends_on_is_supported(image):
    support = measure_support(MadeEngine((2, 4), (2, 4)).run, image, SHA256)
    assert support.verdict == "supported" and support.rank == 1 and support.chance == pytest.approx(1 / (REGIONS + 1))
    assert support.fall > support.random_falls.max() and len(support.random_falls) == REGIONS
    assert support.message.startswith("Supported: blurring the marked region") and "0 of 40" in support.message
    plain = json.loads(json.dumps(support.to_dict()))
    assert (plain["rank"], plain["regions"], plain["fall"]) == (1, REGIONS, support.fall)
    assert plain["region_share"] == support.region.mean() and plain["median_random_fall"] < plain["fall"]


def test_regions_marked_at_random_are_seldom_supported():
    """Networks that weigh all cells at random, and maps that know nothing of it. Two ranks of 41 pass, which is 5 %;
    that no region to compare with covers the marked one makes it a little more, one in sixteen in 2,000 such trials."""
    rng = np.random.default_rng(0)
    picture = rng.random((SIZE, SIZE), dtype=np.float32)

    class Random(MadeEngine):
        def __init__(self):
            super().__init__((0, 0), tuple(rng.integers(7, size=2)))
            self._weights = cv2.resize(rng.normal(size=(7, 7)), (SIZE, SIZE))

        def run(self, image):
            return float((self._weights * image).sum()), self._map

    supported = sum(measure_support(Random().run, picture, f"{i:064x}").verdict == "supported" for i in range(200))
    assert 4 <= supported <= 20


def test_it_gives_up_as_soon_as_somebody_waits_and_keeps_to_one_core_till_then(image):
    engine, threads = MadeEngine((2, 4), (2, 4)), set()

    def interrupted():
        threads.add(threading.get_ident())
        return len(engine.seen) > 5

    with pytest.raises(Interrupted):
        measure_support(engine.run, image, SHA256, interrupted)
    assert len(engine.seen) == 6 and len(threads) == 1


def test_asked_whether_somebody_waits_it_finds_the_same(image):
    first, again = (measure_support(MadeEngine((2, 4), (2, 4)).run, image, SHA256, ask) for ask in (None, bool))
    assert first.to_dict() == again.to_dict()


def test_it_takes_no_more_passes_than_it_says(image):
    engine = MadeEngine((2, 4), (2, 4))
    measure_support(engine.run, image, SHA256)
    assert len(engine.seen) == REGIONS + 2


def test_it_needs_no_tensorflow():
    heavy = "{'tensorflow', 'keras', 'scipy'}"
    command = f"import pneumonia.explain.region_test, sys; assert not {heavy} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", command], cwd=ROOT, check=True)


def test_another_region_is_no_better_than_chance(image):
    support = measure_support(MadeEngine((2, 4), (5, 1)).run, image, SHA256)
    assert support.verdict == "not better than chance" and support.fall == 0 and support.chance > 0.05


def test_a_region_that_holds_the_score_down_is_not_supported(image):
    support = measure_support(MadeEngine((2, 4), (2, 4), sign=-1.0).run, image, SHA256)
    assert support.verdict == "not better than chance" and support.fall < 0 and "raises the score" in support.message


@pytest.mark.parametrize("peak", [-1.0, 0.0, 0.9, np.nan])
def test_without_a_marked_region_it_says_so(image, peak):
    support = measure_support(MadeEngine((2, 4), (2, 4), peak=peak).run, image, SHA256)
    assert support.verdict == "no marked region" and support.rank is None and not support.region.any()
    assert support.message == "The heatmap marks no region, so there is none to test."
    plain = support.to_dict()
    assert (plain["verdict"], plain["region_share"], plain["regions"], plain["fall"]) == (support.verdict, 0, 0, None)


def test_the_same_image_is_compared_with_the_same_regions(image):
    first, again = (measure_support(MadeEngine((2, 4), (2, 4)).run, image, SHA256) for _ in range(2))
    np.testing.assert_array_equal(first.random_falls, again.random_falls)
    other = measure_support(MadeEngine((2, 4), (2, 4)).run, image, "77" * 32)
    assert (first.random_falls != other.random_falls).any()


def test_the_marked_region_reaches_half_of_the_peak():
    heatmap = np.zeros((7, 7), np.float32)
    heatmap[3, 3], heatmap[1, 1], heatmap[5, 5] = 8.0, 5.0, 3.0
    region = marked_region(heatmap, 70)
    assert region[35, 35] and region[15, 15] and not region[55, 55] and 0.01 < region.mean() < 0.06


def test_the_marked_region_is_at_most_a_quarter_of_the_picture():
    assert marked_region(np.full((7, 7), 8.0, np.float32), 70).mean() == pytest.approx(0.25)
    ramp = np.tile(np.linspace(5.0, 8.0, 70, dtype=np.float32), (70, 1))
    region = marked_region(ramp, 70)
    assert region.mean() == pytest.approx(0.25) and region[:, 53:].all() and not region[:, :52].any()


def test_regions_elsewhere_are_as_large_all_different_and_share_at_most_half():
    region = np.zeros((SIZE, SIZE), bool)
    region[5:30, 20:45] = True
    regions = shifted_regions(region, seed=1)
    assert regions.shape == (REGIONS, SIZE, SIZE) and (regions.sum(axis=(1, 2)) == region.sum()).all()
    assert (regions & region).sum(axis=(1, 2)).max() <= region.sum() / 2 + 1
    assert len({other.tobytes() for other in regions}) == REGIONS
