"""A clock that shows the past or the future, or runs backwards: nothing breaks, and nothing passes for the newest."""

import io
import json
import logging
import os
import struct
import time
import zipfile
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest

import demo.report.handlers as report_handlers
from demo.report.handlers import ReportHandlers
from demo.server.uploads import delete_old
from demo.shared.predictors import Predictors
from demo.shared.session import Session
from demo.tabs.batch.handlers import BatchHandlers
from demo.tabs.batch.session import BatchSession
from demo.tabs.read.handlers import ReadHandlers
from pneumonia.calibration.site_store import load_site_calibration, save_site
from pneumonia.errors import CalibrationError, PneumoniaError
from pneumonia.records.receipt import read_receipt
from pneumonia.training.outcome import require_clock
from pneumonia.utils import json_logging
from scripts.studies.reliability.synthetic_images import encode, radiograph
from tests.fixtures.fakes import FakePredictor, load_fake
from tests.unit.calibration.test_recalibrate import site  # noqa: F401

VARIANT = "mobilenetv2-finetuned"
# Before there was ZIP, and after its last year.
OFF = {"1970": 3600.0, "1995": 0.8e9, "2150": 5.7e9}


@pytest.fixture
def chest(tmp_path) -> str:
    path = tmp_path / "chest.png"
    path.write_bytes(encode(radiograph(), "PNG"))
    return str(path)


@pytest.fixture(autouse=True)
def uploads(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "uploads"))
    return tmp_path / "uploads"


@pytest.mark.parametrize("shown", OFF.values(), ids=OFF)
def test_overlays_are_packed_at_any_time_and_say_nothing_of_it(shown, chest, monkeypatch):
    handlers, session = BatchHandlers(Predictors(load_fake)), BatchSession()
    for _ in handlers.on_read([chest], VARIANT, "balanced", session):
        pass
    monkeypatch.setattr(time, "time", lambda: shown)
    with zipfile.ZipFile(handlers.on_overlays_request(session)["value"]) as archive:
        (packed,) = archive.infolist()
        assert packed.date_time == (1980, 1, 1, 0, 0, 0) and not archive.testzip()


@pytest.mark.promise("A clock in the past breaks no export, report or receipt.", part="Faults")
@pytest.mark.parametrize("shown", OFF.values(), ids=OFF)
def test_reports_and_receipts_are_made_at_any_time(shown, chest, monkeypatch):
    predictors, session = Predictors(load_fake), Session()
    ReadHandlers(predictors).on_read(chest, VARIANT, "balanced", session)
    now = datetime.fromtimestamp(shown, UTC)
    monkeypatch.setattr(report_handlers, "datetime", SimpleNamespace(now=lambda: now))
    monkeypatch.setattr(time, "time", lambda: shown)
    handlers = ReportHandlers(predictors, comparison=False)
    assert Path(handlers.on_pdf_request(False, session)).read_bytes().startswith(b"%PDF")
    receipt = Path(handlers.on_json_request(False, session)).read_bytes()
    assert json.loads(receipt)["made"].startswith(str(now.year))
    # When it was made is no part of what is verified.
    assert read_receipt(receipt).readings


def test_what_is_logged_takes_no_negative_time_when_the_clock_is_set_back(chest, monkeypatch, caplog):
    clock = iter(range(2_000_000_000, 0, -1_000_000))
    monkeypatch.setattr(time, "time", lambda: float(next(clock)))
    with caplog.at_level(logging.INFO, "pneumonia"):
        FakePredictor(VARIANT).predict(chest)
    (line,) = [json.loads(json_logging.JsonFormatter().format(record)) for record in caplog.records]
    assert line["event"] == "reading" and 0 <= line["milliseconds"] < 60_000
    before_1970 = logging.makeLogRecord({"created": -86_400.0, "levelname": "INFO", "msg": "x", "fields": {}})
    assert json.loads(json_logging.JsonFormatter().format(before_1970))["time"].startswith("1969-12-31")


def test_the_time_left_of_a_batch_is_not_that_of_the_clock(chest, monkeypatch):
    clock = iter(range(2_000_000_000, 0, -1_000_000))
    monkeypatch.setattr(time, "time", lambda: float(next(clock)))
    monkeypatch.setattr("demo.tabs.batch.handlers._REDRAW_SECONDS", 0.0)
    handlers = BatchHandlers(Predictors(load_fake))
    said = [step[2] for step in handlers.on_read([chest] * 4, VARIANT, "balanced", BatchSession())]
    assert len(said) == 6 and not any("-" in text.partition("about")[2].partition(" s")[0] for text in said)


@pytest.mark.promise("A clock that was set back keeps no upload for long.", part="Faults")
def test_uploads_are_deleted_in_time_though_the_clock_was_set_back(uploads):
    """What was uploaded while the clock was a day ahead would else be kept for that day."""
    now = time.time()
    for name, written in (("ahead", now + 86_400), ("long ago", 0), ("now", now), ("just ahead", now + 20)):
        (uploads / name).mkdir(parents=True)
        (uploads / name / "chest.png").write_bytes(b"x")
        os.utime(uploads / name / "chest.png", (written, written))
        os.utime(uploads / name, (written, written))
    for _ in range(2):
        delete_old(uploads, 60)
    left = {path.parent.name for path in uploads.rglob("chest.png")}
    assert left == {"now", "just ahead"}


@pytest.mark.promise("A calibration from a clock that is behind is refused, not passed over.", part="Faults")
def test_a_calibration_of_an_earlier_day_is_not_made_in_vain(site, tmp_path):  # noqa: F811
    """The newest is the one that is used: one from a clock that is behind would silently never be."""
    save_site(site, tmp_path)
    behind = replace(site, date="1970-01-01")
    with pytest.raises(CalibrationError, match=f"1970-01-01.* {site.label} "):
        save_site(behind, tmp_path)
    assert load_site_calibration("my-hospital", site.variant, tmp_path) == site
    # Another site is another matter, and so is a day after.
    save_site(replace(behind, name="other-hospital"), tmp_path)
    ahead = replace(site, date="2150-01-01")
    save_site(ahead, tmp_path)
    assert load_site_calibration("my-hospital", site.variant, tmp_path) == ahead


@pytest.mark.parametrize("shown", [OFF["1970"], OFF["2150"]], ids=["1970", "2150"])
def test_a_training_that_could_not_be_written_in_the_end_is_not_begun(shown, monkeypatch):
    require_clock()
    localtime = time.localtime
    monkeypatch.setattr(time, "time", lambda: shown)
    monkeypatch.setattr(time, "localtime", lambda seconds=None: localtime(shown if seconds is None else seconds))
    with pytest.raises(PneumoniaError, match="clock"):
        require_clock()
    # It is right: this is how Keras writes into `model.keras`.
    with pytest.raises((ValueError, struct.error)), zipfile.ZipFile(io.BytesIO(), "w") as archive:
        archive.writestr("model.weights.h5", b"")
