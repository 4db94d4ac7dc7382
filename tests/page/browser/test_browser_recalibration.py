"""Recalibration in a real browser: made on the Performance tab, chosen on the Read tab, unseen by others."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from demo.shared import texts as shared_texts
from demo.tabs.performance.recalibration import texts as recalibration_texts
from tests.fixtures.browsing import needs_chromium, opened, upload
from tests.page.test_recalibration_page import write_site

# Forty images are read, beside whatever else the machine does.
PATIENCE = 60_000

pytestmark = needs_chromium


def says(locator: Locator, text: str) -> None:
    expect(locator).to_contain_text(text, timeout=PATIENCE)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_calibration_is_made_downloaded_chosen_and_unseen_by_others(page, browser, address, chest, tmp_path):
    choice, checks = page.locator("#calibration"), page.locator("#checks")
    upload(page, chest)
    says(checks, shared_texts.AS_PUBLISHED)
    expect(choice).to_be_hidden()

    page.get_by_role("tab", name="Performance").click()
    page.get_by_role("button", name=recalibration_texts.RECALIBRATE).click()
    upload(page, write_site(tmp_path / "site.zip"), "#recalibrate-upload")
    page.locator("#recalibrate-name").get_by_role("textbox").fill("my-hospital")
    says(page.locator("#recalibrate-upload"), ".zip")
    page.locator("#recalibrate-button").click()
    result = page.locator("#recalibrate-result")
    says(result, "40 images, 20 with pneumonia")
    says(result.get_by_role("table"), "Balanced: sensitivity")
    with page.expect_download() as download:
        page.locator("#recalibrate-download").click()
    assert download.value.suggested_filename.endswith("-my-hospital.json")

    page.get_by_role("tab", name="Read").click()
    expect(choice).to_be_visible(timeout=PATIENCE)
    says(checks, shared_texts.AS_PUBLISHED)
    choice.locator("input").click()
    page.get_by_role("option", name="my-hospital").click()
    says(checks, "my-hospital")
    says(page.locator("#figures"), "on 40 images of my-hospital")

    page.locator("#variant").get_by_label("Custom CNN").check()
    expect(choice).to_be_hidden(timeout=PATIENCE)
    page.locator("#read-button").click()
    says(checks, shared_texts.AS_PUBLISHED)

    with another_page(browser, address) as other:
        upload(other, chest)
        says(other.locator("#checks"), shared_texts.AS_PUBLISHED)
        expect(other.locator("#calibration")).to_be_hidden()


@contextmanager
def another_page(browser: Browser, address: str) -> Iterator[Page]:
    yield from opened(browser, address)
