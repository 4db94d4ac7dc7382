"""The list of the Batch tab in a real browser: order, keys, room, what is drawn of thousands."""

import csv
import json
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from demo.shared import texts
from demo.tabs.batch.texts import READ_AGAIN
from pneumonia.core.populations import ADULTS
from scripts.studies.reliability.synthetic_images import encode, radiograph
from tests.fixtures.browsing import needs_chromium, opened, upload
from tests.fixtures.fakes import served

pytestmark = [needs_chromium, pytest.mark.slow]

# Brightness of each, of which the fake predictor makes its probability.
BRIGHTNESS = {"a2.png": 150, "a10.png": 60, "b.png": 0, "c.png": 100}
OPENED = "#batch-verdict h2.opened"


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    """Four radiographs, and two files that are none."""
    for name, brightness in BRIGHTNESS.items():
        (tmp_path / name).write_bytes(encode(radiograph(300, 300) // 3 + brightness, "PNG"))
    for name in ("y.png", "x.png"):
        (tmp_path / name).write_bytes(b"%PDF-1.7 a letter")
    return [str(tmp_path / name) for name in ("y.png", *BRIGHTNESS, "x.png")]


@pytest.fixture
def many(tmp_path: Path) -> str:
    """An archive of 60 radiographs."""
    with zipfile.ZipFile(tmp_path / "many.zip", "w") as archive:
        for number in range(60):
            archive.writestr(f"{number:02}.png", encode(radiograph(200, 200, seed=number), "PNG"))
    return str(tmp_path / "many.zip")


def read(page: Page, files: list[str] | str, count: int) -> None:
    page.get_by_role("tab", name="Batch").click()
    upload(page, files, "#batch-upload")
    page.locator("#batch-button").click()
    expect(page.locator("#batch-progress")).to_contain_text(f"{count} images:")


def names(page: Page) -> list[str]:
    """Names of the rows from above, as they stand on the screen."""
    return page.evaluate("""() => [...document.querySelectorAll('.worklist-row')]
        .sort((a, b) => a.offsetTop - b.offsetTop).map((row) => row.querySelector('.worklist-name').textContent)""")


def test_one_click_sorts_and_what_was_not_read_stands_together_at_the_end(page, files):
    read(page, files, 6)
    table = page.locator("#batch-table")
    probabilities = {
        row.locator(".worklist-name").inner_text(): row.locator(".worklist-figures strong").inner_text()
        for row in table.get_by_role("option").all()
    }
    share = {name: float(words.rstrip("%")) / 100 for name, words in probabilities.items() if words}
    refused = ["x.png", "y.png"]
    assert names(page)[4:] == refused and set(share) == set(BRIGHTNESS)
    table.get_by_role("button", name="Probability", exact=True).click()
    assert names(page) == [*sorted(share, key=share.get, reverse=True), *refused]
    table.get_by_role("button", name="Name", exact=True).click()
    assert names(page) == ["a2.png", "a10.png", "b.png", "c.png", *refused]
    table.get_by_role("button", name="Doubt", exact=True).click()
    odds = {name: value / (1 - value) for name, value in share.items()}
    for point, threshold in (("Balanced", 1.0), ("Rule-in", 4.0), ("Screening", 0.25)):
        page.locator("#batch-operating-point").get_by_label(point).check()
        expect(page.locator("#batch-progress")).to_contain_text(f"Judged at {point}")
        ratio = {name: max(value / threshold, threshold / value) for name, value in odds.items()}
        in_doubt = page.locator(".worklist-row.state-uncertain .worklist-name").all_inner_texts()
        assert names(page) == [*sorted(ratio, key=lambda name: (name not in in_doubt, ratio[name])), *refused], point
    heading = table.locator(".worklist-heading")
    expect(heading).to_have_text("Not read: 2")
    assert heading.bounding_box()["y"] < table.get_by_role("option", name="x.png").bounding_box()["y"]
    expect(table.get_by_role("option", name="x.png")).to_contain_text("PDF")
    table.get_by_role("button", name="Not read 2", exact=True).click()
    assert names(page) == refused
    assert "NORMAL" not in table.inner_text() and "PNEUMONIA" not in table.inner_text()


def test_keys_go_through_the_list_and_open_each_row_while_the_focus_stays(page, files):
    read(page, files, 6)
    scroll = page.locator(".worklist-scroll")
    order = names(page)
    scroll.focus()
    for key, place in (("ArrowDown", 0), ("ArrowDown", 1), ("ArrowUp", 0), ("End", 5), ("Home", 0), ("ArrowUp", 0)):
        page.keyboard.press(key)
        expect(page.locator(OPENED)).to_contain_text(order[place])
        active = page.evaluate("document.activeElement.getAttribute('aria-activedescendant')")
        row = page.locator(f"#{active}")
        expect(row).to_have_attribute("aria-selected", "true")
        expect(row).to_contain_text(order[place])
        assert page.evaluate("document.activeElement.getAttribute('role')") == "listbox"
    # The opened row follows the operating point of the list.
    page.locator("#batch-operating-point").get_by_label("Rule-in").check()
    expect(page.locator("#batch-verdict")).to_contain_text("counts as pneumonia from 80.0%")
    expect(page.locator(OPENED)).to_contain_text(order[0])
    with page.expect_download() as download:
        page.locator("#batch-report-pdf").click()
    assert Path(download.value.path()).read_bytes().startswith(b"%PDF")


def test_keys_that_are_held_down_end_at_the_last_row(page, many):
    read(page, many, 60)
    page.locator(".worklist-scroll").focus()
    for _ in range(30):
        page.keyboard.press("ArrowDown")
    active = page.evaluate("document.activeElement.getAttribute('aria-activedescendant')")
    name = page.locator(f"#{active} .worklist-name").inner_text()
    expect(page.locator(OPENED)).to_contain_text(name)
    page.wait_for_timeout(1000)
    expect(page.locator(OPENED)).to_contain_text(name)


@pytest.mark.parametrize("width", [390, 1440])
def test_the_list_does_not_jump_while_it_fills(browser, address, many, width):
    for page in opened(browser, address, width):
        page.get_by_role("tab", name="Batch").click()
        upload(page, many, "#batch-upload")
        page.locator("#batch-button").click()
        page.locator(".worklist-scroll").wait_for()
        page.evaluate("""() => {
            window.places = new Set();
            const note = () => {
                const at = document.querySelector('.worklist-scroll'), frame = at.getBoundingClientRect();
                places.add(JSON.stringify([frame.top + scrollY, frame.height, at.scrollHeight > frame.height]));
                requestAnimationFrame(note);
            };
            note();
        }""")
        expect(page.locator("#batch-progress")).to_contain_text("60 images:")
        page.wait_for_timeout(500)
        heights = [json.loads(place)[:2] for place in page.evaluate("[...places]")]
        assert all(place == heights[0] for place in heights), heights
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_on_a_wide_screen_the_reading_stands_beside_the_list_and_on_a_telephone_below_it(browser, address, files):
    for width, beside in ((1440, True), (1024, True), (390, False)):
        for page in opened(browser, address, width):
            read(page, files, 6)
            page.get_by_role("option").first.click()
            expect(page.locator("#batch-viewer canvas[role=img]")).to_be_visible()
            lists, reading = (page.locator(f"#{name}").bounding_box() for name in ("batch-list", "batch-opened"))
            assert (reading["x"] >= lists["x"] + lists["width"]) == beside, width
            if not beside:
                # What was asked for is in sight, and the list one step away.
                expect(page.locator(OPENED)).to_be_in_viewport()
                page.get_by_text("Back to the list").click()
                expect(page.locator(".worklist-row").first).to_be_in_viewport()


def test_thumbnails_are_drawn_in_sight_alone_and_asked_for_once(page, many):
    asked = []
    page.on("request", lambda request: asked.append(request.url) if request.url.endswith(".jpg") else None)
    read(page, many, 60)
    page.wait_for_timeout(500)
    # Those that came first, and those in sight once all are in order.
    assert len(asked) < 50 and len(asked) == len(set(asked))
    assert page.evaluate("[...document.querySelectorAll('.worklist-row img')].every((image) => image.naturalWidth)")
    assert len(names(page)) < 30


def test_five_thousand_rows_are_drawn_as_quickly_as_fifty(page, files):
    read(page, files, 6)
    lines = "\n".join(
        json.dumps([f"{number}.png", "No signs of pneumonia", "NORMAL", 0.1, "10.0%", number, "", False])
        for number in range(5000)
    )
    seconds = page.evaluate(
        """(rows) => {
            const container = document.createElement('div'), heard = {};
            container.id = 'other';
            container.append(document.querySelector('.worklist').cloneNode(true));
            document.querySelector('#batch-list').append(container);
            for (const row of container.querySelectorAll('.worklist-row')) row.remove();
            const props = {value: {count: 5000, rows, ended: false, thumbnails: 'x'}};
            mountWorklist(container, props, (name, changed) => heard[name] = changed, () => {});
            const began = performance.now();
            for (let time = 0; time < 10; time++) {
                props.value = {...props.value, ended: time % 2 === 0};
                heard.value();
            }
            window.drawn = container.querySelectorAll('.worklist-row').length;
            return (performance.now() - began) / 10000;
        }""",
        lines,
    )
    assert seconds < 0.2 and page.evaluate("drawn") < 40


def test_a_row_that_asks_whose_it_is_is_told_with_one_click_and_the_list_follows(browser, chest, brighter):
    with served("two-populations") as address:
        for page in opened(browser, address):
            read(page, [chest, brighter], 2)
            rows = page.locator("#batch-table [role=option]")
            expect(rows.filter(has_text=texts.UNDECIDED)).to_have_count(2)
            rows.first.click()
            page.locator("#batch-verdict").get_by_role("button", name=texts.POPULATIONS[ADULTS]).click()
            expect(page.locator("#batch-verdict")).to_contain_text("an adult, as was chosen")
            expect(rows.filter(has_text=texts.UNDECIDED)).to_have_count(1)
            # The table is written anew after the answer.
            page.wait_for_timeout(1000)
            with page.expect_download() as download:
                page.locator("#batch-csv").click()
            with Path(download.value.path()).open() as table:
                assert [row["population"] for row in csv.DictReader(table)].count(ADULTS) == 1


def test_a_list_whose_files_are_other_ones_by_now_says_so(page, chest, brighter):
    read(page, [chest, brighter], 2)
    page.locator("#batch-upload").get_by_role("button", name="Remove").first.click()
    expect(page.locator("#batch-progress")).to_contain_text(READ_AGAIN)
    page.locator("#batch-button").click()
    expect(page.locator("#batch-progress")).to_contain_text("1 image:")
