"""A page that was left alone until what it had was deleted."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from demo.shared import texts as shared_texts
from demo.tabs.compare import texts as compare_texts
from demo.tabs.read import texts as read_texts
from tests.fixtures.browsing import needs_chromium, opened, upload
from tests.fixtures.fakes import served_process

pytestmark = needs_chromium
# Long enough to read an image on a busy machine.
KEPT_SECONDS = 8


@pytest.fixture(scope="module")
def soon_forgotten() -> Iterator[str]:
    """Address of a page that deletes what it has after seconds."""
    with served_process("complete", KEPT_SECONDS=str(KEPT_SECONDS)) as (address, _):
        yield address


@pytest.fixture
def page(browser, soon_forgotten) -> Iterator[Page]:
    """A freshly opened page of it."""
    yield from opened(browser, soon_forgotten)


def leave_alone(page: Page) -> None:
    page.wait_for_timeout(1000 * (KEPT_SECONDS + 3))


def choose_point(page: Page, radio: str) -> None:
    page.locator(radio).get_by_label(shared_texts.OPERATING_POINTS["rule-in"]).check()


@pytest.mark.promise("A page left alone shows the next image as its controls say.", part="Faults")
@pytest.mark.slow
def test_read_says_so_and_takes_the_next_image(page, chest):
    # Nothing was read yet, and nothing is said of it.
    choose_point(page, "#operating-point")
    expect(page.locator("#verdict")).not_to_contain_text("left alone")
    upload(page, chest)
    expect(page.locator("#verdict")).to_contain_text("Probability of pneumonia", timeout=20_000)
    threshold = page.locator("#threshold input[type=number]")
    page.get_by_text(read_texts.OWN_THRESHOLD).click()
    leave_alone(page)
    threshold.fill("0.9")
    threshold.press("Enter")
    expect(page.locator("#verdict")).to_contain_text("left alone")
    # The server forgets this, too, and the page none of it.
    page.wait_for_timeout(3000)
    upload(page, chest)
    expect(page.locator("#figures")).to_contain_text("from 90.0% on counts", timeout=20_000)
    expect(threshold).to_have_value("0.9")
    leave_alone(page)
    page.locator("#operating-point").get_by_label(shared_texts.OPERATING_POINTS["balanced"]).check()
    expect(page.locator("#verdict")).to_contain_text("left alone")


@pytest.mark.slow
def test_a_list_is_kept_while_its_rows_are_opened(page, chest, brighter):
    page.get_by_role("tab", name="Batch").click()
    upload(page, [chest, brighter], "#batch-upload")
    page.locator("#batch-button").click()
    expect(page.locator("#batch-progress")).to_contain_text("2 images:", timeout=20_000)
    rows = page.locator("#batch-table").get_by_role("option")
    for row in (0, 1, 0, 1):
        rows.nth(row).click()
        expect(page.locator("#batch-verdict h2").first).to_contain_text(f"Image {row + 1}", timeout=20_000)
        page.wait_for_timeout(1000 * KEPT_SECONDS * 3 / 5)
    with page.expect_download():
        page.locator("#batch-csv").click()
    leave_alone(page)
    choose_point(page, "#batch-operating-point")
    expect(page.locator("#batch-progress")).to_contain_text("left alone")


@pytest.mark.slow
def test_two_images_are_forgotten_too(page, chest, brighter):
    page.get_by_role("tab", name="Compare", exact=True).click()
    page.get_by_role("tab", name=compare_texts.TWO_IMAGES).click()
    for place, path in enumerate((chest, brighter)):
        upload(page, path, f"#pair-upload-{place}")
        expect(page.locator("#pair-table")).to_contain_text("Probability of pneumonia", timeout=20_000)
    expect(page.locator("#pair-table")).to_contain_text("No change beyond", timeout=20_000)
    leave_alone(page)
    choose_point(page, "#pair-operating-point")
    expect(page.locator("#pair-table")).to_contain_text("left alone")
