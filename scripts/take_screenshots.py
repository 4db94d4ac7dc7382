#!/usr/bin/env python3
"""Take the pictures of the page that the README shows, with synthetic examples only. Needs Chromium."""

import argparse
import shutil
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

import cli
from page import PageError, served_page

# Number of the example that is shown: the first with pneumonia.
_EXAMPLE = 3
# Pictures of the Read tab: name, width in pixels, theme.
_VIEWS = (("read", 1440, "light"), ("read-dark", 1440, "dark"), ("read-narrow", 390, "light"))
_OPTIONS = ("--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync")


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=cli.ROOT / "docs")
    return parser.parse_args()


def main() -> int:
    arguments = parse_arguments()
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        raise PageError("Chromium is not installed.")
    arguments.output.mkdir(parents=True, exist_ok=True)
    with served_page() as served, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(_OPTIONS))
        for name, width, theme in _VIEWS:
            page = browser.new_page(viewport={"width": width, "height": 900})
            page.goto(f"{served.address}/?__theme={theme}")
            _choose_example(page, "#verdict")
            page.screenshot(path=arguments.output / f"{name}.png", full_page=True)
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.goto(f"{served.address}/?__theme=light")
        page.get_by_role("tab", name="Compare").click()
        _choose_example(page, "#compare-table")
        page.screenshot(path=arguments.output / "compare.png", full_page=True)
        browser.close()
    return cli.DONE


def _choose_example(page: Page, result: str) -> None:
    page.locator(".examples button:visible").nth(_EXAMPLE).click()
    page.locator(result).get_by_text("Calibrated probability").first.wait_for()
    page.mouse.move(0, 0)
    page.wait_for_timeout(1500)  # images fade in


if __name__ == "__main__":
    cli.run(main)
