"""Chromium without a window, for what looks at the page from outside."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from pneumonia.utils.packages import install_command
from scripts.tools.served_page import PageError

try:
    from playwright.sync_api import Browser, sync_playwright
except ImportError:
    Browser = sync_playwright = None

# It runs as root in containers, and asks no other machine for anything.
OPTIONS = (
    *("--no-sandbox", "--disable-background-networking", "--disable-component-update"),
    *("--disable-sync", "--no-first-run"),
)


@contextmanager
def headless_browser() -> Iterator[Browser]:
    """Start the system's Chromium, until the block ends.

    Raises:
        PageError: Playwright or Chromium is not installed.
    """
    if sync_playwright is None:
        raise PageError(f"Looking at the page needs Playwright: {install_command('dev')}")
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        raise PageError("Chromium is not installed.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(OPTIONS))
        yield browser
        browser.close()
