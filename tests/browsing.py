"""The page in a real browser, for the tests of several modules."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.fakes import served
from tests.making import encode, radiograph

CHROMIUM = shutil.which("chromium")
OPTIONS = (
    *("--no-sandbox", "--disable-background-networking", "--disable-component-update"),
    *("--disable-sync", "--no-first-run"),
)

needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed on this machine")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The system's Chromium."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(OPTIONS))
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """Address of a page whose variants are all there."""
    with served("complete") as address:
        yield address


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    """A freshly opened page; fails afterwards if it asked another host for anything or met an error."""
    yield from opened(browser, address)


@pytest.fixture
def chest(tmp_path: Path) -> str:
    """Path of a radiograph under a name that must not be shown."""
    path = tmp_path / "Doe_Jane_<b>1950.png"
    path.write_bytes(encode(radiograph(), "PNG"))
    return str(path)


@pytest.fixture
def brighter(tmp_path: Path) -> str:
    """Path of another radiograph."""
    path = tmp_path / "second.png"
    path.write_bytes(encode(radiograph(seed=1) // 2 + 120, "PNG"))
    return str(path)


def opened(browser: Browser, address: str, width: int = 1280) -> Iterator[Page]:
    """A freshly opened page; fails afterwards if it asked another host for anything or met an error."""
    context = browser.new_context(viewport={"width": width, "height": 900})
    page = context.new_page()
    hosts, errors = set(), []
    page.on("request", lambda request: hosts.add(request.url.split("/")[2] if "://" in request.url else ""))
    page.on("response", lambda response: errors.append(response.url) if response.status >= 400 else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(address)
    page.wait_for_selector("#upload input[type=file]", state="attached")
    yield page
    context.close()
    assert hosts <= {address.split("/")[2], ""}
    assert not errors, errors


def upload(page: Page, path: str | list[str], box: str = "#upload") -> None:
    """Choose a file."""
    page.set_input_files(f"{box} input[type=file]", path)
