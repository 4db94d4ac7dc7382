"""What the viewer draws, in pixels, and what hands and keys do with it."""

import base64
import io
from collections.abc import Iterator

import cv2
import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from demo.viewer import texts
from pneumonia.core.geometry import WHOLE, Box, heatmap_on
from pneumonia.explain.overlay import draw_overlay
from scripts.studies.performance.in_browser import FRAMES
from tests.fixtures.browsing import needs_chromium, opened

pytestmark = needs_chromium

SIDE = 448  # of the picture, and of its pane in CSS pixels
SCALE = 40.0
CELL = (2, 5)  # row and column of the hot cell
HOT = np.zeros((8, 8), np.float32)
HOT[CELL] = SCALE
CONTOUR = [[[0.2, 0.5], [0.4, 0.5], [0.4, 0.7], [0.2, 0.7]]]

# Mounts a second viewer of the same markup beside the page's own, which shows nothing yet.
_MOUNT = """([contents, side]) => {
    const element = document.querySelector('#viewer .viewer').parentElement.cloneNode(true);
    element.id = 'mounted';
    element.style = `position: fixed; inset: 0; z-index: 99; background: #fff; overflow: auto`;
    document.body.append(element);
    const style = document.createElement('style');
    // On whole pixels, as a screenshot has them.
    style.textContent = `#mounted .viewer:not(.viewer-full) {
        & .viewer-panes { position: absolute; left: 8px; top: 240px; display: flex }
        & figure { width: ${side}px }
        & figcaption { display: none }
    }`;
    document.head.append(style);
    window.props = {value: contents};
    mountViewer(element, props, (_, changed) => { window.changed = changed; });
}"""


def picture(marked: bool = False, side: int = SIDE) -> np.ndarray:
    """A ramp of grey values, or mid-grey with a bright square in the middle of the hot cell: uint8 (side, side)."""
    if not marked:
        return np.tile(np.linspace(20, 230, side).astype(np.uint8), (side, 1))
    pixels = np.full((side, side), 90, np.uint8)
    row, column = (round((place + 0.5) / 8 * side) for place in CELL)
    half = side // 64
    pixels[row - half : row + half, column - half : column + half] = 255
    return pixels


def pane(pixels: np.ndarray, heatmap: np.ndarray | None = HOT, box: Box = WHOLE, **changes) -> dict:
    """What the viewer is given of a picture and a map."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    url = "data:image/png;base64," + base64.b64encode(file.getvalue()).decode("ascii")
    return {
        "picture": {"url": url},
        "title": "",
        "caption": "",
        "alt": "bare",
        "evidence": "with evidence",
        "map": None if heatmap is None else heatmap.tolist(),
        "box": list(box),
        "contour": [],
        "lungs": [],
    } | changes


def mount(page: Page, *panes: dict, side: int = SIDE) -> Locator:
    """Show panes in a viewer of its own; its first canvas."""
    contents = {"panes": panes, "scale": SCALE, "bare": {"title": "alone", "caption": ""}}
    page.evaluate(_MOUNT, [contents, side])
    canvas = page.locator("#mounted .viewer-panes canvas")
    expect(canvas).to_have_count(len(panes))
    settle(page)
    return canvas.first


def settle(page: Page) -> None:
    """Wait until what was asked for is drawn."""
    page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")


def seen(canvas: Locator) -> np.ndarray:
    """What is on the screen: int (H, W, 3)."""
    settle(canvas.page)
    with Image.open(io.BytesIO(canvas.screenshot())) as screenshot:
        return np.asarray(screenshot.convert("RGB")).astype(int)


def bright(pixels: np.ndarray) -> tuple[float, float, int]:
    """Middle of what is nearly white, x and y, and its size in pixels."""
    rows, columns = np.nonzero(pixels.min(axis=-1) > 235)
    return columns.mean(), rows.mean(), rows.size


def coloured(pixels: np.ndarray) -> tuple[float, float]:
    """Middle of the strongest colour, x and y."""
    strength = np.ptp(pixels, axis=-1)
    rows, columns = np.nonzero(strength > 0.9 * strength.max())
    return columns.mean(), rows.mean()


def press(page: Page, name: str) -> None:
    page.locator("#mounted").get_by_role("button", name=name, exact=True).click()


def at(canvas: Locator, x: float, y: float) -> tuple[float, float]:
    """A place on a canvas, on the page."""
    box = canvas.bounding_box()
    return box["x"] + x, box["y"] + y


def drag(canvas: Locator, start: tuple[float, float], by: tuple[float, float], button: str = "left") -> None:
    mouse, (x, y) = canvas.page.mouse, at(canvas, *start)
    mouse.move(x, y)
    mouse.down(button=button)
    mouse.move(x + by[0] / 2, y + by[1] / 2)
    mouse.move(x + by[0], y + by[1])
    mouse.up(button=button)


@pytest.mark.parametrize("box", [WHOLE, Box(0.25, 0.125, 0.75, 0.625)], ids=["all", "a part"])
@pytest.mark.parametrize("against", [False, True])
def test_colours_are_those_of_the_library_at_every_pixel(page, box, against):
    heatmap = HOT - 30 * np.roll(HOT, 3, axis=0) / SCALE + np.eye(8, dtype=np.float32) * 12
    pixels = picture()
    canvas = mount(page, pane(pixels, heatmap, box))
    if against:
        press(page, texts.AGAINST)
    expected = draw_overlay(pixels / np.float32(255), heatmap_on(heatmap, SIDE, SIDE, box), SCALE, against=against)
    difference = np.abs(seen(canvas) - expected)
    # The map is drawn from 256 pixels a side, so its steep edges are a little softer.
    assert difference.mean() < 1.0 and np.percentile(difference, 99.5) < 12, (difference.mean(), difference.max())


@pytest.mark.parametrize("window", [None, "invert", "narrow"])
def test_the_overlay_lies_on_its_cell_at_every_zoom_and_window(page, window):
    canvas = mount(page, pane(picture(marked=True)))
    if window == "narrow":
        page.locator("#mounted [data-sets=width]").fill("40")
    for wheel in (0, -300, -400, -300):
        page.mouse.move(*at(canvas, 0.68 * SIDE, 0.32 * SIDE))
        page.mouse.wheel(0, wheel)
        press(page, texts.OVERLAY)
        x, y, size = bright(seen(canvas))
        press(page, texts.OVERLAY)
        if window == "invert":
            press(page, texts.INVERT)
        drawn = seen(canvas)
        if window == "invert":
            press(page, texts.INVERT)
        assert coloured(drawn) == pytest.approx((x, y), abs=2 + 0.05 * size**0.5)


def test_lines_lie_where_they_are_and_stay_thin(page):
    canvas = mount(page, pane(np.full((SIDE, SIDE), 90, np.uint8), np.zeros((8, 8)), contour=CONTOUR, lungs=[]))
    for zoom in (0, 1, 2):
        white = seen(canvas).min(axis=-1) > 200
        rows, columns = np.nonzero(white)
        left, right, top, bottom = (SIDE / 2 + (place - 0.5) * SIDE * 1.25**zoom for place in (0.2, 0.4, 0.5, 0.7))
        assert (columns.min(), columns.max(), rows.min(), rows.max()) == pytest.approx(
            (left, right, top, bottom), abs=2
        )
        middle = round((top + bottom) / 2)
        assert 1 <= white[middle, : round((left + right) / 2)].sum() <= 3
        press(page, texts.ZOOM_IN)
    press(page, texts.CONTOUR)
    assert not (seen(canvas).min(axis=-1) > 200).any()


def test_the_wheel_zooms_at_the_pointer_and_a_double_click_fits(page):
    canvas = mount(page, pane(picture(marked=True), None))
    first = seen(canvas)
    x, y, size = bright(first)
    page.mouse.move(*at(canvas, x, y))
    page.mouse.wheel(0, -700)
    zoomed = bright(seen(canvas))
    assert zoomed[:2] == pytest.approx((x, y), abs=2) and zoomed[2] > 6 * size
    page.mouse.dblclick(*at(canvas, x, y))
    assert np.array_equal(seen(canvas), first)


@pytest.mark.slow
def test_dragging_moves_the_picture_as_far_as_it_reaches(page):
    canvas = mount(page, pane(picture(marked=True), None))
    first = seen(canvas)
    drag(canvas, (200, 200), (60, 40))
    assert np.array_equal(seen(canvas), first)  # seen whole
    x, y, _ = bright(first)
    page.mouse.move(*at(canvas, x, y))
    page.mouse.wheel(0, -700)
    drag(canvas, (x, y), (-60, 40))
    assert bright(seen(canvas))[:2] == pytest.approx((x - 60, y + 40), abs=2)
    drag(canvas, (40, 40), (400, 400))
    drag(canvas, (40, 40), (400, 400))
    drag(canvas, (40, 40), (400, 400))
    assert (seen(canvas)[0, 0] == 90).all()  # its corner, and no border beside it


@pytest.mark.slow
@pytest.mark.parametrize("hand", ["right button", "shift"])
def test_another_drag_changes_level_and_width_and_moves_nothing(page, hand):
    canvas = mount(page, pane(picture(), None))
    if hand == "shift":
        page.keyboard.down("Shift")
    drag(canvas, (220, 200), (-200, 40), "left" if hand == "shift" else "right")
    page.keyboard.up("Shift")
    expect(page.locator("#mounted [data-sets=width]")).to_have_value("50")
    expect(page.locator("#mounted [data-sets=level]")).to_have_value("60")
    greys = picture() / 255
    expected = np.rint(255 * np.clip((greys - 0.6) / 0.5 + 0.5, 0, 1))
    assert np.abs(seen(canvas)[..., 0] - expected).max() <= 2


def test_a_region_that_is_not_confirmed_is_drawn_in_dashes_and_the_hand_keeps_hold(page):
    grey = np.full((SIDE, SIDE), 90, np.uint8)
    given = pane(grey, np.zeros((8, 8)), contour=CONTOUR)
    canvas = mount(page, given)

    def drawn() -> float:
        """Share of a side of the contour that is white."""
        return (seen(canvas)[round(0.5 * SIDE), round(0.21 * SIDE) : round(0.39 * SIDE)].min(axis=-1) > 200).mean()

    assert drawn() == 1
    page.mouse.move(*at(canvas, 20, 20))
    page.mouse.down(button="right")
    page.evaluate("(pane) => { props.value = {...props.value, panes: [pane]}; changed(); }", given | {"dashed": True})
    settle(page)
    assert 0.2 < drawn() < 0.6
    page.mouse.move(*at(canvas, 20, 60))
    page.mouse.up(button="right")
    expect(page.locator("#mounted [data-sets=level]")).to_have_value("60")


@pytest.mark.slow
def test_two_fingers_zoom(browser, address):
    context = browser.new_context(viewport={"width": 460, "height": 900}, has_touch=True)
    page = context.new_page()
    page.goto(address)
    page.locator("#viewer .viewer").wait_for(state="attached")
    canvas = mount(page, pane(picture(marked=True), None))
    x, y, size = bright(seen(canvas))
    session, (px, py) = context.new_cdp_session(page), at(canvas, x, y)
    for kind, reach in (("touchStart", 20), ("touchMove", 40), ("touchMove", 60)):
        points = [{"x": px + side * reach, "y": py, "id": side + 1} for side in (-1, 1)]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    zoomed = bright(seen(canvas))
    assert zoomed[2] == pytest.approx(9 * size, rel=0.25) and zoomed[:2] == pytest.approx((x, y), abs=6)
    context.close()


def test_keys_do_what_the_buttons_do(page):
    canvas = mount(page, pane(picture()))
    first = seen(canvas)
    expect(canvas).to_have_attribute("aria-label", "with evidence")
    stage = page.locator("#mounted .viewer-panes")
    stage.focus()
    page.keyboard.press("o")
    bare = seen(canvas)
    assert np.abs(bare[..., 0] - picture()).max() <= 1 and not np.ptp(bare, axis=-1).any()
    expect(canvas).to_have_attribute("aria-label", "bare")
    page.keyboard.press("i")
    assert np.abs(seen(canvas)[..., 0] - (255 - picture().astype(int))).max() <= 1
    page.keyboard.press("Shift+ArrowLeft")
    expect(page.locator("#mounted [data-sets=width]")).to_have_value("98")
    page.keyboard.press("r")
    page.keyboard.press("+")
    page.keyboard.press("ArrowRight")
    # A tenth of the pane to the right, in a picture of 1.25 times the pane's width that was in its middle.
    shown = cv2.resize(picture(), None, fx=1.25, fy=1.25)[:SIDE, 112 - 56 + 45 : 112 - 56 + 45 + SIDE]
    assert np.abs(seen(canvas)[..., 0] - shown).max() <= 3
    page.keyboard.press("r")
    page.keyboard.press("o")
    assert np.array_equal(seen(canvas), first)


@pytest.mark.slow
def test_full_screen_has_the_same_tools_on_black(page):
    canvas = mount(page, pane(picture()))
    page.locator("#mounted .viewer-panes").focus()
    page.keyboard.press("f")
    page.wait_for_function("document.fullscreenElement?.matches('#mounted .viewer')")
    page.wait_for_function(f"document.querySelector('#mounted .viewer-panes canvas').clientHeight > {1.3 * SIDE}")
    assert (
        page.locator("#mounted .viewer").evaluate("(viewer) => getComputedStyle(viewer).backgroundColor")
        == "rgb(0, 0, 0)"
    )
    assert not seen(canvas)[5, 5].any()  # beside the picture
    press(page, texts.INVERT)
    assert seen(canvas)[seen(canvas).shape[0] // 2].max() > 200
    page.keyboard.press("f")
    page.wait_for_function(f"document.querySelector('#mounted .viewer-panes canvas').clientHeight === {SIDE}")
    assert page.evaluate("document.fullscreenElement") is None


@pytest.mark.slow
def test_panes_move_together(page):
    mount(page, pane(picture(marked=True), title="first"), pane(picture(marked=True, side=600), title="second"))
    first, second = (page.locator("#mounted .viewer-panes canvas").nth(place) for place in (0, 1))
    press(page, texts.OVERLAY)
    x, y, _ = bright(seen(first))
    page.mouse.move(*at(first, x, y))
    page.mouse.wheel(0, -600)
    drag(first, (x, y), (-50, 30))
    moved = [bright(seen(canvas)) for canvas in (first, second)]
    assert moved[0][:2] == pytest.approx((x - 50, y + 30), abs=2) and moved[0][:2] == pytest.approx(moved[1][:2], abs=2)


@pytest.mark.slow
def test_the_bare_picture_stands_beside_on_request(page):
    canvas = mount(page, pane(picture()))
    press(page, texts.BESIDE)
    panes = page.locator("#mounted .viewer-panes canvas")
    expect(panes).to_have_count(2)
    bare, evidence = (seen(panes.nth(place)) for place in (0, 1))
    assert not np.ptp(bare, axis=-1).any() and np.ptp(evidence, axis=-1).any()
    press(page, texts.BESIDE)
    expect(panes).to_have_count(1)
    assert np.array_equal(seen(canvas), evidence)


@pytest.mark.slow
@pytest.mark.parametrize("next_value", ["null", "{panes: [{picture: {url: 'data:image/png;base64,AAAA'}}]}"])
def test_what_is_taken_away_is_no_longer_there_even_if_the_next_cannot_be_loaded(page, next_value):
    mount(page, pane(picture()))
    page.evaluate(f"props.value = {next_value}; changed()")
    expect(page.locator("#mounted .viewer")).to_be_hidden()
    expect(page.locator("#mounted .viewer-panes canvas")).to_have_count(0)


@pytest.mark.slow
def test_the_window_stays_with_its_picture_and_not_with_the_next(page):
    mine = pane(picture())
    mount(page, mine)
    width = page.locator("#mounted [data-sets=width]")
    for shown, left in ((mine, "60"), (pane(picture(marked=True)), "100")):
        width.fill("60")
        page.evaluate("props.value = null; changed()")
        page.evaluate("(pane) => { props.value = {panes: [pane], scale: 40, bare: {}}; changed(); }", shown)
        expect(page.locator("#mounted .viewer-panes canvas")).to_have_count(1)
        expect(width).to_have_value(left)


@pytest.fixture
def wide(browser, address) -> Iterator[Page]:
    """A page as wide as a desktop's."""
    yield from opened(browser, address, width=1440)


@pytest.mark.slow
@pytest.mark.measured
@pytest.mark.parametrize("what", ["moved", "windowed"])
def test_thirty_frames_a_second_while_dragging(wide, what):
    mount(wide, pane(picture(side=2800), lungs=CONTOUR, contour=CONTOUR), side=1000)
    press(wide, texts.ZOOM_IN)
    wide.locator("#mounted [data-sets=width]").fill("60")
    took = wide.evaluate(FRAMES, ["#mounted", what == "windowed"])
    frames = 1000 * len(took) / sum(took)
    print(f"{what}: {frames:.0f} frames a second")
    assert frames >= 30
