"""The page in frames of other sites, under their names, and without a complaint of the browser about its answers."""

import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from demo.server.texts import UNKNOWN_HOST
from tests.fixtures.browsing import CHROMIUM, OPTIONS, needs_chromium, upload
from tests.fixtures.fakes import served_process
from tests.system.test_privacy import SPACE, _use_every_tab

HUB = "https://huggingface.co/spaces/owner/name"
OTHER = "https://radiographs.invalid/"


# Chromium keeps pages of the internet from this machine's; here both are on it.
ON_THIS_MACHINE = "--disable-features=LocalNetworkAccessChecks"
LED_HERE = "--host-resolver-rules=MAP led-here.invalid 127.0.0.1"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The system's Chromium, for which this machine is any other."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*OPTIONS, ON_THIS_MACHINE, LED_HERE])
        yield browser
        browser.close()


def refused(page: Page, complaints: list[str]) -> bool:
    """Whether nothing is in the frame, and because of what the page says of frames."""
    deadline = time.monotonic() + 20
    while not complaints and time.monotonic() < deadline:
        page.wait_for_timeout(100)
    return "frame-ancestors" in complaints[0] and not page.frames[1].locator("#upload").count()


def framed(browser: Browser, address: str, site: str) -> Iterator[tuple[Page, list[str]]]:
    """A page of a site that shows ours in a frame, and what the browser complained of."""
    page = browser.new_page()
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    shown = f'<!DOCTYPE html><iframe src="{address}" width="1200" height="800"></iframe>'
    page.route(f"{site}**", lambda route: route.fulfill(body=shown, content_type="text/html"))
    page.goto(site)
    yield page, complaints
    page.close()


@pytest.mark.promise("No other site can show the page in a frame.", part="Security")
@needs_chromium
def test_no_other_site_can_lay_the_page_under_its_own(browser, address):
    for site in (OTHER, HUB):
        for page, complaints in framed(browser, address, site):
            assert refused(page, complaints)


@pytest.mark.promise("No site whose name is led here later may ask or read.", part="Security")
@needs_chromium
def test_a_site_whose_name_leads_here_reads_nothing(browser, address):
    site = f"http://led-here.invalid:{urlsplit(address).port}/"
    page = browser.new_page()
    # What it is in the beginning; from then on its name leads to the page.
    page.route(site, lambda route: route.fulfill(body="<!DOCTYPE html>", content_type="text/html"))
    page.goto(site)
    fetching = "(path) => fetch(path).then(async (answer) => [answer.status, await answer.text()])"
    for path in ("/config", "/gradio_api/info"):
        status, said = page.evaluate(fetching, path)
        assert status == 400 and said == UNKNOWN_HOST
    page.close()


@pytest.mark.slow
@needs_chromium
def test_the_hub_shows_a_space_in_a_frame_which_reads(browser, chest):
    with served_process("complete", **SPACE) as (address, _):
        for page, complaints in framed(browser, address, HUB):
            frame = page.frame_locator("iframe")
            frame.locator("#upload input[type=file]").wait_for(state="attached", timeout=60_000)
            frame.locator("#upload input[type=file]").set_input_files(chest)
            expect(frame.locator("#verdict")).to_contain_text("Probability", timeout=60_000)
            expect(frame.locator("#viewer canvas[role=img]")).to_be_visible(timeout=60_000)
            assert not complaints
        for page, complaints in framed(browser, address, OTHER):
            assert refused(page, complaints)


@pytest.mark.slow
@needs_chromium
@pytest.mark.timeout(600)
def test_the_browser_complains_of_nothing_through_every_tab(browser, address, chest, brighter):
    page = browser.new_page()
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    expect.set_options(timeout=60_000)
    page.goto(address)
    upload(page, chest)
    _use_every_tab(page, chest, brighter)
    expect.set_options(timeout=5_000)
    page.close()
    assert not complaints
