"""Reports: what they say and draw, and what they must not hold."""

import json
import logging
import re
import shlex
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from io import BytesIO
from pathlib import Path

import gradio as gr
import numpy as np
import pytest
from pypdf import PdfReader

from demo.report import texts as report_texts
from demo.report import typesetting as report_text
from demo.report.handlers import LONGEST_COMMENT, ReportHandlers
from demo.report.pdf import to_pdf
from demo.report.report import Entry, Report
from demo.report.typesetting import markup
from demo.shared import radiograph_images
from demo.shared import texts as shared_texts
from demo.shared.answer import answer, evidence_sentences
from demo.shared.predictors import Predictors
from demo.shared.session import Session
from demo.tabs.compare.handlers import CompareHandlers
from demo.tabs.read.handlers import ReadHandlers
from demo.viewer.contents import evidence_pane
from pneumonia import __version__, load_predictor
from pneumonia.core.check import Check
from pneumonia.core.labels import PNEUMONIA
from pneumonia.core.notices import INTENDED_USE, LIMITS, NOTICE
from pneumonia.explain.strength import STEPS
from pneumonia.records.receipt import VERIFY, JudgedPrediction, command, read_receipt, receipt
from pneumonia.variants.registry import PUBLISHED, get_variant
from pneumonia.weights.folder import WEIGHTS_FOLDER
from scripts import ROOT
from scripts.studies.reliability.synthetic_images import PATIENT, PATIENT_ID, dicom_bytes, encode, radiograph
from tests.fixtures.fakes import LUNGS, FakePredictor, load_all_but_frozen, load_fake

VARIANT = "mobilenetv2-finetuned"
MADE = datetime(2026, 11, 21, 14, 32, 5, tzinfo=timezone(timedelta(hours=5, minutes=30)))
NAME = "Doe_Jane_1950.png"
FIGURES = ("sensitivity 95.1% (95% interval 93.4% to 96.6%)", "specificity 90.2% (95% interval 87.1% to 92.9%)")


@pytest.fixture
def chest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Path of a radiograph under a patient's name; downloads go beside it."""
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "uploads"))
    path = tmp_path / NAME
    path.write_bytes(encode(radiograph(), "PNG"))
    return str(path)


def read(file: str, load=load_fake) -> tuple[ReportHandlers, Session]:
    """Read a file on the Read tab."""
    session, predictors = Session(), Predictors(load)
    ReadHandlers(predictors).on_read(file, VARIANT, "balanced", session)
    return ReportHandlers(predictors, comparison=False), session


def compare(file: str, load=load_fake) -> tuple[ReportHandlers, Session]:
    """Read a file on the Compare tab."""
    session, predictors = Session(), Predictors(load)
    CompareHandlers(predictors).on_compare(file, "screening", session)
    return ReportHandlers(predictors, comparison=True), session


def made(
    seed: int = 0, name: str | None = None, checks: tuple[Check, ...] = (), compared: bool = False, comment: str = ""
) -> Report:
    """A report of a made radiograph, at a known time."""
    pixels, entries = radiograph(seed=seed), []
    for variant in PUBLISHED if compared else [VARIANT]:
        predictor = FakePredictor(variant)
        prediction = replace(predictor.predict(pixels), checks=checks)
        judged = JudgedPrediction(prediction, predictor.operating_points["balanced"], predictor)
        entries.append(Entry(get_variant(variant).title, variant, pixels, judged, name))
    return Report(tuple(entries), MADE, ("All agree.", "") if compared else None, comment=comment)


def words(document: str | bytes) -> str:
    """The text of all pages of a PDF document."""
    pages = PdfReader(BytesIO(document) if isinstance(document, bytes) else document).pages
    return " ".join(" ".join(page.extract_text() for page in pages).split())


def everything(path: str) -> bytes:
    """The bytes of a file and, if it is a PDF document, of all its streams, unpacked."""
    contents = Path(path).read_bytes()
    if path.endswith(".pdf"):
        reader = PdfReader(path)
        for number in range(1, len(reader.xref[0]) + 1):
            part = reader.get_object(number)
            contents += part.get_data() if hasattr(part, "get_data") else repr(part).encode()
    return contents


# === A reading ===


def test_a_reading_is_told_in_full_on_one_page(chest):
    handlers, session = read(chest)
    path = handlers.on_pdf_request(False, session)
    (prediction,) = session.reading.predictions.values()
    text = words(path)
    for said in (
        *(NOTICE, INTENDED_USE, shared_texts.TRAINED_ON, *LIMITS),
        *(shared_texts.CLOSE, f"{shared_texts.PROBABILITY} {prediction.probability:.1%}"),
        *("counts as pneumonia from 50.0%", "too close to call 42.0% to 56.0%", "Balanced: sensitivity", *FIGURES),
        *(
            shared_texts.ORIGINAL,
            shared_texts.OVERLAY,
            shared_texts.MAP_HELP,
            shared_texts.KEY_LUNGS,
            evidence_sentences(prediction, 4.0)[0],
        ),
        *(prediction.image_sha256, prediction.weights_sha256),
        *("MobileNetV2, fine-tuned, weights version 1.0.0", f"pneumonia {__version__}", f"{prediction.logit:.5f}"),
        "python scripts/predict.py IMAGE --variant mobilenetv2-finetuned --operating-point balanced --format jsonl",
        *(VERIFY, f"image {prediction.image_sha256[:12]}", "page 1 of 1"),
    ):
        assert said in text, said
    assert text.count(NOTICE) == 2  # at the top and at the foot
    assert re.search(r"Report made \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC[+-]\d\d:\d\d ", text)
    # No word that a clinician would have to look up before the small print.
    above = text[: text.index(shared_texts.LIMITS)]
    assert not any(jargon in above for jargon in ("ogit", "ariant", "SHA-256", "ECE", "--format"))
    assert re.fullmatch(r"reading-\d{4}-\d\d-\d\d-\d{4}\.pdf", Path(path).name)


def test_the_pictures_are_those_of_the_page_without_loss(chest):
    handlers, session = read(chest)
    shown = radiograph_images.preview(radiograph() / np.float32(255))
    path = handlers.on_pdf_request(False, session)
    pictures = [np.asarray(picture.image) for picture in PdfReader(path).pages[0].images]
    (prediction,) = session.reading.predictions.values()
    drawn = radiograph_images.printed(shown, prediction, 4.0)
    for expected in (shown, drawn):
        assert any(np.array_equal(picture, expected) for picture in pictures)
    text = words(path)
    assert shared_texts.MAP_HELP in text and shared_texts.KEY_LUNGS in text
    assert " ".join(word for word, _ in STEPS) in text and "logits" not in text


def test_another_operating_point_is_reported_as_it_is_shown(chest):
    handlers, session = read(chest)
    ReadHandlers(Predictors(load_fake)).on_operating_point_change(VARIANT, "rule-in", session)
    text = words(handlers.on_pdf_request(False, session))
    assert (
        "counts as pneumonia from 80.0%" in text
        and "--operating-point rule-in" in text
        and shared_texts.NOT_RULED_IN in text
    )
    assert (
        json.loads(Path(handlers.on_json_request(False, session)).read_text())["readings"][0]["operating_point"]
        == "rule-in"
    )


def test_a_threshold_of_ones_own_is_reported_and_the_command_names_no_operating_point(chest):
    handlers, session = read(chest)
    ReadHandlers(Predictors(load_fake)).on_threshold_change(0.9, session)
    text = words(handlers.on_pdf_request(False, session))
    assert (
        "Your threshold: sensitivity" in text
        and "counts as pneumonia from 90.0%" in text
        and "--operating-point" not in text
    )
    (kept,) = json.loads(Path(handlers.on_json_request(False, session)).read_text())["readings"]
    assert (kept["operating_point"], kept["operating_point_figures"]["threshold"]) == ("own", pytest.approx(0.9))


def test_a_report_says_whether_the_outlined_region_matters(chest):
    for variant, said in ((VARIANT, "matters to the answer"), ("custom-cnn", "is not confirmed")):
        session, predictors = Session(), Predictors(load_fake)
        tab, handlers = ReadHandlers(predictors), ReportHandlers(predictors, comparison=False)
        tab.on_image_choice(chest, session, "balanced", 0.5, variant)
        tab.on_read(None, variant, "balanced", session)
        assert shared_texts.REGION_UNTESTED in words(handlers.on_pdf_request(False, session))
        assert json.loads(Path(handlers.on_json_request(False, session)).read_text())["region_test"] is None
        tab.on_region_test(session)
        text = words(handlers.on_pdf_request(False, session))
        assert said in text and shared_texts.REGION_UNTESTED not in text
        if not session.reading.region.support.supported:
            # Among the warnings, before anything is said of the finding.
            found = answer(predictors.judged_prediction(variant, session.reading.predictions[variant])).sentence
            assert text.index(f"Careful: {shared_texts.REGION_UNCONFIRMED}") < text.index(found)
            assert text.count(shared_texts.REGION_UNCONFIRMED) == 1
        record = json.loads(Path(handlers.on_json_request(False, session)).read_text())
        assert record["region_test"]["verdict"] == session.reading.region.support.verdict
        assert len(read_receipt(json.dumps(record).encode()).readings) == 1


def test_checks_put_what_needs_care_first_and_go_on_over_pages():
    checks = tuple(
        Check(
            str(number), "warn" if number % 2 else "ok", f"Remark <b>{number}</b>" + " on and on" * 30 + f" {number}."
        )
        for number in range(40)
    )
    for compared in (False, True):
        document = to_pdf(made(checks=checks, compared=compared))
        text = words(document)
        flowing = re.sub(rf" {re.escape(NOTICE)} {MADE:%Y-%m-%d}.*?page \d of \d", "", text)
        for check in checks:
            assert check.message in flowing
        # All that needs care comes before the answer, what was passed at the foot.
        first, last = text.index(checks[1].message), text.index(checks[0].message)
        assert first < text.index(shared_texts.PROBABILITY) < text.index(shared_texts.LIMITS) < last
        pages = PdfReader(BytesIO(document)).pages
        assert len(pages) > 2
        for number, page in enumerate(pages, start=1):
            assert NOTICE in page.extract_text() and f"page {number} of {len(pages)}" in page.extract_text()


def test_images_of_any_shape_stay_on_one_page():
    for shape in ((128, 1024), (1024, 128)):
        report = made()
        report = replace(report, entries=(report.entries[0]._replace(shown=np.zeros(shape, np.uint8)),))
        assert len(PdfReader(BytesIO(to_pdf(report))).pages) == 1


def test_pictures_are_printed_with_at_least_300_dots_an_inch(chest, tmp_path):
    path = tmp_path / "large.png"
    path.write_bytes(encode(np.kron(radiograph(), np.ones((7, 5), np.uint8)), "PNG"))
    for tab in (read, compare):
        handlers, session = tab(str(path))
        (page, *_) = PdfReader(handlers.on_pdf_request(False, session)).pages
        sizes, matrices = [image.image.size for image in page.images], []
        page.extract_text(
            visitor_operand_before=lambda name, _, matrix, __, to=matrices: to.append(matrix) if name == b"Do" else None
        )
        assert matrices
        # The ramp of colours is a picture too.
        widths = [matrix[0] / 72 for matrix in matrices if matrix[3] > 72]
        wide = [size[0] for size in sizes if size[1] > 100]
        assert len(widths) >= len(wide) >= 2
        assert min(wide) / max(widths) >= 300


def test_the_picture_has_the_contour_of_the_viewer():
    prediction = made().entries[0].judged.prediction
    lines = evidence_pane({}, prediction, 4.0)["contour"]
    shown = np.full((600, 400), 90, np.uint8)
    plain, printed = (
        draw(shown, prediction, 4.0) for draw in (radiograph_images.overlay_on, radiograph_images.printed)
    )
    assert lines
    for line in lines:
        places = np.array(line) * (400, 600)
        drawn = printed[places[:, 1].astype(int), places[:, 0].astype(int)]
        # White, but for points at the edge.
        assert np.mean((drawn > 240).all(axis=1)) > 0.9
    assert (printed != plain).any(axis=2).mean() < 0.1
    # One that is not confirmed has gaps.
    dashed = radiograph_images.printed(shown, prediction, 4.0, confirmed=False)
    white = [(picture > 240).all(axis=2).sum() - (plain > 240).all(axis=2).sum() for picture in (printed, dashed)]
    assert 0.3 < white[1] / white[0] < 0.9
    weak = replace(prediction, heatmap=prediction.heatmap / 100)
    assert np.array_equal(
        *(draw(shown, weak, 4.0) for draw in (radiograph_images.overlay_on, radiograph_images.printed))
    )


def test_the_time_is_that_of_the_reader(chest):
    handlers, session = read(chest)
    for zone, said in ((330.0, "UTC+05:30"), (-150.0, "UTC-02:30"), (0.0, "UTC+00:00")):
        assert said in words(handlers.on_pdf_request(False, session, "", zone))
        assert json.loads(Path(handlers.on_json_request(False, session, "", zone)).read_text())["made"].endswith(
            said[3:]
        )
    # Of a zone that there is not, or none, the server's.
    server = datetime.now().astimezone().isoformat()[-6:]
    for zone in (None, 1e9, float("nan")):
        assert f"UTC{server}" in words(handlers.on_pdf_request(False, session, "", zone))


def test_a_predictive_value_is_reported_if_a_prevalence_was_chosen(chest):
    handlers, session = read(chest)
    ReadHandlers(Predictors(load_fake)).on_operating_point_change(VARIANT, "screening", session)
    assert "redictive value" not in words(handlers.on_pdf_request(False, session))
    assert "prevalence" not in json.loads(Path(handlers.on_json_request(False, session)).read_text())
    session.prevalence = 0.1
    assert "Positive predictive value where 10% have it" in words(handlers.on_pdf_request(False, session))
    assert json.loads(Path(handlers.on_json_request(False, session)).read_text())["prevalence"] == 0.1


# === The comment ===


def test_a_comment_stands_in_both_forms_and_nowhere_else(chest, caplog):
    handlers, session = read(chest)
    comment = "  Zebra lobe,\n\nnext line. "
    with caplog.at_level(logging.DEBUG):
        document = handlers.on_pdf_request(False, session, comment)
        record = json.loads(Path(handlers.on_json_request(False, session, comment)).read_text())
    assert f"{report_texts.OF_READER} Zebra lobe, next line. " in words(document)
    assert record["comment"] == comment.strip() and read_receipt(json.dumps(record).encode()).readings
    assert "Zebra" not in caplog.text and "Zebra" not in repr(session) and "Zebra" not in document
    # The next report knows nothing of it.
    assert "Zebra" not in words(handlers.on_pdf_request(False, session))
    assert "comment" not in json.loads(Path(handlers.on_json_request(False, session, "  ")).read_text())


@pytest.mark.parametrize(
    ("comment", "pages"),
    [
        ("The right lower zone. " * 36, 1),
        ("W" * LONGEST_COMMENT, 1),
        ("ж" * LONGEST_COMMENT, 1),
        ("\U0001f600" * LONGEST_COMMENT, None),
        ("a\n" * (LONGEST_COMMENT // 2), None),
        ("<b>&amp;</para>\0\x1b[31m\u202e\ud800 \t" * 20, 1),
        ("\u05d0" * LONGEST_COMMENT, None),
    ],
)
def test_any_comment_is_set(comment, pages):
    document = to_pdf(made(comment=comment))
    text = "".join(words(document).split())
    assert "".join(report_texts.OF_READER.split()) in text and shared_texts.LIMITS in text
    if pages:
        assert len(PdfReader(BytesIO(document)).pages) == pages
    if comment.isascii() and comment.isalpha():
        assert comment in text


def test_a_comment_that_is_too_long_is_refused(chest):
    handlers, session = read(chest)
    for make in (handlers.on_pdf_request, handlers.on_json_request):
        with pytest.raises(gr.Error, match=f"longer than {LONGEST_COMMENT} letters"):
            make(False, session, "x" * (LONGEST_COMMENT + 1))


# === A comparison ===


def test_a_comparison_has_every_variant_and_why_one_is_missing(chest):
    handlers, session = compare(chest, load_all_but_frozen)
    path = handlers.on_pdf_request(False, session)
    text = words(path)
    assert "The networks disagree on pneumonia at this operating point: 1 too close to call, 1 called." in text
    assert "MobileNetV2, frozen is unavailable. There is no weights folder for mobilenetv2-frozen." in text
    for variant, prediction in session.reading.predictions.items():
        for said in (get_variant(variant).title, f"{prediction.probability:.1%}", prediction.weights_sha256):
            assert said in text
        assert f"--variant {variant} --operating-point screening --format jsonl" in text
    shown = session.reading.shown
    pictures = [np.asarray(picture.image) for page in PdfReader(path).pages for picture in page.images]
    overlays = [
        radiograph_images.printed(shown, prediction, 4.0, confirmed=False)
        for prediction in session.reading.predictions.values()
    ]
    for expected in (shown, *overlays):
        assert any(np.array_equal(picture, expected) for picture in pictures)
    assert Path(path).name.startswith("comparison-")
    record = json.loads(Path(handlers.on_json_request(False, session)).read_text())
    assert [reading["variant"] for reading in record["readings"]] == ["custom-cnn", "mobilenetv2-finetuned"]
    assert record["unavailable"] == {"mobilenetv2-frozen": "There is no weights folder for mobilenetv2-frozen."}


def test_a_comparison_names_no_place_and_says_that_no_region_was_tested():
    heatmap = np.zeros((10, 10), np.float32)
    heatmap[2, 2] = 100.0
    found = {"heatmap": heatmap, "lungs": LUNGS, "in_lung_share": 0.8, "probability": 0.99, "finding": PNEUMONIA}
    compared, alone = made(compared=True), made()

    def told(report: Report, titles: tuple[str, ...] = ()) -> str:
        judged = [entry.judged for entry in report.entries]
        judged = [of._replace(prediction=replace(of.prediction, **found)) for of in judged]
        entries = [entry._replace(judged=of) for entry, of in zip(report.entries, judged, strict=True)]
        if titles:
            entries = [entries[0]._replace(title=title) for title in titles]
        return words(to_pdf(replace(report, entries=tuple(entries))))

    for text in (told(compared), told(compared, shared_texts.PAIR)):
        assert shared_texts.SIGNS in text and "upper zone" not in text and "mostly" not in text
        assert shared_texts.REGIONS_NOT_TESTED in text and report_texts.KEY_UNTESTED in text
        assert report_texts.KEY_REGION not in text
    text = told(alone)
    assert f"{shared_texts.SIGNS}, mostly right upper zone" in text and report_texts.KEY_REGION in text
    assert shared_texts.REGIONS_NOT_TESTED not in text


def test_a_check_that_one_variant_made_names_it():
    report = made(compared=True)
    odd, *others = report.entries
    prediction = odd.judged.prediction
    noticed = (*prediction.checks, Check("evidence", "warn", "Look closely."))
    odd = odd._replace(judged=odd.judged._replace(prediction=replace(prediction, checks=noticed)))
    report = replace(report, entries=(odd, *others))
    assert "Careful (Custom CNN): Look closely." in words(to_pdf(report))


# === Identity ===


@pytest.mark.parametrize("form", ["pdf", "json"])
def test_a_file_name_is_there_only_if_it_was_asked_for(chest, form):
    handlers, session = read(chest)
    without, named = (getattr(handlers, f"on_{form}_request")(ticked, session) for ticked in (False, True))
    assert b"Jane" not in everything(without) and "Jane" not in Path(without).name
    assert b"Jane" in everything(named) and "Jane" not in Path(named).name


@pytest.mark.parametrize("tab", [read, compare])
def test_nothing_of_a_dicom_header_names_the_patient(tmp_path, chest, tab):
    path = tmp_path / "DOE^JANE MRN-4711"
    path.write_bytes(dicom_bytes(radiograph(), BurnedInAnnotation="YES", ReferringPhysicianName="HOUSE"))
    handlers, session = tab(str(path))
    document = handlers.on_pdf_request(False, session)
    assert "burnt" in words(document).lower() or "text" in words(document).lower()
    for contents in map(everything, (document, handlers.on_json_request(False, session))):
        for mark in (PATIENT, PATIENT_ID, "DOE", "JANE", "20200102", "2020-01-02", "General Hospital", "HOUSE"):
            assert mark.encode() not in contents, mark


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("<b>x</b>&amp;<img src=x>.png", "<b>x</b>&amp;<img src=x>.png"),
        ("Mu\u0308ller \N{EN DASH} Ελένη Дмитрий.dcm", "Müller \N{EN DASH} Ελένη Дмитрий.dcm"),
        # Not in the fonts, or not in their order: spelled out.
        ("\u05d0\u05d1 张 \u202efdp.png", r"\u05d0\u05d1 \u5f20 \u202efdp.png"),
        ("a\nb\ud800\0", r"a\nb\ud800\x00"),
    ],
)
def test_any_name_is_written_as_it_is(name, written):
    assert written in words(to_pdf(made(name=name)))
    assert json.loads(json.dumps(made(name=name).to_json()))["name"] == name


def test_a_name_of_300_letters_is_broken_and_whole():
    name = "x" * 296 + ".png"
    document = to_pdf(made(name=name))
    assert name in words(document).replace(" ", "")
    assert len(PdfReader(BytesIO(document)).pages) == 1


def test_fonts_are_embedded_only_for_letters_that_need_them():
    assert "<font" not in markup("Müller & Söhne: 5 € < 6") and "<font" in markup("Ελένη")
    plain, greek = (to_pdf(made(name=name)) for name in ("Helen", "Ελένη"))
    assert b"DejaVu" not in plain and b"DejaVu" in greek


def test_where_no_font_for_them_is_installed_letters_are_spelled_out(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    monkeypatch.setattr(report_text, "_wider_font", report_text._wider_font.__wrapped__)
    assert "Kowalski_\\u0141ukasz.dcm" in words(to_pdf(made(name="Kowalski_Łukasz.dcm")))


# === The document ===


def test_the_same_report_gives_the_same_bytes_and_tells_nothing_else():
    document = to_pdf(made())
    assert document == to_pdf(made())
    about = PdfReader(BytesIO(document)).metadata
    assert about.title == report_texts.READING_REPORT and not about.author and not about.subject and not about.creator
    assert about["/CreationDate"] == about["/ModDate"] == "D:20261121143205+05'30'"
    assert "2026-11-21 14:32:05 UTC+05:30" in words(document)


def test_reports_made_at_once_do_not_mix():
    reports = [made(seed, name=f"Ω{seed}") for seed in range(8)]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(to_pdf, reports)) == [to_pdf(report) for report in reports]


def test_there_is_nothing_to_report_before_a_reading_nor_after_another_choice(chest):
    handlers, session = read(chest)
    session.forget()
    for empty in (session, Session()):
        for make in (handlers.on_pdf_request, handlers.on_json_request):
            with pytest.raises(gr.Error, match=shared_texts.NOTHING_READ):
                make(False, empty)


def test_a_report_is_of_what_was_there_when_it_was_asked_for(chest, monkeypatch):
    predictors, session = Predictors(load_fake), Session()
    judged = predictors.judged_prediction
    ReadHandlers(predictors).on_image_choice(chest, session, "balanced", 0.5, VARIANT)
    ReadHandlers(predictors).on_read(None, VARIANT, "balanced", session)

    def judged_and_chosen(*arguments):
        session.choose(chest)
        return judged(*arguments)

    monkeypatch.setattr(predictors, "judged_prediction", judged_and_chosen)
    assert ReportHandlers(predictors, comparison=False).on_pdf_request(False, session)


def test_each_session_gets_the_report_of_its_own_image(chest, tmp_path):
    other_file = tmp_path / "other.png"
    other_file.write_bytes(encode(radiograph(seed=1), "PNG"))
    handlers, session = read(chest)
    _, other = read(str(other_file))
    hashes = []
    for of_one in (session, other, session):
        (reading,) = of_one.reading.predictions.values()
        text = words(handlers.on_pdf_request(True, of_one))
        assert reading.image_sha256 in text and of_one.reading.name in text
        hashes.append(reading.image_sha256)
    assert hashes[0] == hashes[2] != hashes[1]


def test_reports_lie_where_uploads_are_deleted(chest):
    handlers, session = read(chest)
    first, second = handlers.on_pdf_request(False, session), handlers.on_pdf_request(False, session)
    assert Path(first).is_relative_to(Path(chest).parent / "uploads") and first != second


# === Receipts ===


def test_a_receipt_holds_what_it_takes_to_judge_it_anew(chest):
    handlers, session = read(chest)
    record = json.loads(Path(handlers.on_json_request(False, session)).read_text())
    (kept,) = record["readings"]
    (prediction,) = session.reading.predictions.values()
    assert {name: kept[name] for name in prediction.to_dict()} == json.loads(json.dumps(prediction.to_dict()))
    assert kept["logit"] == prediction.logit and len(kept["image_sha256"]) == len(kept["weights_sha256"]) == 64
    figures = kept["operating_point_figures"]
    assert figures["threshold"] == 0.5 and figures["sensitivity"] == {"value": 0.951, "low": 0.934, "high": 0.966}
    assert kept["weights_version"] == "1.0.0" and record["program_version"] == __version__
    assert datetime.fromisoformat(record["made"]).tzinfo is not None
    assert "name" not in record and "path" not in json.dumps(record)


def test_a_threshold_of_ones_own_is_no_name_of_the_command():
    predictor = FakePredictor(VARIANT)
    own = replace(predictor.operating_points["balanced"], name="own", threshold=0.45)
    prediction = predictor.predict(radiograph()).with_calibration(predictor.calibration, own)
    assert command(prediction) == f"python scripts/predict.py IMAGE --variant {VARIANT} --format jsonl"
    kept = receipt([JudgedPrediction(prediction, own, predictor)], MADE, {})["readings"][0]
    assert kept["operating_point"] == "own" and kept["operating_point_figures"]["threshold"] == 0.45


@pytest.mark.skipif(not (WEIGHTS_FOLDER / "custom-cnn").is_dir(), reason="the weights folder has no trained weights")
def test_the_command_gives_the_same_logit(chest):
    prediction = load_predictor("custom-cnn").predict(chest, "screening")
    _, script, _, *options = shlex.split(command(prediction))
    done = subprocess.run([sys.executable, script, chest, *options], cwd=ROOT, capture_output=True, text=True)
    again = json.loads(done.stdout)
    assert again.pop("logit") == pytest.approx(prediction.logit, abs=1e-5)
    assert again["image_sha256"] == prediction.image_sha256 and again["operating_point"] == "screening"
