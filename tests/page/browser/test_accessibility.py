"""The page for those who use it by keyboard, with a screen reader, or on a telephone."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from demo.tabs.compare import texts as compare_texts
from demo.tabs.read import texts as read_texts
from demo.viewer import texts as viewer_texts
from pneumonia.variants.registry import PUBLISHED
from tests.fixtures.browsing import needs_chromium, opened, upload

pytestmark = needs_chromium

TABS = ("Read", "Compare", "Batch", "Performance", "About")
RULES = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
}

# Of a label the whole is the target; links in running text are as high as the text. What Gradio measures the tabs
# by is not there for anybody.
_SMALL = """() => [...document.querySelectorAll('button, input, select, textarea, a[href], summary, [role=option]')]
    .filter((part) => part.checkVisibility({visibilityProperty: true}) && !part.matches(':disabled, [type=file], p a'))
    .filter((part) => !part.closest('[aria-hidden=true], .visually-hidden'))
    .map((part) => part.matches('[type=radio], [type=checkbox]') ? part.closest('label') ?? part : part)
    .filter((part) => { const {width, height} = part.getBoundingClientRect(); return Math.min(width, height) < 24; })
    .map((part) => part.outerHTML.slice(0, 150))"""
_RADIO_GROUPS = """() => [...document.querySelectorAll('fieldset:has([type=radio]:enabled)')]
    .filter((group) => group.checkVisibility({visibilityProperty: true})).map((group) => group.id)"""
# Keeps what has the focus, and how it looks; false once it is where it was before.
_KEEP_STOP = """() => {
    const part = document.activeElement, frame = part.matches('[type=radio], [type=checkbox]') && part.closest('label');
    const looks = () => {
        const {outlineStyle, outlineWidth, outlineColor, boxShadow} = getComputedStyle(frame || part);
        return (outlineStyle === 'none' ? '' : outlineStyle + outlineWidth + outlineColor) + boxShadow;
    };
    if (stops.some((stop) => stop.part === part)) return false;
    if (part !== document.body) stops.push({part, looks, focused: looks()});
    return true;
}"""
_STOPS = """() => {
    document.activeElement.blur();
    return stops.map(({part, looks, focused}) => ({
        html: part.outerHTML.slice(0, 150),
        seen: looks() !== focused,
        radios: part.type === 'radio' && part.closest('fieldset').id,
    }));
}"""


@pytest.mark.slow
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_on_any_tab(browser, address, chest, brighter, theme):
    """WCAG 2.2 AA, as far as a program can tell: https://github.com/dequelabs/axe-core."""
    for page in opened(browser, f"{address}/?__theme={theme}"):
        _require_accessible(page, "empty")
        upload(page, chest)
        expect(page.locator("#viewer canvas[role=img]")).to_be_visible()
        page.get_by_text(viewer_texts.HELP).first.click()
        _require_accessible(page, "a reading")

        # The image is taken over from the Read tab; to choose it again would begin a second reading meanwhile.
        _open(page, "Compare")
        expect(page.locator("#compare-table tbody tr")).to_have_count(len(PUBLISHED))
        _require_accessible(page, "all variants")
        _open(page, compare_texts.TWO_IMAGES)
        expect(page.locator("#pair-table")).to_contain_text("Probability of pneumonia")
        _require_accessible(page, "one of two images")

        _open(page, "Batch")
        upload(page, [chest, brighter], "#batch-upload")
        page.locator("#batch-button").click()
        expect(page.locator("#batch-progress")).to_contain_text("2 images:")
        page.locator("#batch-table").get_by_role("option").first.click()
        expect(page.locator("#batch-viewer canvas[role=img]")).to_be_visible()
        _require_accessible(page, "a batch")

        _open(page, "Performance")
        expect(page.locator("#performance-at-threshold")).to_contain_text("from 50.0%")
        _require_accessible(page, "figures")
        _open(page, "About")
        expect(page.locator("#about")).to_contain_text("How to cite")
        _require_accessible(page, "texts")


@pytest.mark.slow
def test_an_image_is_read_and_judged_anew_by_keyboard_alone(page):
    _press_until(page, "Tab", "document.activeElement.closest('.examples')")
    page.keyboard.press("Enter")
    expect(page.locator("#figures")).to_contain_text("from 50.0% on counts")
    # One stop for all three operating points; arrows choose, and the focus stays.
    _press_until(page, "Tab", "document.activeElement.closest('#operating-point')")
    page.keyboard.press("ArrowRight")
    expect(page.locator("#figures")).to_contain_text("from 80.0% on counts")
    assert page.evaluate("document.activeElement.value") == "rule-in"
    page.keyboard.press("Tab")
    assert page.evaluate("!document.activeElement.closest('#operating-point')")
    _press_until(page, "Shift+Tab", "document.activeElement.closest('#answer-card') === null")
    page.get_by_text(read_texts.OWN_THRESHOLD).click()
    page.wait_for_timeout(700)  # the answer to the choice before sets the slider, too
    page.locator("#threshold input[type=range]").focus()
    page.keyboard.press("ArrowLeft")
    expect(page.locator("#figures")).to_contain_text("from 79.9% on counts")
    _press_until(page, "Shift+Tab", "document.activeElement.closest('[role=tablist]')")


@pytest.mark.slow
@pytest.mark.parametrize("width", [390, 1024])
def test_every_tab_can_be_reached_and_nothing_runs_out_of_the_screen(browser, address, width):
    for page in opened(browser, address, width=width):
        for name in TABS:
            _open(page, name)
            assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.slow
@pytest.mark.parametrize("width", [390, 1440])
def test_targets_are_large_enough_focus_is_seen_and_radios_are_one_stop(browser, address, chest, width):
    for page in opened(browser, address, width=width):
        upload(page, chest)
        expect(page.locator("#viewer canvas[role=img]")).to_be_visible()
        for name in ("Read", "Compare", compare_texts.TWO_IMAGES, "Batch", "Performance", "About"):
            _open(page, name)
            _fill(page, name, chest)
            for fold in page.locator("summary, button.label-wrap").all():
                if fold.is_visible():
                    fold.click()
            page.wait_for_timeout(700)  # what unfolds is small on its way
            small = page.evaluate(_SMALL)
            assert not small, (name, small)
            stops = _stops(page, name)
            assert not [stop["html"] for stop in stops if not stop["seen"]], name
            radios = sorted(stop["radios"] for stop in stops if stop["radios"])
            assert radios == sorted(page.evaluate(_RADIO_GROUPS)), name


@pytest.mark.slow
def test_performance_is_read_on_a_telephone_without_scrolling_sideways(browser, address):
    for page in opened(browser, address, width=390):
        _open(page, "Performance")
        expect(page.locator("#performance-at-threshold")).to_contain_text("from 50.0%")
        wide = page.evaluate("""() => [...document.querySelectorAll('[role=tabpanel] :is(table, td, th, svg, h2)')]
            .filter((part) => part.checkVisibility({visibilityProperty: true}) && !part.closest('thead'))
            .filter((part) => part.getBoundingClientRect().right > 390 || part.scrollWidth > part.clientWidth + 1)
            .map((part) => part.outerHTML.slice(0, 80))""")
        assert not wide
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        # The first table is that of the populations, ahead of those of networks and thresholds.
        first = page.locator("[role=tabpanel]:visible table").first
        assert first.evaluate("(table) => Boolean(table.closest('#performance-populations'))")
        expect(first).to_contain_text("Children, 1 to 5 years")


def _open(page: Page, tab: str) -> None:
    # What lies behind Gradio's overflow button is not visible.
    found = page.get_by_role("tab", name=tab, exact=True)
    expect(found).to_be_visible()
    found.click()


def _stops(page: Page, tab: str) -> list[dict]:
    """Where the Tab key stops, once around the page, and whether that is seen."""
    page.evaluate("window.stops = []")
    page.get_by_role("tab", name=tab, exact=True).focus()
    for _ in range(150):
        page.keyboard.press("Tab")
        if not page.evaluate(_KEEP_STOP):
            return page.evaluate(_STOPS)
    pytest.fail(f"{tab}: the Tab key does not come around")


def _fill(page: Page, tab: str, chest: str) -> None:
    """Bring a tab to where there is most on it."""
    if tab == "Compare":
        expect(page.locator("#compare-table tbody tr")).to_have_count(len(PUBLISHED))
    elif tab == compare_texts.TWO_IMAGES:
        expect(page.locator("#pair-table")).to_contain_text("Probability of pneumonia")
    elif tab == "Batch":
        upload(page, [chest], "#batch-upload")
        page.locator("#batch-button").click()
        page.locator("#batch-table").get_by_role("option").first.click()
        expect(page.locator("#batch-viewer canvas[role=img]")).to_be_visible()
    elif tab == "Performance":
        expect(page.locator("#performance-at-threshold")).to_contain_text("from 50.0%")


def _require_accessible(page: Page, state: str) -> None:
    page.mouse.move(0, 0)
    expect(page.locator(".pending")).to_have_count(0)  # what Gradio dims while it waits for a new value
    page.wait_for_timeout(700)  # what fades in has less contrast on its way
    found = Axe().run(page, options=RULES).response["violations"]
    assert not found, [(state, rule["id"], [node["html"][:200] for node in rule["nodes"]]) for rule in found]


def _press_until(page: Page, key: str, reached: str) -> None:
    for _ in range(60):
        page.keyboard.press(key)
        if page.evaluate(f"Boolean({reached})"):
            return
    pytest.fail(f"{key} does not lead to {reached}")
