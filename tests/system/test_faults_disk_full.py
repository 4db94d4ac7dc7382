"""A full disk in the middle of what commands and the page write: said in a line, and nothing half of it looks whole."""

import csv
import json
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from PIL import Image

from demo.report.handlers import ReportHandlers
from demo.shared.predictors import Predictors
from demo.shared.session import Session
from demo.tabs.batch.handlers import BatchHandlers
from demo.tabs.batch.session import BatchSession
from demo.tabs.read.handlers import ReadHandlers
from pneumonia.__main__ import main
from pneumonia.cli.commands import predict
from pneumonia.utils.atomic_files import UNFINISHED
from pneumonia.variants.registry import DEFAULT
from pneumonia.weights.folder import FILES, METRICS, read_bundle, write_bundle
from scripts import ROOT
from scripts.studies.reliability.synthetic_images import EXAMPLE, encode, radiograph
from tests.fixtures.disks import fill, no_file_over, small_disk
from tests.fixtures.fakes import FakePredictor, load_fake, served_process
from tests.fixtures.tiny import tiny_config

VARIANT = "mobilenetv2-finetuned"
FULL = (
    "The disk of the server is full, so this could not be done. Readings that this page shows stay. Try again later, "
    "and tell whoever runs this page."
)


@pytest.fixture
def chests(tmp_path) -> list[str]:
    """Paths of twelve radiographs."""
    paths = [tmp_path / "archive" / f"{number:02}.png" for number in range(12)]
    paths[0].parent.mkdir()
    for number, path in enumerate(paths):
        path.write_bytes(encode(radiograph(seed=number), "PNG"))
    return [str(path) for path in paths]


@pytest.fixture
def command(monkeypatch, capsys):
    """The reading command in this process: its exit status, and what it says on standard error."""
    monkeypatch.setattr(predict, "load_quietly", lambda variant, weights: FakePredictor(variant or DEFAULT))

    def run(*arguments: object) -> tuple[int, list[str]]:
        with pytest.raises(SystemExit) as ended:
            main(["predict", *map(str, arguments)])
        return ended.value.code, capsys.readouterr().err.splitlines()

    return run


# === Commands ===


@pytest.mark.promise("A full disk in a batch is one line, and nothing half written looks whole.", part="Faults")
@pytest.mark.parametrize("older", [None, "path,finding\nolder,NORMAL\n"], ids=["new", "older"])
def test_a_table_that_did_not_fit_has_another_name(older, chests, tmp_path, command):
    with small_disk(tmp_path / "disk", 16) as disk:
        table = disk / "readings.csv"
        if older:
            table.write_text(older)
        # Rows that fill more than a disk of four pages.
        status, said = command(*chests * 4, "--format", "csv", "--output", table)
        assert status == 2 and said[-1] == "error: No space left on device"
        assert said[-2] == f"what was read until then is in {table}{UNFINISHED}"
        assert (table.read_text() if table.exists() else None) == older
        rows = list(csv.DictReader(Path(f"{table}{UNFINISHED}").read_text().splitlines()))
        assert 5 < len(rows) < 48 and rows[0]["path"] == chests[0] and rows[0]["finding"]


def test_a_table_over_a_limit_of_the_user_has_another_name(chests, tmp_path, command):
    """As on a full disk, where none can be mounted."""
    table = tmp_path / "readings.jsonl"
    with no_file_over(10_000):
        status, said = command(*chests * 4, "--format", "jsonl", "--output", table)
    assert status == 2 and said[-1] == "error: File too large" and not table.exists()
    # With room again the same command writes all of it, and nothing is left beside it.
    assert command(*chests, "--format", "jsonl", "--output", table)[0] == 0
    assert len(table.read_text().splitlines()) == 12 and not Path(f"{table}{UNFINISHED}").exists()


def test_overlays_are_whole_or_absent(chests, tmp_path, command):
    with small_disk(tmp_path / "disk", 120) as disk:
        table = tmp_path / "readings.csv"
        status, said = command(*chests, "--format", "csv", "--output", table, "--heatmaps", disk / "maps")
        assert status == 2 and said[-1].startswith("error: No space left on device")
        written = sorted((disk / "maps").iterdir())
        assert 0 < len(written) < 12
        for path in written:
            with Image.open(path) as picture:
                picture.load()
        # Readings are kept, under the name of a table that is not whole, and each that is has its overlay.
        assert not table.exists()
        assert 2 <= len(Path(f"{table}{UNFINISHED}").read_text().splitlines()) <= 1 + len(written)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no device that is always full")
def test_standard_output_that_is_full_is_one_line():
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, ROOT / "scripts" / "predict.py", EXAMPLE, "--variant", "custom-cnn", "--format", "csv"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=280,
        )
    assert done.returncode == 2 and done.stderr.endswith("error: No space left on device\n")
    assert "Exception" not in done.stderr and "Traceback" not in done.stderr


def test_a_weights_folder_that_does_not_fit_leaves_the_older_one_and_no_rubbish(tmp_path):
    contents = {**dict.fromkeys(FILES, b"x" * 20_000), METRICS: b"{}"}
    with small_disk(tmp_path / "disk", 160) as disk:
        write_bundle(disk / "custom-cnn", contents, tiny_config())
        used = sum(path.stat().st_size for path in disk.rglob("*"))
        with pytest.raises(OSError, match="No space left"):
            write_bundle(disk / "custom-cnn", contents, tiny_config("mobilenetv2-frozen"))
        assert read_bundle(disk / "custom-cnn").config["variant"] == "custom-cnn"
        assert sum(path.stat().st_size for path in disk.rglob("*")) == used


# === The page ===


@pytest.mark.promise("No half download is handed out.", part="Faults")
def test_no_half_download_is_handed_out_or_left(chests, tmp_path, monkeypatch):
    predictors = Predictors(load_fake)
    batches, session = BatchHandlers(predictors), BatchSession()
    for _ in batches.on_read(chests * 10, VARIANT, "balanced", session):
        pass
    reading = Session()
    ReadHandlers(predictors).on_read(chests[0], VARIANT, "balanced", reading)
    reports = ReportHandlers(predictors, comparison=False)
    with small_disk(tmp_path / "disk", 8) as disk:
        monkeypatch.setenv("GRADIO_TEMP_DIR", str(disk / "uploads"))
        for save in (
            lambda: batches.on_readings_change(session),
            lambda: batches.on_overlays_request(session),
            lambda: reports.on_pdf_request(False, reading),
        ):
            with pytest.raises(OSError, match="No space left"):
                save()
            assert not list((disk / "uploads").rglob("*"))


@pytest.mark.promise("The page says that the disk is full, and reads on when it is not.", part="Faults")
@pytest.mark.slow
def test_the_page_says_that_the_disk_is_full_and_goes_on_when_it_is_not(chests, tmp_path):
    with (
        small_disk(tmp_path / "disk", 4096) as disk,
        served_process("complete", log=tmp_path / "log", GRADIO_TEMP_DIR=str(disk)) as (address, _),
    ):
        here, another = (send(address, path).json()[0] for path in chests[:2])
        before = read(address, here)
        filler = fill(disk)
        # What it shows of this one does not fit on the disk.
        assert read(address, another) == FULL
        answer = send(address, chests[2])
        assert (answer.status_code, answer.text) == (507, FULL)
        filler.unlink()
        assert read(address, here) == before and read(address, another)["status"] == "read"
    assert "Traceback" not in (tmp_path / "log").read_text()


def send(address: str, path: str) -> httpx.Response:
    """Upload a file."""
    return httpx.post(f"{address}/gradio_api/upload", files={"files": Path(path).read_bytes()}, timeout=60)


def read(address: str, path: str) -> dict | str:
    """Read a file that was uploaded: the record, or why not."""
    file = {"path": path, "meta": {"_type": "gradio.FileData"}}
    begun = httpx.post(f"{address}/gradio_api/call/read", json={"data": [file, VARIANT, "balanced"]}).json()
    lines = httpx.get(f"{address}/gradio_api/call/read/{begun['event_id']}", timeout=120).text.splitlines()
    answer = json.loads(lines[-2].removeprefix("data: ") if not lines[-1] else lines[-1].removeprefix("data: "))
    return answer[0] if isinstance(answer, list) else answer["error"]
