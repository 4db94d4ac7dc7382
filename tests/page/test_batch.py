"""The Batch tab's handlers, and its endpoint as a script sees it."""

import csv
import errno
import json
import zipfile
from pathlib import Path
from types import SimpleNamespace

import gradio as gr
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image

from demo.report.handlers import ReportHandlers
from demo.shared import texts as shared_texts
from demo.shared.predictors import Predictors
from demo.tabs.batch import handlers as batch
from demo.tabs.batch import texts as batch_texts
from demo.tabs.batch import views
from demo.tabs.batch.handlers import BatchHandlers
from demo.tabs.batch.session import BatchSession
from pneumonia.core.labels import NORMAL, PNEUMONIA, UNCERTAIN
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


def opened(handlers: BatchHandlers, session: BatchSession, number: object) -> tuple:
    return handlers.on_row_open(session, SimpleNamespace(index=number))


def rows_of(shown: dict) -> list[list]:
    """The rows that a list is given: name, words, state, probability, its words, doubt, remarks, thumbnail."""
    return [json.loads(line) for line in shown["rows"].splitlines()]


def test_a_batch_reads_every_file_and_those_in_archives(handlers, files):
    session = BatchSession()
    *_, (records, kept, summary, shown) = done(handlers, files, session)
    assert [record["name"] for record in records] == ["dark.png", "letter.png", "ward/=bright.png"]
    assert [record["status"] for record in records] == ["read", "rejected", "read"]
    assert all("path" not in record for record in records)
    assert kept is session and "3 images: 1 with signs of pneumonia, 1 in doubt, 1 not read. Judged at" in summary
    rows = rows_of(shown)
    assert [row[0] for row in rows] == ["dark.png", "letter.png", "ward/=bright.png"]
    # The words and the states of the answer card, and no name of a finding.
    assert [(row[1], row[2]) for row in (rows[0], rows[2])] == [
        (shared_texts.LEANS_NOT_RULED_OUT, UNCERTAIN),
        (shared_texts.SIGNS, PNEUMONIA),
    ]
    assert "PDF" in rows[1][1] and rows[1][2:] == [None, None, "", None, "", False]
    assert shown["count"] == 3 and shown["ended"]


def test_an_archive_that_cannot_be_read_costs_no_other_file(handlers, files):
    packed = Path(files[2])
    packed.write_bytes(packed.read_bytes()[:-30])
    session = BatchSession()
    *_, (records, _, summary, shown) = done(handlers, [files[2], files[0]], session)
    assert [record["status"] for record in records] == ["rejected", "read"] and "2 images" in summary
    first, second = rows_of(shown)
    assert first[2] is None and "damaged" in first[1] and not first[7] and second[7]
    assert "damaged" in opened(handlers, session, 1)[0]


def test_the_table_fills_while_it_runs_and_a_stop_keeps_what_is_there(handlers, files, monkeypatch):
    monkeypatch.setattr(batch, "_REDRAW_SECONDS", 0.0)
    session = BatchSession()
    steps = handlers.on_read(files, VARIANT, "balanced", session)
    shown = [next(steps)[3] for _ in range(3)]
    assert [len(rows_of(each)) for each in shown] == [0, 1, 2]
    # Room for all is kept from the beginning; and of a text that begins alike, only what is new is sent.
    assert all(each["count"] == 3 and not each["ended"] for each in shown)
    assert shown[2]["rows"].startswith(shown[1]["rows"])
    handlers.on_stop(session)
    records, _, progress, last = next(steps)
    assert "Stopped: 2 of 3 images" in progress and len(rows_of(last)) == len(records) == 2 and last["ended"]
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


def test_the_most_doubtful_is_what_lies_nearest_to_the_threshold_and_before_all_what_is_in_doubt():
    def doubt(probability: float, threshold: float, state: str) -> float:
        return views.doubt(SimpleNamespace(probability=probability, threshold=threshold), state)

    ordered = [
        doubt(0.5, 0.5, UNCERTAIN),
        doubt(0.1, 0.5, UNCERTAIN),
        doubt(0.45, 0.5, NORMAL),
        doubt(0.56, 0.5, PNEUMONIA),
        doubt(0.002, 0.006, NORMAL),  # a third of the odds, as far as adults' points go
        doubt(1.0, 0.5, PNEUMONIA),
    ]
    assert ordered == sorted(ordered) and len(set(ordered)) == len(ordered)


def test_the_order_follows_the_operating_point(handlers, files):
    session = BatchSession()
    *_, shown = done(handlers, files, session)[-1]
    _, judged, *_ = handlers.on_operating_point_change("rule-in", session)
    for balanced, rule_in in zip(rows_of(shown), rows_of(judged), strict=True):
        assert balanced[5] != rule_in[5] or balanced[2] is None


def test_thumbnails_are_made_while_reading_and_are_small(handlers, files, monkeypatch, tmp_path):
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "uploads"))
    *_, shown = done(handlers, files, BatchSession())[-1]
    folder = tmp_path / "uploads"
    thumbnails = sorted(folder.rglob("*.jpg"))
    assert [path.name for path in thumbnails] == ["1.jpg", "3.jpg"]
    assert shown["thumbnails"] == f"gradio_api/file={thumbnails[0].parent}"
    for path in thumbnails:
        assert Image.open(path).size == (96, 80) and path.stat().st_size < 4000
    assert [row[7] for row in rows_of(shown)] == [True, False, True]


def test_a_full_disk_costs_the_thumbnails_and_no_reading(handlers, files, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    *_, (records, _, _, shown) = done(handlers, files, BatchSession())
    assert [record["status"] for record in records] == ["read", "rejected", "read"]
    assert not any(row[7] for row in rows_of(shown))


def test_another_operating_point_runs_no_network(files):
    loaded = FakePredictor(VARIANT)
    handlers, session = BatchHandlers(Predictors(lambda variant: loaded)), BatchSession()
    done(handlers, files, session)
    readings = loaded.readings
    summary, shown, *_ = handlers.on_operating_point_change("screening", session)
    assert loaded.readings == readings
    assert {record["operating_point"] for record in session.batch.records} == {"screening"}
    point = loaded.operating_points["screening"]
    first = session.batch.records[0]
    assert first["finding"] == point.finding(first["probability"]) == PNEUMONIA
    assert rows_of(shown)[0][1:3] == [shared_texts.NOT_RULED_OUT, UNCERTAIN]
    assert session.batch.records[1]["finding"] is None
    assert "Judged at Screening" in summary and "1 with signs of pneumonia, 1 in doubt" in summary


def test_an_operating_point_changed_in_the_middle_judges_what_comes_after_too(handlers, files, monkeypatch):
    monkeypatch.setattr(batch, "_REDRAW_SECONDS", 0)
    session = BatchSession()
    steps = handlers.on_read(files, VARIANT, "balanced", session)
    next(steps), next(steps)
    assert len(session.batch.records) == 1
    summary, shown, *_ = handlers.on_operating_point_change("screening", session)
    assert isinstance(summary, dict) and len(rows_of(shown)) == 1  # it goes on
    *_, (records, _, summary, _) = steps
    assert {record["operating_point"] for record in records} == {"screening"}
    assert "Judged at Screening" in summary


def test_a_page_that_was_left_alone_shows_no_old_table(handlers):
    assert handlers.on_operating_point_change("screening", BatchSession())[0]["__type__"] == "update"
    summary, shown, *opened = handlers.on_operating_point_change("screening", BatchSession(expired=True))
    assert "left alone" in summary and shown is None and opened == ["", ""]


def test_a_row_opens_its_reading_however_the_list_is_sorted(handlers, files):
    session = BatchSession()
    done(handlers, files, session)
    verdict, viewer, details, _ = opened(handlers, session, 3)
    assert "Image 3: ward/=bright.png" in verdict and "Signs of pneumonia" in verdict
    assert len(viewer["panes"]) == 1
    assert "Inside the lungs: 82%" in verdict and shared_texts.CHECKS in details
    verdict, viewer, *_ = opened(handlers, session, 2)
    assert "PDF" in verdict and viewer is None and session.reading is None
    for number in (0, 4, -1, "x", None, [1]):
        with pytest.raises(gr.Error):
            opened(handlers, session, number)


def test_the_opened_row_is_judged_as_the_list_is_and_follows_it(files):
    loaded = FakePredictor(VARIANT)
    handlers, session = BatchHandlers(Predictors(lambda variant: loaded)), BatchSession()
    done(handlers, files, session)
    handlers.on_operating_point_change("screening", session)
    verdict, *_ = opened(handlers, session, 1)
    assert "counts as pneumonia from 20.0%" in verdict and shared_texts.NOT_RULED_OUT in verdict
    readings = loaded.readings
    *_, verdict, details = handlers.on_operating_point_change("rule-in", session)
    assert loaded.readings == readings
    assert (
        "Image 1: dark.png" in verdict
        and "counts as pneumonia from 80.0%" in verdict
        and shared_texts.CHECKS in details
    )
    # A row without a reading keeps its reason.
    opened(handlers, session, 2)
    assert all(part["__type__"] == "update" for part in handlers.on_operating_point_change("balanced", session)[2:])


def test_the_region_of_the_opened_row_is_tested_after_it(files):
    handlers, session = BatchHandlers(Predictors(load_fake)), BatchSession()
    assert all(part["__type__"] == "update" for part in handlers.on_region_test(session)), "nothing is opened"
    list(handlers.on_read(files, "custom-cnn", "balanced", session))
    *_, announced = opened(handlers, session, 3)
    assert shared_texts.TESTING_REGION in announced
    sentence, viewer, verdict = handlers.on_region_test(session)
    assert sentence == "" and viewer["panes"][0]["dashed"]
    assert 0 < verdict.index(shared_texts.REGION_UNCONFIRMED) < verdict.index('class="answer"')
    assert "Image 3" in verdict and "mostly" not in verdict, "a place that is not confirmed"
    assert not session.reading.region.support.supported
    opened(handlers, session, 2)
    assert all(part["__type__"] == "update" for part in handlers.on_region_test(session)), "a file that was refused"


def test_the_region_of_a_row_that_was_opened_before_the_next_batch_began_is_tested_in_its_own_image(files):
    tested = []

    class Watched(FakePredictor):
        def measure_support(self, source, interrupted):
            tested.append(source.radiograph.sha256)
            return super().measure_support(source, interrupted)

    handlers, session = BatchHandlers(Predictors(Watched)), BatchSession()
    list(handlers.on_read(files, "custom-cnn", "balanced", session))
    handlers.on_start(session)  # the next batch waits its turn
    opened(handlers, session, 3)
    list(handlers.on_read(files[:1], "custom-cnn", "balanced", session))
    handlers.on_region_test(session)
    ((_, prediction),) = session.reading.predictions.items()
    assert tested == [prediction.image_sha256]
    assert "Image 3" in handlers.on_operating_point_change("rule-in", session)[2]


def test_a_list_that_was_read_otherwise_says_so(handlers, files):
    session = BatchSession()
    assert handlers.on_choice_change(session)["__type__"] == "update", "nothing was read"
    done(handlers, files, session)
    assert batch_texts.READ_ALL in handlers.on_choice_change(session)


def test_a_row_that_cannot_be_opened_leaves_no_other_beside_it(handlers, files):
    session = BatchSession()
    done(handlers, files, session)
    opened(handlers, session, 3)
    Path(files[0]).unlink()
    with pytest.raises(gr.Error, match="deleted"):
        opened(handlers, session, 1)
    prompt, viewer, *nothing = handlers.on_open_failure(session)
    assert shared_texts.TRY_AGAIN in prompt and viewer is None and nothing == ["", ""] and session.reading is None


def test_a_point_that_is_changed_while_a_row_is_opened_counts_for_it(handlers, files, monkeypatch):
    session = BatchSession()
    done(handlers, files, session)
    read = batch._read

    def read_and_choose(*arguments):
        result = read(*arguments)
        handlers.on_operating_point_change("rule-in", session)
        return result

    monkeypatch.setattr(batch, "_read", read_and_choose)
    assert "counts as pneumonia from 80.0%" in opened(handlers, session, 3)[0]


def test_of_two_rows_that_are_opened_the_last_one_is_shown(handlers, files, monkeypatch):
    session = BatchSession()
    done(handlers, files, session)
    read = batch._read

    def read_after_another(*arguments):
        monkeypatch.setattr(batch, "_read", read)
        assert "Image 3" in opened(handlers, session, 3)[0]
        return read(*arguments)

    monkeypatch.setattr(batch, "_read", read_after_another)
    assert all(part["__type__"] == "update" for part in opened(handlers, session, 1)), "it would come last"
    assert session.reading.name == "ward/=bright.png"


def test_the_report_is_of_the_opened_row_at_the_point_of_the_list(files, monkeypatch, tmp_path):
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "uploads"))
    predictors, session = Predictors(load_fake), BatchSession()
    handlers, report = BatchHandlers(predictors), ReportHandlers(predictors, comparison=False)
    done(handlers, files, session)
    with pytest.raises(gr.Error, match=shared_texts.NOTHING_READ):
        report.on_json_request(False, session)
    opened(handlers, session, 3)
    handlers.on_operating_point_change("rule-in", session)
    (reading,) = json.loads(Path(report.on_json_request(False, session)).read_text())["readings"]
    assert reading["image_sha256"] == session.batch.records[2]["image_sha256"]
    assert reading["operating_point"] == "rule-in" and reading["finding"] == session.batch.records[2]["finding"]
    # With the next batch nothing is opened.
    handlers.on_start(session)
    with pytest.raises(gr.Error, match=shared_texts.NOTHING_READ):
        report.on_json_request(False, session)


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
    # In the words of the page, which tell what is in doubt.
    assert [row["answer"] for row in rows] == [shared_texts.LEANS_NOT_RULED_OUT, "", shared_texts.SIGNS]
    assert float(rows[0]["probability"]) == session.batch.records[0]["probability"] and rows[0]["notice"]


def test_overlays_come_as_one_archive_without_those_that_were_not_read(handlers, files, monkeypatch, tmp_path):
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "uploads"))
    session = BatchSession()
    with pytest.raises(gr.Error, match=shared_texts.NOTHING_READ):
        handlers.on_overlays_request(session)
    done(handlers, files, session)
    with zipfile.ZipFile(handlers.on_overlays_request(session)["value"]) as archive:
        assert archive.namelist() == ["0001 dark.jpg", "0003 =bright.jpg"]
        with archive.open("0001 dark.jpg") as file:
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
    monkeypatch.setattr("demo.tabs.batch.files.MAX_FILES", 2)
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
    summary, shown, *_ = handlers.on_operating_point_change("balanced", session)
    assert "Stopped: 1 of 3 images" in summary and len(rows_of(shown)) == 1
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
        assert archive.namelist() == ["0001 dark.jpg", "0003 =bright.jpg"]
    with pytest.raises(gr.Error, match=shared_texts.UPLOAD_DELETED):
        opened(handlers, session, 3)


def test_what_was_deleted_stays_deleted_and_is_said_to_be(handlers, files, monkeypatch, tmp_path):
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "uploads"))
    session = BatchSession()
    done(handlers, files, session)
    for file in files:
        Path(file).unlink()
    for row in (1, 3):
        with pytest.raises(gr.Error, match=shared_texts.UPLOAD_DELETED):
            opened(handlers, session, row)
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
