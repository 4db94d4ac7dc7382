"""Compare in a real browser: the image that the page has already, its place on a telephone, and the reports."""

import json
import re
from io import BytesIO
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from pypdf import PdfReader

from demo.shared import texts as shared_texts
from demo.tabs.compare import texts as compare_texts
from pneumonia.variants.registry import PUBLISHED
from tests.fixtures.browsing import needs_chromium, opened, upload

pytestmark = [needs_chromium, pytest.mark.slow]


def open_tab(page: Page, *names: str) -> None:
    """Open a tab, and one within it."""
    for name in names:
        page.get_by_role("tab", name=name, exact=True).click()


def download(page: Page, button: str) -> bytes:
    """What a click gives as a file."""
    with page.expect_download() as started:
        page.locator(button).click()
    return Path(started.value.path()).read_bytes()


def bars(page: Page, table: str, count: int) -> None:
    """Wait until a table has so many readings."""
    expect(page.locator(f"{table} .bar")).to_have_count(count)


def test_compare_takes_the_image_of_the_page_and_no_one_elses(page, browser, address, chest, brighter):
    upload(page, chest)
    expect(page.locator("#verdict")).to_contain_text("Probability of pneumonia")
    open_tab(page, "Compare")
    bars(page, "#compare-table", len(PUBLISHED))
    first = page.locator("#compare-table").inner_text()
    open_tab(page, compare_texts.TWO_IMAGES)
    bars(page, "#pair-table", 1)
    later = page.locator("#pair-table [role=row]", has_text="Later image")
    expect(later.locator(".bar")).to_have_count(1)
    upload(page, brighter, "#pair-upload-0")
    bars(page, "#pair-table", 2)
    # Another image on the Read tab is what Compare then shows.
    open_tab(page, "Read")
    upload(page, brighter)
    expect(page.locator("#verdict")).to_contain_text(shared_texts.SIGNS)
    open_tab(page, "Compare", compare_texts.ALL_VARIANTS)
    expect(page.locator("#compare-table h2")).not_to_have_text(first.splitlines()[0])
    # Another page has nothing of it.
    for other in opened(browser, address):
        open_tab(other, "Compare")
        other.wait_for_timeout(1500)
        expect(other.locator("#compare-table")).to_contain_text(shared_texts.CHOOSE)
        open_tab(other, compare_texts.TWO_IMAGES)
        other.wait_for_timeout(1500)
        expect(other.locator("#pair-table")).to_contain_text(compare_texts.CHOOSE_TWO)


def test_two_images_are_read_again_when_the_network_changes_and_move_together(page, chest, brighter):
    open_tab(page, "Compare", compare_texts.TWO_IMAGES)
    upload(page, chest, "#pair-upload-0")
    bars(page, "#pair-table", 1)
    upload(page, brighter, "#pair-upload-1")
    bars(page, "#pair-table", 2)
    shares = page.locator("#pair-table .bar strong").all_inner_texts()
    page.locator("#pair-variant").get_by_label("Custom CNN").check()
    expect(page.locator("#pair-table .bar strong").first).not_to_have_text(shares[0])
    bars(page, "#pair-table", 2)
    assert "logit" not in page.locator("body").inner_text()
    canvases = page.locator("#pair-viewer canvas[role=img]")
    expect(canvases).to_have_count(2)
    before = [canvas.evaluate("canvas => canvas.toDataURL()") for canvas in canvases.all()]
    canvases.first.scroll_into_view_if_needed()
    canvases.first.hover()
    page.mouse.wheel(0, -300)
    page.wait_for_timeout(500)
    for canvas, was in zip(canvases.all(), before, strict=True):
        assert canvas.evaluate("canvas => canvas.toDataURL()") != was


def test_on_a_telephone_the_answer_stands_before_the_pictures(browser: Browser, address, chest, brighter):
    for page in opened(browser, address, width=390):
        upload(page, chest)
        expect(page.locator("#verdict")).to_contain_text("Probability of pneumonia")
        open_tab(page, "Compare")
        bars(page, "#compare-table", len(PUBLISHED))
        open_tab(page, compare_texts.TWO_IMAGES)
        bars(page, "#pair-table", 1)
        upload(page, brighter, "#pair-upload-0")
        bars(page, "#pair-table", 2)
        for tab, name in ((compare_texts.ALL_VARIANTS, "compare"), (compare_texts.TWO_IMAGES, "pair")):
            open_tab(page, tab)
            canvas = page.locator(f"#{name}-viewer canvas[role=img]").first
            expect(canvas).to_be_visible()
            table = page.locator(f"#{name}-table").bounding_box()
            assert table["y"] + table["height"] <= canvas.bounding_box()["y"]
            assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_comment_goes_into_the_report_and_goes_away_with_the_image(browser: Browser, address, chest, brighter):
    context = browser.new_context(timezone_id="Asia/Kolkata")
    page = context.new_page()
    page.goto(address)
    upload(page, chest)
    expect(page.locator("#viewer canvas[role=img]")).to_be_visible()
    comment = page.locator("#report-comment textarea")
    comment.fill("Zebra lobe")
    text = PdfReader(BytesIO(download(page, "#report-pdf"))).pages[0].extract_text()
    assert "Zebra lobe" in text and re.search(r"Report made \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC\+05:30", text)
    record = json.loads(download(page, "#report-json"))
    assert record["comment"] == "Zebra lobe" and record["made"].endswith("+05:30")
    comment.fill("x" * 900)
    expect(comment).to_have_value("x" * 800)
    # Another point or network keeps it; another image does not.
    page.locator("#operating-point").get_by_label("Rule-in").check()
    expect(page.locator("#figures")).to_contain_text("from 80.0% on counts")
    expect(comment).to_have_value("x" * 800)
    upload(page, brighter)
    expect(comment).to_have_value("")
    kept = "[localStorage, sessionStorage].map((of) => JSON.stringify(of)).join() + document.cookie"
    assert "Zebra" not in page.evaluate(kept)
    page.reload()
    upload(page, chest)
    expect(page.locator("#viewer canvas[role=img]")).to_be_visible()
    expect(comment).to_have_value("")
    # So it is where an image is taken over.
    open_tab(page, "Compare")
    bars(page, "#compare-table", len(PUBLISHED))
    page.locator("#compare-report-comment textarea").fill("Zebra lobe")
    open_tab(page, "Read")
    upload(page, brighter)
    expect(page.locator("#verdict")).to_contain_text("Probability of pneumonia")
    open_tab(page, "Compare")
    expect(page.locator("#compare-report-comment textarea")).to_have_value("")
    context.close()


def test_one_click_gives_the_report_of_two_images(page, chest, brighter):
    open_tab(page, "Compare", compare_texts.TWO_IMAGES)
    upload(page, chest, "#pair-upload-0")
    bars(page, "#pair-table", 1)
    expect(page.locator("#pair-report-pdf")).to_be_hidden()
    upload(page, brighter, "#pair-upload-1")
    bars(page, "#pair-table", 2)
    text = " ".join(part.extract_text() for part in PdfReader(BytesIO(download(page, "#pair-report-pdf"))).pages)
    assert "No change beyond what two images of one child differ by" in text and "Jane" not in text
    readings = json.loads(download(page, "#pair-report-json"))["readings"]
    assert [reading["image"] for reading in readings] == list(shared_texts.PAIR)
