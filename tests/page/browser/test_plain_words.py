"""No tab shows a word that a clinician would have to look up, but where it is folded away."""

import re

import pytest
from playwright.sync_api import Page, expect

from demo.shared.texts import FOR_ENGINEERS
from demo.tabs.compare import texts as compare_texts
from demo.tabs.performance.recalibration.texts import RECALIBRATE
from pneumonia.variants.registry import PUBLISHED
from tests.fixtures.browsing import needs_chromium, upload

pytestmark = needs_chromium

LOOKED_UP = re.compile(
    r"\b(?:logits?|ECE|variants?|backbones?|as shipped|epochs?|loss|Brier|cross-validated|convolutions?|the head|"
    r"seeds?)\b",
    re.IGNORECASE,
)


@pytest.mark.slow
def test_no_tab_shows_a_word_that_has_to_be_looked_up(page, chest, brighter):
    _require_plain(page)
    upload(page, chest)
    expect(page.locator("#verdict")).to_contain_text("Probability of pneumonia")
    _require_plain(page)
    page.get_by_role("tab", name="Compare").click()
    expect(page.locator("#compare-table tbody tr")).to_have_count(len(PUBLISHED))
    _require_plain(page)
    page.get_by_role("tab", name=compare_texts.TWO_IMAGES).click()
    expect(page.locator("#pair-table")).to_contain_text("Probability of pneumonia")
    _require_plain(page)
    page.get_by_role("tab", name="Batch").click()
    upload(page, [chest, brighter], "#batch-upload")
    page.locator("#batch-button").click()
    expect(page.locator("#batch-progress")).to_contain_text("2 images:")
    page.locator("#batch-table").get_by_role("option").first.click()
    expect(page.locator("#batch-verdict")).to_contain_text("Probability of pneumonia")
    _require_plain(page)
    page.get_by_role("tab", name="Performance").click()
    expect(page.locator("#performance-at-threshold")).to_contain_text("from 50.0%")
    page.get_by_text(RECALIBRATE).click()
    _require_plain(page)
    page.get_by_text(FOR_ENGINEERS).locator("visible=true").click()
    expect(page.locator("#performance-training")).to_contain_text("epoch")
    with pytest.raises(AssertionError, match="epoch"):
        _require_plain(page)
    page.get_by_role("tab", name="About").click()
    expect(page.locator("#about")).to_contain_text("How to cite")
    _require_plain(page)


def _require_plain(page: Page) -> None:
    """What is folded away is no part of what is shown."""
    shown = page.locator("body").inner_text()
    assert not [shown[max(0, found.start() - 60) : found.end() + 20] for found in LOOKED_UP.finditer(shown)]
