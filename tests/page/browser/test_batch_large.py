"""Two hundred files through the Batch tab of a real browser, with the weights of the repository."""

import csv
import time
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from pneumonia import load_predictor
from scripts.studies.reliability.synthetic_images import encode, radiograph
from tests.fixtures.browsing import needs_chromium, opened, upload
from tests.fixtures.fakes import served_process

FILES = 200
KEPT_SECONDS = 60
# Megabytes: what the allocator keeps in reserve, and a fraction of what the images would take (4 each).
GROWTH = 100

pytestmark = [needs_chromium, pytest.mark.slow]


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    """Paths of different radiographs, the last of which is none."""
    paths = [tmp_path / f"{number:03}.jpg" for number in range(FILES)]
    for number, path in enumerate(paths):
        path.write_bytes(encode(radiograph(1000, 1000, seed=number), "JPEG"))
    paths[-1].write_bytes(b"%PDF-1.7 a letter")
    return [str(path) for path in paths]


def test_two_hundred_files_leave_a_right_table_and_nothing_else(browser, files, tmp_path):
    uploads = tmp_path / "uploads"
    environment = {"GRADIO_TEMP_DIR": str(uploads), "KEPT_SECONDS": str(KEPT_SECONDS)}
    with served_process("real", **environment) as (address, process):
        for page in opened(browser, address):
            page.get_by_role("tab", name="Batch").click()
            # Once, for what is loaded with the first image and stays.
            _read(page, files[:8], "8 images:")
            before = _memory(process)
            _read(page, files, f"{FILES} images:")
            with page.expect_download() as download:
                page.locator("#batch-csv").click()
            table = list(csv.DictReader(Path(download.value.path()).read_text().splitlines()))
        deadline = time.monotonic() + 4 * KEPT_SECONDS
        while _files_in(uploads) and time.monotonic() < deadline:
            time.sleep(1)
        assert not _files_in(uploads)
        assert _memory(process) - before < GROWTH
    assert [row["name"] for row in table] == [Path(file).name for file in files]
    expected = [prediction.probability for prediction in load_predictor().predict_many(files)]
    assert [row["probability"] == "" for row in table] == [value is None for value in expected]
    assert [float(row["probability"]) for row in table[:-1]] == pytest.approx(expected[:-1], abs=1e-6)
    assert "PDF" in table[-1]["error"]


def _read(page: Page, files: list[str], done: str) -> None:
    clear = page.locator("#batch-upload button[aria-label=Clear]")
    if clear.count():
        clear.click()
    upload(page, files, "#batch-upload")
    page.locator("#batch-button").click()
    expect(page.locator("#batch-progress")).to_contain_text(done, timeout=120_000)


def _files_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def _memory(process: int) -> float:
    """Of the server, in megabytes."""
    (line,) = [line for line in Path(f"/proc/{process}/status").read_text().splitlines() if line.startswith("VmRSS")]
    return int(line.split()[1]) / 1024
