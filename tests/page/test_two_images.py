"""Two images side by side, and images that other tabs have already."""

import hashlib
import json
from pathlib import Path

import gradio as gr
import pytest
from pypdf import PdfReader

from demo.report.handlers import ReportHandlers
from demo.shared import texts as shared_texts
from demo.shared.predictors import Predictors
from demo.shared.session import Session
from demo.tabs.compare import texts as compare_texts
from demo.tabs.compare.handlers import CompareHandlers
from demo.tabs.compare.pair_handlers import PairHandlers, PairSession
from pneumonia.core.populations import ADULTS
from pneumonia.records.receipt import read_receipt
from scripts.studies.reliability.synthetic_images import encode, radiograph
from tests.fixtures.fakes import FakePredictor, TwoPopulations, load_all_but_frozen, load_fake

VARIANT = "mobilenetv2-finetuned"


@pytest.fixture
def files(tmp_path):
    """Paths of a radiograph and of a brighter one, which `FakePredictor` calls pneumonia."""
    paths = [tmp_path / "first.png", tmp_path / "second.png"]
    for path, pixels in zip(paths, (radiograph(), radiograph(seed=1) // 2 + 120), strict=True):
        path.write_bytes(encode(pixels, "PNG"))
    return [str(path) for path in paths]


def test_each_is_read_once_when_it_is_chosen(files):
    read, session = [], PairSession()

    class Counting(FakePredictor):
        def predict(self, source, operating_point="balanced", population=None):
            read.append(source)
            return super().predict(source, operating_point, population)

    handlers = PairHandlers(Predictors(Counting))
    assert handlers.on_image_choice(0, files[0], session)[0] is None
    first, viewer = handlers.on_read(VARIANT, "balanced", session)
    assert [pane["title"] for pane in viewer["panes"]] == ["Earlier image"]
    assert "Not chosen yet." in first and first.count(f"{shared_texts.PROBABILITY} <strong>") == 1
    handlers.on_image_choice(1, files[1], session)
    both, viewer = handlers.on_read(VARIANT, "balanced", session)
    assert [pane["title"] for pane in viewer["panes"]] == ["Earlier image", "Later image"]
    assert both.count(f"{shared_texts.PROBABILITY} <strong>") == 2
    assert "Signs of pneumonia" in both and "No change beyond what" in both and "logit" not in both
    assert len(read) == 2
    assert both != handlers.on_operating_point_change(VARIANT, "rule-in", session) and len(read) == 2
    handlers.on_variant_change(session)
    assert "Custom CNN" not in handlers.on_read("custom-cnn", "balanced", session)[0] and len(read) == 4


def test_a_file_that_is_no_image_leaves_the_other(files, tmp_path):
    letter = tmp_path / "letter.png"
    letter.write_bytes(b"%PDF-1.7 a letter")
    handlers, session = PairHandlers(Predictors(load_fake)), PairSession()
    handlers.on_image_choice(0, files[0], session)
    handlers.on_image_choice(1, str(letter), session)
    table, viewer = handlers.on_read(VARIANT, "balanced", session)
    assert len(viewer["panes"]) == 1
    assert "PDF" in table and table.count(f"{shared_texts.PROBABILITY} <strong>") == 1 and "No change" not in table
    assert compare_texts.ONE_OF_TWO in table


def test_what_was_overtaken_is_not_shown(files):
    session = PairSession()

    class Overtaken(FakePredictor):
        def predict(self, *arguments):
            handlers.on_image_choice(0, files[1], session)  # as if it were chosen while the network runs
            return super().predict(*arguments)

    handlers = PairHandlers(Predictors(Overtaken))
    handlers.on_image_choice(0, files[0], session)
    assert handlers.on_read(VARIANT, "balanced", session) == (gr.skip(), gr.skip()) and session.results == [None, None]


def test_an_image_chosen_while_the_last_one_is_judged_is_read(files, monkeypatch):
    predictors, session = Predictors(load_fake), PairSession()
    handlers, judged = PairHandlers(predictors), predictors.judged
    handlers.on_image_choice(0, files[0], session)
    handlers.on_read(VARIANT, "balanced", session)

    def judged_and_chosen(*arguments):
        handlers.on_image_choice(0, files[1], session)
        return judged(*arguments)

    monkeypatch.setattr(predictors, "judged", judged_and_chosen)
    assert handlers.on_operating_point_change(VARIANT, "rule-in", session) == gr.skip()
    handlers.on_read(VARIANT, "balanced", session)
    assert session.results[0].name == Path(files[1]).name


def test_nothing_to_judge_missing_weights_and_deleted_files(files):
    handlers, session = PairHandlers(Predictors(load_all_but_frozen)), PairSession()
    assert handlers.on_operating_point_change(VARIANT, "rule-in", session) == gr.skip()
    assert "Choose two radiographs, an earlier and a later one" in handlers.on_variant_change(session)[0]
    handlers.on_image_choice(0, "/nowhere/x.png", session)
    with pytest.raises(gr.Error, match=shared_texts.UPLOAD_DELETED):
        handlers.on_read(VARIANT, "balanced", session)
    handlers.on_image_choice(0, files[0], session)
    with pytest.raises(gr.Error, match="no weights folder"):
        handlers.on_read("mobilenetv2-frozen", "balanced", session)


# === The image of another tab ===


def chosen(file: str) -> Session:
    """The session of a tab where a file was chosen just now."""
    session = Session()
    session.choose(file)
    return session


def test_the_image_chosen_last_on_another_tab_is_read_as_the_later_one(files):
    handlers, session = PairHandlers(Predictors(TwoPopulations)), PairSession()
    compared, read = chosen(files[0]), chosen(files[1])
    others = read, ADULTS, compared, shared_texts.NOT_STATED
    (_, prompt, _, population, comment), (_, table, viewer, *_) = handlers.on_open(
        VARIANT, "balanced", session, shared_texts.NOT_STATED, *others
    )
    assert session.files == [None, files[1]] and (population, comment) == (ADULTS, "")
    assert shared_texts.READING in prompt and table.count(f"{shared_texts.PROBABILITY} <strong>") == 1
    assert [pane["title"] for pane in viewer["panes"]] == ["Later image"]
    assert session.readings["Later image"].predictions[VARIANT].population_source == "reader"
    # Nothing new is there.
    (nothing,) = handlers.on_open(VARIANT, "balanced", session, ADULTS, *others)
    assert all(value == gr.skip() for value in nothing)
    # Another is, until there are two.
    compared.choose(files[0])
    assert len(list(handlers.on_open(VARIANT, "balanced", session, ADULTS, *others))) == 2
    assert session.files == [None, files[0]]
    handlers.on_image_choice(1, files[1], session)
    compared.choose(files[0])
    assert len(list(handlers.on_open(VARIANT, "balanced", session, ADULTS, *others))) == 2
    assert session.files == [files[0], files[1]], "one that was chosen here is not replaced"
    read.choose(str(Path(files[0]).with_name("third.png")))
    Path(read.file).write_bytes(Path(files[0]).read_bytes())
    assert len(list(handlers.on_open(VARIANT, "balanced", session, ADULTS, *others))) == 1
    assert session.files == [files[0], files[1]]


def test_compare_reads_the_image_of_the_read_tab_as_the_same_patient(files):
    handlers, session, read = CompareHandlers(Predictors(TwoPopulations)), Session(), chosen(files[1])
    first, second = handlers.on_open("balanced", session, read, ADULTS)
    assert first[1] is session and session.file == files[1] and first[4:] == (ADULTS, "")
    records, _, table, viewer, *_ = second
    assert {record["population"] for record in records} == {ADULTS} and len(viewer["panes"]) == 1 + len(records)
    assert "networks" in table
    # One that is chosen here stays until another is chosen there.
    handlers.on_image_choice(files[0], session)
    assert len(list(handlers.on_open("balanced", session, read, ADULTS))) == 1 and session.file == files[0]
    read.choose(files[1])
    assert len(list(handlers.on_open("balanced", session, read, ADULTS))) == 2 and session.file == files[1]


def test_there_is_nothing_to_take_over_where_nothing_was_chosen_or_it_was_deleted(files):
    handlers, session = CompareHandlers(Predictors(load_fake)), Session()
    for read in (Session(), Session(expired=True), chosen("/nowhere/x.png")):
        (nothing,) = handlers.on_open("balanced", session, read, shared_texts.NOT_STATED)
        assert all(value == gr.skip() for value in nothing) and session == Session()


# === Its report ===


def test_two_images_have_a_report(files, tmp_path, monkeypatch):
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "uploads"))
    predictors, session = Predictors(load_fake), PairSession()
    handlers, reports = PairHandlers(predictors), ReportHandlers(predictors, comparison=True)
    handlers.on_image_choice(1, files[1], session)
    handlers.on_read(VARIANT, "balanced", session)
    with pytest.raises(gr.Error, match="Choose two images first"):
        reports.on_pdf_request(False, session)
    handlers.on_image_choice(0, files[0], session)
    table, _ = handlers.on_read(VARIANT, "balanced", session)
    document = PdfReader(reports.on_pdf_request(True, session, "Worse than last week."))
    text = " ".join(" ".join(page.extract_text() for page in document.pages).split())
    headline = "No change beyond what two images of one child differ by"
    assert headline in table
    for said in (headline, "Earlier image: first.png", "Later image: second.png", "Worse than last week."):
        assert said in text
    assert text.count("--format jsonl") == 1  # one network, said once
    record = json.loads(Path(reports.on_json_request(True, session, "Worse than last week.")).read_text())
    first, _ = record["readings"]
    assert (first["image"], first["name"]) == ("Earlier image", "first.png") and "name" not in record
    assert record["comment"] == "Worse than last week." and record["summary"].startswith(headline)
    # Whoever has one of the images verifies its reading.
    hashes = [hashlib.sha256(Path(file).read_bytes()).hexdigest() for file in files]
    assert [reading["image_sha256"] for reading in read_receipt(json.dumps(record).encode()).readings] == hashes
