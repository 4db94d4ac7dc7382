"""Evidence in colour, lines over it, and how much of it lies inside the lungs: against numbers by hand."""

from io import BytesIO

import cv2
import numpy as np
import pytest
from PIL import Image

from pneumonia.core.geometry import WHOLE, Box, heatmap_on, part_of, peak_of
from pneumonia.explain.localisation import positive_evidence, share_inside
from pneumonia.explain.outlines import outline_lungs, outlines
from pneumonia.explain.overlay import _STEPS, COLOURS, FADE_IN, contour_level, draw_overlay, legend, to_jpeg
from pneumonia.imaging.file_type import OVERLAY_COMMENT
from tests.fixtures.fakes import LUNGS, segmentation

# How the colours of a screen, linear in light, reach eyes that lack one kind of cone: Machado, Oliveira and Fernandes,
# "A Physiologically-based Model for Simulation of Color Vision Deficiency", IEEE TVCG 2009, severity 1.
EYES = {
    "usual": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}


def grey(value=0.5, size=(64, 64)):
    return np.full(size, value, np.float32)


# === Share of the evidence inside ===


def test_share_by_hand():
    """On a grid as fine as the map, of 8 logits for pneumonia 3 lie inside; those against do not count."""
    heatmap = np.array([[3.0, 4.0], [1.0, -9.0]], np.float32)
    assert share_inside(heatmap, np.array([[True, False], [False, True]])) == pytest.approx(3 / 8)
    assert positive_evidence(heatmap) == pytest.approx(8 / 4)


def test_evidence_counts_where_it_is_drawn():
    """Two cells over four pixels: 1 and 0 are drawn as 1, 3/4, 1/4 and 0, of which the second cell has an eighth."""
    heatmap = np.array([[1.0, 0.0]] * 2, np.float32)
    inside = np.array([[False, False, True, True]] * 4)
    assert share_inside(heatmap, inside) == pytest.approx(1 / 8)
    # Below zero is cut off as it is drawn: 1, 1/2, -1/2 and -1.
    assert share_inside(2 * heatmap - 1, inside) == 0.0
    assert share_inside(2 * heatmap - 1, inside | np.array([False, True, False, False])) == pytest.approx(1 / 3)


@pytest.mark.parametrize("cell", range(4))
def test_no_cell_weighs_more_than_another(cell):
    """In a corner as in the middle, a cell keeps its weight when it is interpolated."""
    heatmap = np.zeros((3, 3), np.float32)
    heatmap[np.unravel_index(cell + 1, (3, 3))] = 1.0
    assert heatmap_on(heatmap, 90, 90).mean() == pytest.approx(1 / 9, rel=1e-3)


def test_a_map_without_knowledge_has_the_share_of_the_area():
    assert share_inside(np.ones((7, 7), np.float32), LUNGS.inside) == pytest.approx(LUNGS.inside.mean(), abs=1e-6)
    assert LUNGS.inside.mean() == pytest.approx(0.24)


@pytest.mark.parametrize("value", [0.0, -3.0])
def test_without_positive_evidence_there_is_no_share(value):
    assert share_inside(np.full((2, 2), value, np.float32), np.ones((4, 4), bool)) is None


# === Geometry ===


def test_part_and_peak_follow_the_box():
    box = Box(0.25, 0.5, 0.75, 1.0)
    image = np.arange(64).reshape(8, 8)
    assert np.array_equal(part_of(image, box), image[4:, 2:6]) and np.array_equal(part_of(image, WHOLE), image)
    assert part_of(image, Box(1.0, 1.0, 1.0, 1.0)).shape == (1, 1)
    heatmap = np.array([[0.0, 1.0], [0.0, 5.0]], np.float32)
    assert peak_of(heatmap) == (0.75, 0.75) and peak_of(heatmap, box) == (0.625, 0.875)
    # The middle of the cell is where the interpolated map is highest too.
    assert heatmap_on(heatmap, 80, 80)[60, 60] == 5.0


# === Colours ===


def test_overlay_leaves_the_image_where_there_is_no_evidence():
    pixels = np.linspace(0, 1, 64, dtype=np.float32).reshape(8, 8)
    heat = np.zeros((8, 8), np.float32)
    heat[2, 2], heat[3, 3] = 8.0, -8.0
    greys = np.rint(pixels * 255).astype(np.uint8)[..., None]
    picture = draw_overlay(pixels, heat, scale=8.0)
    changed = (picture != greys).any(axis=-1)
    assert changed[2, 2] and changed.sum() == 1
    assert picture.shape == (8, 8, 3) and picture.dtype == np.uint8
    both = (draw_overlay(pixels, heat, scale=8.0, against=True) != greys).any(axis=-1)
    assert both[2, 2] and both[3, 3] and both.sum() == 2


@pytest.mark.parametrize("against", [False, True])
@pytest.mark.parametrize("top", [255, 65535], ids=["8 bits", "16 bits"])
def test_every_pixel_is_blended_as_the_formula_says(top, against):
    """Within what rounding to whole grey levels on the way may add."""
    rng = np.random.default_rng(top)
    pixels = (rng.integers(0, top, (70, 90), endpoint=True) / np.float32(top)).astype(np.float32)
    heatmap = heatmap_on(rng.normal(0, 4, (5, 5)).astype(np.float32), 70, 90, Box(0.1, 0.2, 0.8, 0.9))
    strength = np.clip(heatmap / 8.0, -1.0 if against else 0.0, 1.0)
    alpha = (0.6 * np.clip(np.abs(strength) / FADE_IN, 0, 1))[..., None]
    colours = COLOURS[np.rint((strength + 1) * _STEPS).astype(int)]
    expected = np.rint(pixels[..., None] * 255 * (1 - alpha) + colours * alpha).astype(np.uint8)
    assert (expected != expected[..., :1]).any()
    np.testing.assert_allclose(draw_overlay(pixels, heatmap, 8.0, against=against).astype(int), expected, atol=2)


def test_colours_that_are_enlarged_are_those_of_the_enlarged_map():
    heatmap = np.random.default_rng(0).normal(0, 20, (7, 7)).astype(np.float32)
    pixels = np.tile(np.linspace(0, 1, 2000, dtype=np.float32), (1600, 1))
    large, small = (draw_overlay(pixels, heatmap_on(heatmap, *size), 40.0) for size in ((1600, 2000), (410, 512)))
    difference = np.abs(large.astype(int) - small)
    assert large.std() > 40 and np.percentile(difference, 99) <= 4 and difference.max() < 12


@pytest.mark.parametrize("size", [(1, 1), (40, 30)])
def test_a_jpeg_file_holds_the_picture_and_says_what_it_is(size):
    ramp = np.linspace(0, 255, size[0] * size[1]).reshape(size)
    picture = np.dstack([ramp, ramp[::-1], 255 - ramp]).astype(np.uint8)
    with Image.open(BytesIO(to_jpeg(picture))) as image:
        np.testing.assert_allclose(np.asarray(image, float), picture, atol=6)
        assert image.mode == "RGB" and image.info["comment"] == OVERLAY_COMMENT


def test_overlay_is_on_one_scale_not_stretched_per_image():
    for sign in (1.0, -1.0):
        weak = draw_overlay(grey(), sign * grey(0.5), scale=8.0, against=True)
        strong = draw_overlay(grey(), sign * grey(8.0), scale=8.0, against=True)
        assert np.abs(strong.astype(int) - 128).sum() > 2 * np.abs(weak.astype(int) - 128).sum()
        assert np.array_equal(strong, draw_overlay(grey(), sign * grey(99.0), scale=8.0, against=True))


def test_evidence_for_is_warm_and_evidence_against_is_blue():
    red, _, blue = draw_overlay(grey(), grey(4.0), scale=8.0, opacity=1.0, against=True)[0, 0].astype(int)
    assert red > blue + 50
    red, _, blue = draw_overlay(grey(), grey(-4.0), scale=8.0, opacity=1.0, against=True)[0, 0].astype(int)
    assert blue > red + 50


@pytest.mark.parametrize("side", [slice(None, 150), slice(251, None)], ids=["against", "for"])
def test_colours_grow_lighter_evenly_from_zero(side):
    bar = legend(401, 1, opacity=1.0, against=True)[:, side].astype(np.float32) / 255
    lightness = cv2.cvtColor(bar, cv2.COLOR_RGB2LAB)[0, :, 0]
    outwards = lightness[::-1] if side.start is None else lightness
    steps = np.diff(outwards[::10])
    assert steps.min() > 0.3 * steps.mean() and steps.max() < 2 * steps.mean() and steps.sum() > 30


@pytest.mark.parametrize("eyes", EYES)
def test_eyes_of_every_kind_tell_for_from_against(eyes):
    strengths = np.linspace(contour_level(1.0), 1.0, 50, dtype=np.float32)[None]
    for tone in (0.1, 0.3, 0.5, 0.7):
        lab = [seen(draw_overlay(grey(tone, (1, 50)), sign * strengths, 1.0, against=True), eyes) for sign in (1, -1)]
        assert np.linalg.norm(lab[0][:, None] - lab[1][None], axis=-1).min() > 25


def seen(picture, eyes):
    """CIELAB colours of one row of pixels, as eyes of a kind see them."""
    rgb = picture[0].astype(np.float64) / 255
    light = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    light = np.clip(light @ np.transpose(EYES[eyes]), 0, 1)
    rgb = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return cv2.cvtColor(rgb[None].astype(np.float32), cv2.COLOR_RGB2LAB)[0]


def test_legend_shows_what_is_drawn():
    """Its ends and its zero are the overlay's own colours over mid-grey, at the same opacity."""
    bar = legend(5, 1, opacity=0.4, against=True)
    evidence = np.array([[-8.0, -4.0, 0.0, 4.0, 8.0]], np.float32)
    assert np.array_equal(bar, draw_overlay(grey(size=(1, 5)), evidence, 8.0, 0.4, against=True))
    assert np.array_equal(legend(3, 1, opacity=0.4), bar[:, 2:])


# === Lines ===


def drawn(picture, marked):
    return (picture != marked).any(axis=-1)


@pytest.mark.parametrize("tone", [0, 128, 255])
def test_the_outline_shows_on_every_grey_and_grows_with_the_picture(tone):
    shares = []
    for side in (1700, 3400):
        picture = np.full((side, side, 3), tone, np.uint8)
        marked = outline_lungs(picture, LUNGS.outline(side, side))
        assert (picture == tone).all() and np.abs(marked.astype(int) - tone).max() > 100
        shares.append(drawn(picture, marked).mean())
    # Twice the length of a line, and twice its width.
    assert shares[1] == pytest.approx(shares[0], rel=0.3)


def test_the_outline_is_broken_and_lies_on_the_border_of_the_lungs():
    picture = np.zeros((400, 400, 3), np.uint8)
    on_border = drawn(picture, outline_lungs(picture, LUNGS.outline(*picture.shape[:2])))[100:300, 80]
    assert 0.4 < on_border.mean() < 0.9
    assert not drawn(picture, outline_lungs(picture, LUNGS.outline(*picture.shape[:2])))[:, 180:220].any()


def test_a_border_is_traced_in_fractions_and_smoothly():
    """A disc of a quarter of the width around a point, on a grid of 200 by 100, with a hole."""
    rows, columns = np.mgrid[:100, :200] + 0.5
    distance = np.hypot(columns - 120, rows - 50)
    (line,) = outlines(distance < 25)
    radius = np.hypot(*((line - [0.6, 0.5]) * [200, 100]).T)
    # The border runs through the middle of the last pixels inside, and no step from pixel to pixel is left.
    assert radius.min() > 23.5 and radius.max() < 25
    assert len(outlines((distance < 25) & (distance > 10))) == 2 and outlines(distance < 0) == []


def test_what_is_no_pair_of_lungs_has_no_inside():
    assert segmentation((slice(20, 80), slice(20, 40))).inside is None
