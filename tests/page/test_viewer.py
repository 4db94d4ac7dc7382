"""What the viewer is given of a reading, and its script."""

import numpy as np
import pytest
from PIL import Image

from demo.shared import texts as shared_texts
from demo.shared.answer import evidence_sentences
from demo.theme import head
from demo.viewer import contents, texts
from pneumonia.core.geometry import WHOLE, Box
from scripts import ROOT
from tests.fixtures.fakes import LUNGS
from tests.page.test_views import reading

SCALE = 8.0


def hot(row: int, column: int, box: Box = WHOLE, **changes):
    """A reading with all its evidence in one of 8 by 8 cells."""
    heatmap = np.full((8, 8), -1.0, np.float32)
    heatmap[row, column] = SCALE
    return reading(0.9, heatmap=heatmap, field_of_view=box, **changes)


def pane(prediction, title: str = "") -> dict:
    return contents.evidence_pane({}, prediction, SCALE, title)


@pytest.mark.parametrize("shape", [(900, 1300), (64, 48)])
def test_the_picture_keeps_every_pixel_and_its_grey_but_for_one_step(shape):
    pixels = np.random.default_rng(0).random(shape, dtype=np.float32)
    with Image.open(contents.write_picture(pixels)["path"]) as picture:
        written = np.asarray(picture)
    assert written.shape == shape and np.abs(written - 255.0 * pixels).max() <= 2.5
    smooth = np.tile(np.linspace(0, 1, 512, dtype=np.float32), (512, 1))
    with Image.open(contents.write_picture(smooth)["path"]) as picture:
        assert np.abs(np.asarray(picture) - 255.0 * smooth).max() <= 1.5


def test_a_picture_that_no_canvas_holds_is_made_smaller():
    file = contents.write_picture(np.zeros((10, 5000), np.float32))
    with Image.open(file["path"]) as picture:
        assert picture.size == (4096, 8)


@pytest.mark.parametrize("box", [WHOLE, Box(0.5, 0.25, 1.0, 0.75)])
def test_the_contour_runs_around_the_hot_cell(box):
    """At half of the peak of an interpolated cell: about half a cell around its middle."""
    (line,) = pane(hot(2, 5, box))["contour"]
    x, y = np.array(line).T
    width, height = box.right - box.left, box.bottom - box.top
    middle = box.left + width * 5.5 / 8, box.top + height * 2.5 / 8
    assert ((x.min() + x.max()) / 2, (y.min() + y.max()) / 2) == pytest.approx(middle, abs=0.004)
    assert 0.04 * width < np.ptp(x) / 2 < 0.07 * width and 0.04 * height < np.ptp(y) / 2 < 0.07 * height


def test_the_map_is_given_in_logits_on_its_own_grid():
    given = pane(hot(2, 5))
    assert np.array(given["map"]).shape == (8, 8) and given["map"][2][5] == SCALE and given["map"][0][0] == -1.0


def test_words_say_where_the_evidence_lies():
    """The fake lungs reach from a fifth to four fifths of the height, and each third is a fifth of it."""
    right_upper = pane(hot(2, 2, lungs=LUNGS))
    assert "right upper zone" in right_upper["evidence"]
    assert right_upper["caption"] == "", "the card beside it says so"
    assert "left middle zone" in pane(hot(3, 5, lungs=LUNGS))["evidence"]
    assert texts.OUTSIDE in pane(hot(0, 7, lungs=LUNGS, in_lung_share=0.0))["evidence"]
    assert texts.STRONGEST in pane(hot(2, 2))["evidence"]


def test_of_several_none_is_tested_so_none_names_a_zone_and_all_are_drawn_in_dashes():
    for of in (hot(2, 2, lungs=LUNGS), hot(0, 7, lungs=LUNGS, in_lung_share=0.0)):
        alone, several = pane(of), pane(of, "one of several")
        assert several["dashed"] and not alone["dashed"] and several["contour"] == alone["contour"] != []
        assert texts.UNTESTED in several["caption"] and several["caption"] in several["evidence"]
        assert "zone" not in several["evidence"] and "not confirmed" not in several["evidence"]
    assert pane(hot(0, 7, lungs=LUNGS, in_lung_share=0.0), "one of several")["caption"].startswith(texts.OUTSIDE)


def test_no_line_is_drawn_around_what_hardly_shows():
    weak = reading(0.1, heatmap=np.eye(8, dtype=np.float32) * 0.9, lungs=LUNGS)
    several = pane(weak, "one of several")
    assert several["contour"] == [] and several["caption"] == shared_texts.NO_REGION and not several["dashed"]
    assert len(pane(weak)["lungs"]) == 2


def test_the_card_and_the_viewer_go_by_one_rule():
    """No evidence is said where none is outlined, and a region that is outlined has evidence."""
    for peak in (0.05, 1.0, 1.9, 2.0, 3.0, 8.0):
        for heatmap in (np.full((8, 8), peak), np.eye(1, 64).reshape(8, 8) * peak, np.eye(1, 900).reshape(30, 30) * 8):
            of = reading(0.9, heatmap=heatmap.astype(np.float32), lungs=LUNGS)
            sentence, _ = evidence_sentences(of, SCALE)
            none = sentence == shared_texts.NO_EVIDENCE or sentence.endswith(shared_texts.NO_REGION)
            assert bool(pane(of)["contour"]) != none, (peak, sentence)


def test_the_lungs_outline_lies_on_their_border():
    x, y = np.concatenate([np.array(line) for line in pane(hot(2, 5, lungs=LUNGS))["lungs"]]).T
    assert (x.min(), x.max(), y.min(), y.max()) == pytest.approx((0.2, 0.8, 0.2, 0.8), abs=0.01)


def test_the_script_is_small_and_asks_nobody():
    script = (ROOT / "demo/viewer/viewer.js").read_text()
    assert len(script.encode()) <= 50_000 and script in head()
    for word in ("fetch(", "XMLHttpRequest", "http:", "https:", "Storage", "cookie", "import("):
        assert word not in script
