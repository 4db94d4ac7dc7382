"""Recalibration in a real browser: made on the Performance tab, chosen on the Read tab, unseen by others."""

from pathlib import Path

from playwright.sync_api import Page, expect

from demo import content
from tests.test_browser import OPTIONS, _opened, _upload, address, browser, chest, page, pytestmark  # noqa: F401
from tests.test_recalibration_page import write_site


def test_a_calibration_is_made_downloaded_chosen_and_unseen_by_others(page: Page, browser, address, chest, tmp_path):  # noqa: F811
    _upload(page, chest)
    choice = page.locator("#calibration")
    expect(choice).to_have_count(0)
    expect(page.locator("#verdict")).to_contain_text("calibration as shipped")

    page.get_by_role("tab", name="Performance").click()
    page.get_by_role("button", name=content.RECALIBRATE).first.click()
    page.locator("#recalibrate-upload input[type=file]").set_input_files(write_site(tmp_path / "site.zip"))
    page.locator("#recalibrate-name").get_by_role("textbox").fill("my-hospital")
    page.locator("#recalibrate-button").click()
    result = page.locator("#recalibrate-result")
    expect(result).to_contain_text("40 images, 20 with pneumonia", timeout=60_000)
    expect(result.get_by_role("table")).to_contain_text("Balanced: sensitivity")
    with page.expect_download() as download:
        page.locator("#recalibrate-download").click()
    assert Path(download.value.suggested_filename).name.endswith("-my-hospital.json")

    page.get_by_role("tab", name="Read").click()
    expect(choice).to_be_visible()
    expect(page.locator("#verdict")).to_contain_text("calibration as shipped")
    choice.get_by_role("listbox").click()
    page.get_by_role("option", name="my-hospital").click()
    expect(page.locator("#verdict")).to_contain_text("calibration to my-hospital")
    expect(page.locator("#verdict")).to_contain_text("On 40 images of my-hospital")
    page.locator("#variant").get_by_label("Custom CNN").check()
    expect(choice).to_have_count(0)
    page.locator("#read-button").click()
    expect(page.locator("#verdict")).to_contain_text("calibration as shipped")

    (other,) = opened = [next(pages := _opened(browser, address))]
    assert opened
    other.get_by_role("tab", name="Performance").click()
    other.get_by_role("tab", name="Read").click()
    expect(other.locator("#calibration")).to_have_count(0)
    list(pages)
