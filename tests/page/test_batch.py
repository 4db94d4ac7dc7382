"""The Batch tab's handlers, and its endpoint as a script sees it."""

import csv
import zipfile
from pathlib import Path
from types import SimpleNamespace

import gradio as gr
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image

from demo.shared import texts as shared_texts
from demo.shared.predictors import Predictors
from demo.tabs.batch import handlers as batch
from demo.tabs.batch import texts as batch_texts
from demo.tabs.batch.handlers import BatchHandlers, BatchSession
from pneumonia.core.labels import NORMAL, PNEUMONIA
from scripts.studies.reliability.synthetic_images import encode, radiograph
from tests.fixtures.fakes import FakePredictor, load_all_but_frozen, load_fake

VARIANT = "mobilenetv2-finetuned"


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    """A dark chest, a file that is no image, and an archive of a bright chest."""
    dark, document, packed = tmp_path / "dark.png", tmp_path / "letter.png", tmp_path / "more.zip"
    dark.write_bytes(encode(radiograph() // 2, "PNG"))
    document.write_bytes(b"%PDF-1.7 a letter")
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("ward/=bright.png", encode(radiograph() // 2 + 120, "PNG"))
    return [str(dark), str(document), str(packed)]


@pytest.fixture
def handlers() -> BatchHandlers:
    return BatchHandlers(Predictors(load_fake))


def done(handlers: BatchHandlers, files: list[str], session: BatchSession) -> list[tuple]:
    return list(handlers.on_read(files, VARIANT, "balanced", session))


def test_a_batch_reads_every_file_and_those_in_archives(handlers, files):
    session = BatchSession()
    *_, (records, kept, summary, rows) = done(handlers, files, session)
    assert [record["name"] for record in records] == ["dark.png", "letter.png", "ward/=bright.png"]
    assert [record["status"] for record in records] == ["read", "rejected", "read"]
    assert all("path" not in record for record in records)
    assert kept is session and "3 images: 1 NORMAL, 1 PNEUMONIA, 1 Not read." in summary
    assert [row[2] for row in rows] == [NORMAL, "Not read", PNEUMONIA]
    assert rows[1][3] is None and "PDF" in rows[1][5]
    assert all(len(row) == len(batch_texts.COLUMNS) for row in rows)


def test_an_archive_that_cannot_be_read_costs_no_other_file(handlers, files):
    packed = Path(files[2])
    packed.write_bytes(packed.read_bytes()[:-30])
    session = BatchSession()
    *_, (records, _, summary, rows) = done(handlers, [files[2], files[0]], session)
    assert [record["status"] for record in records] == ["rejected", "read"] and "2 images" in summary
    assert rows[0][2] == "Not read" and "damaged" in rows[0][5]
    opened = handlers.on_row_select(session, SimpleNamespace(row_value=rows[0]))
    assert any("damaged" in part for part in opened if isinstance(part, str))


def test_the_table_fills_while_it_runs_and_a_stop_keeps_what_is_there(handlers, files, monkeypatch):
    monkeypatch.setattr(batch, "_REDRAW_SECONDS", 0.0)
    session = BatchSession()
    steps = handlers.on_read(files, VARIANT, "balanced", session)
    assert [len(next(steps)[3]) for _ in range(3)] == [0, 1, 2]
    handlers.on_stop(session)
    records, _, progress, rows = next(steps)
    assert "Stopped: 2 of 3 images" in progress and len(rows) == len(records) == 2
    assert next(steps, None) is None


def test_a_batch_that_is_stopped_while_it_waits_reads_nothing_and_the_next_begins_anew(handlers, files):
    session = BatchSession()
    handlers.on_stop(session)
    assert "Stopped: 0 of 3 images" in done(handlers, files, session)[-1][2]
    handlers.on_start(session)
    assert len(done(handlers, files, session)[-1][0]) == 3


def test_progress_tells_the_time_left(handlers, files, monkeypatch):
    monkeypatch.setattr(batch, "_REDRAW_SECONDS", 0.0)
    clock = iter(range(0, 100, 10))
    monkeypatch.setattr(batch, "time", SimpleNamespace(monotonic=lambda: next(clock)))
    steps = done(handlers, files, BatchSession())
    # Ten seconds for the first of three leaves twenty.
    assert "1 of 3 images read, about 20 s left" in steps[1][2] and 'value="1"' in steps[1][2]


def test_findings_are_filtered(handlers, files):
    session = BatchSession()
    done(handlers, files, session)
    assert [row[0] for row in handlers.on_filter_change(PNEUMONIA, session)] == [3]
    assert [row[0] for row in handlers.on_filter_change("Not read", session)] == [2]
    assert [row[0] for row in handlers.on_filter_change(batch_texts.ALL, session)] == [1, 2, 3]


def test_another_operating_point_runs_no_network(files):
    loaded = FakePredictor(VARIANT)
    handlers, session = BatchHandlers(Predictors(lambda variant: loaded)), BatchSession()
    done(handlers, files, session)
    readings = loaded.readings
    summary, rows = handlers.on_operating_point_change("screening", session)
    assert loaded.readings == readings
    assert {record["operating_point"] for record in session.batch.records} == {"screening"}
    point = loaded.operating_points["screening"]
    assert rows[0][2] == point.finding(session.batch.records[0]["probability"])
    assert session.batch.records[1]["finding"] is None
    assert "operating point screening" in summary and "2 PNEUMONIA" in summary


def test_an_operating_point_changed_in_the_middle_judges_what_comes_after_too(handlers, files, monkeypatch):
    monkeypatch.setattr(batch, "_REDRAW_SECONDS", 0)
    session = BatchSession()
    steps = handlers.on_read(files, VARIANT, "balanced", session)
    next(steps), next(steps)
    assert len(session.batch.records) == 1
    summary, rows = handlers.on_operating_point_change("screening", session)
    assert isinstance(summary, dict) and len(rows) == 1  # it goes on
    *_, (records, _, summary, _) = steps
    assert {record["operating_point"] for record in records} == {"screening"}
    assert "operating point screening" in summary


def test_a_page_that_was_left_alone_shows_no_old_table(handlers):
    assert handlers.on_operating_point_change("screening", BatchSession())[0]["__type__"] == "update"
    summary, rows = handlers.on_operating_point_change("screening", BatchSession(expired=True))
    assert "left alone" in summary and rows == []


def test_a_row_opens_its_reading_however_the_table_is_sorted(handlers, files):
    session = BatchSession()
    done(handlers, files, session)
    verdict, viewer, details = handlers.on_row_select(session, SimpleNamespace(row_value=["3"]))
    assert "Image 3: ward/=bright.png" in verdict and "Signs of pneumonia" in verdict
    assert len(viewer["panes"]) == 1
    assert "Inside the lungs: 82%" in verdict and shared_texts.CHECKS in details
    verdict, viewer, *_ = handlers.on_row_select(session, SimpleNamespace(row_value=[2]))
    assert "PDF" in verdict and viewer is None


@pytest.mark.promise("The table as CSV holds no formula.", part="Security")
def test_the_table_as_csv_holds_every_reading_and_no_formula(handlers, files, monkeypatch, tmp_path):
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "uploads"))
    session = BatchSession()
    assert handlers.on_readings_change(session)["interactive"] is False
    done(handlers, files, session)
    path = Path(handlers.on_readings_change(session)["value"])
    assert path.is_relative_to(tmp_path / "uploads"), "only there are files deleted after a while"
    rows = list(csv.DictReader(path.open()))
    assert [row["finding"] for row in rows] == [NORMAL, "", PNEUMONIA]
    assert [row["name"] for row in rows] == ["dark.png", "letter.png", "ward/=bright.png"]
    assert float(rows[0]["probability"]) == session.batch.records[0]["probability"] and rows[0]["notice"]


def test_overlays_come_as_one_archive_without_those_that_were_not_read(handlers, files, monkeypatch, tmp_path):
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "uploads"))
    session = BatchSession()
    with pytest.raises(gr.Error, match=shared_texts.NOTHING_READ):
        handlers.on_overlays_request(session)
    done(handlers, files, session)
    with zipfile.ZipFile(handlers.on_overlays_request(session)["value"]) as archive:
        assert archive.namelist() == ["0001 dark.png.png", "0003 =bright.png.png"]
        with archive.open("0001 dark.png.png") as file:
            assert Image.open(file).size == (240, 200)


def test_what_cannot_be_begun_is_refused_in_words(handlers, tmp_path, monkeypatch, files):
    for given, sentence in (
        (None, batch_texts.NO_FILES),
        ([str(tmp_path / "gone.png")], shared_texts.UPLOAD_DELETED),
    ):
        with pytest.raises(gr.Error, match=sentence):
            done(handlers, given, BatchSession())
    (tmp_path / "cut.zip").write_bytes(b"PK\x03\x04 and no more")
    with pytest.raises(gr.Error, match=r"cut\.zip: .*damaged"):
        done(handlers, [str(tmp_path / "cut.zip")], BatchSession())
    monkeypatch.setattr(batch, "MAX_FILES", 2)
    with pytest.raises(gr.Error, match="3 files; at most 2"):
        done(handlers, files, BatchSession())
    missing = BatchHandlers(Predictors(load_all_but_frozen))
    with pytest.raises(gr.Error, match="no weights folder"):
        next(missing.on_read(files, "mobilenetv2-frozen", "balanced", BatchSession()))


def test_a_second_click_does_not_revoke_a_stop(handlers, files, monkeypatch):
    monkeypatch.setattr(batch, "_REDRAW_SECONDS", 0.0)
    session = BatchSession()
    steps = handlers.on_read(files, VARIANT, "balanced", session)
    next(steps), next(steps)
    handlers.on_stop(session)
    handlers.on_start(session)
    assert "Stopped: 1 of 3 images" in next(steps)[2]


@pytest.mark.promise("A batch that fails ends, keeps what was read and is logged.", part="Faults")
def test_a_batch_that_fails_ends_and_keeps_what_was_read(files, caplog):
    class Failing(FakePredictor):
        def predict_many(self, sources, operating_point, population=None):
            yield self.predict(next(iter(sources)), operating_point)
            raise RuntimeError("This was not expected.")

    caplog.set_level("INFO", "pneumonia")
    handlers, session = BatchHandlers(Predictors(Failing)), BatchSession()
    with pytest.raises(RuntimeError):
        done(handlers, files, session)
    summary, rows = handlers.on_operating_point_change("balanced", session)
    assert "Stopped: 1 of 3 images" in summary and len(rows) == 1
    (line,) = [record.fields for record in caplog.records if record.message == "batch"]
    assert line["images"] == 1


def test_the_next_batch_does_not_disturb_what_works_on_the_last_one(handlers, files, monkeypatch, tmp_path):
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "uploads"))
    session = BatchSession()
    done(handlers, files, session)
    read = batch._read

    def read_and_begin_another(*arguments):
        done(handlers, files[:1], session)
        return read(*arguments)

    monkeypatch.setattr(batch, "_read", read_and_begin_another)
    with zipfile.ZipFile(handlers.on_overlays_request(session)["value"]) as archive:
        assert archive.namelist() == ["0001 dark.png.png", "0003 =bright.png.png"]
    with pytest.raises(gr.Error, match=shared_texts.UPLOAD_DELETED):
        handlers.on_row_select(session, SimpleNamespace(row_value=["3"]))


def test_what_was_deleted_stays_deleted_and_is_said_to_be(handlers, files, monkeypatch, tmp_path):
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "uploads"))
    session = BatchSession()
    done(handlers, files, session)
    for file in files:
        Path(file).unlink()
    for row in (1, 3):
        with pytest.raises(gr.Error, match=shared_texts.UPLOAD_DELETED):
            handlers.on_row_select(session, SimpleNamespace(row_value=[row]))
    with pytest.raises(gr.Error, match=shared_texts.UPLOAD_DELETED):
        handlers.on_overlays_request(session)
    assert not list((tmp_path / "uploads").rglob("*.zip")), "nobody would ever delete it"


# === Endpoint ===


@pytest.fixture(scope="module")
def client(address: str) -> Client:
    return Client(address, verbose=False, analytics_enabled=False)


@pytest.mark.promise("A bad file in a batch gets its row, and stops nothing.", part="Faults")
def test_batch_endpoint_gives_the_records_and_a_bad_file_stops_nothing(client, files):
    records = client.predict([handle_file(file) for file in files], VARIANT, "rule-in", api_name="/batch")[0]
    assert [record["status"] for record in records] == ["read", "rejected", "read"]
    assert records[2]["name"] == "ward/=bright.png" and records[2]["operating_point"] == "rule-in"
    assert all("path" not in record for record in records)


def test_batch_endpoint_refuses_nothing_at_all(client):
    with pytest.raises(AppError, match=batch_texts.NO_FILES):
        client.predict(None, VARIANT, "balanced", api_name="/batch")
