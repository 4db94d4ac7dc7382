"""More readers than are waited for."""

import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import expect

from demo.server.reading_endpoint import READING_PATH
from demo.shared.activity import MOST_AT_ONCE, MOST_WAITING
from demo.shared.texts import BUSY
from pneumonia.variants.registry import DEFAULT
from scripts.studies.reliability.synthetic_images import encode, radiograph
from tests.fixtures.browsing import needs_chromium, upload
from tests.fixtures.fakes import served

# More than wait for a batch, beside the one that is being read.
MANY = 30


@pytest.fixture(scope="module")
def chest(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("queue") / "chest.png"
    path.write_bytes(encode(radiograph(), "PNG"))
    return path


@pytest.fixture(scope="module")
def full(chest) -> Iterator[tuple[str, list[httpx.Response]]]:
    """Address of a page whose queue is full, and what each that asked was answered."""
    with served("harmed") as address:
        api = f"{address}/gradio_api"
        events = httpx.get(f"{address}/config", timeout=60).json()["dependencies"]
        batch = next(event["id"] for event in events if event["api_name"] == "batch")
        with chest.open("rb") as opened:
            kept = httpx.post(f"{api}/upload", files={"files": opened}, timeout=60).json()[0]
        files = [{"path": kept, "meta": {"_type": "gradio.FileData"}}] * 4000
        answers = []
        for _ in range(MANY):
            asked = {"data": [files, DEFAULT, "balanced", None], "fn_index": batch, "session_hash": uuid.uuid4().hex}
            answers.append(httpx.post(f"{api}/queue/join", json=asked, timeout=60))
        yield address, answers


@pytest.fixture(scope="module")
def busy(chest) -> Iterator[str]:
    """Address of a page on which as many readings wait as may."""

    def read(address: str) -> None:
        with suppress(httpx.HTTPError):  # it ends with the page
            httpx.post(address + READING_PATH, content=chest.read_bytes(), timeout=300)

    def is_refused(address: str) -> bool:
        with suppress(httpx.TimeoutException):  # it waits with the others
            return httpx.post(address + READING_PATH, content=b"", timeout=2).status_code == 503
        return False

    with served("slow") as address:
        programs = [threading.Thread(target=read, args=(address,)) for _ in range(MOST_AT_ONCE + MOST_WAITING)]
        for program in programs:
            program.start()
        deadline = time.monotonic() + 60
        while not is_refused(address):
            assert time.monotonic() < deadline
        yield address
    for program in programs:
        program.join()


@pytest.mark.slow
def test_past_the_end_of_the_queue_a_program_is_told_and_the_page_goes_on(full):
    address, answers = full
    taken = [answer for answer in answers if answer.status_code == 200]
    refused = [answer for answer in answers if answer.status_code != 200]
    assert len(taken) in (20, 21) and answers[: len(taken)] == taken
    assert {answer.status_code for answer in refused} == {503}
    assert all("Queue is full" in answer.json()["detail"] for answer in refused)
    assert httpx.get(f"{address}/health", timeout=20).status_code == 200


@pytest.mark.slow
@pytest.mark.promise(
    "Where too many readings wait, a reader is told that the page is busy, once, and may try again.",
    part="Many readers",
)
@needs_chromium
@pytest.mark.parametrize(
    ("tab", "box", "result", "shown"),
    [
        ("Read", "#upload", "#verdict", "Nothing was read. Try again."),
        ("Compare", "#compare-upload", "#compare-table", "Nothing was read. Try again."),
    ],
)
def test_where_too_many_wait_a_reader_is_told(busy, browser, chest, tab, box, result, shown):
    """Once, and nothing goes on saying that the image is being read."""
    page = browser.new_page()
    # A server that is busy, on a slow machine beside other tests, takes more than Playwright's half a minute.
    page.set_default_timeout(120_000)
    page.goto(busy)
    page.wait_for_selector("#upload input[type=file]", state="attached")
    page.get_by_role("tab", name=tab, exact=True).click()
    upload(page, str(chest), box)
    page.locator(result).get_by_text(shown).wait_for()
    expect(page.locator(".told")).to_have_text([BUSY])
    expect(page.get_by_test_id("toast-text")).to_have_count(0)
    page.close()
