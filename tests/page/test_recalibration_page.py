"""Recalibration on the page: made from an archive, chosen on the Read tab, seen by nobody else."""

import functools
import json
import zipfile
from dataclasses import replace
from html import escape
from pathlib import Path

import gradio as gr
import numpy as np
import pytest
from gradio.utils import deep_hash
from scipy.special import expit

from demo.report.handlers import ReportHandlers
from demo.shared import texts as shared_texts
from demo.shared.predictors import Predictors
from demo.shared.session import Session
from demo.tabs.performance.recalibration import handlers as recalibration_module
from demo.tabs.performance.recalibration import texts as recalibration_texts
from demo.tabs.performance.recalibration.handlers import RecalibrationHandlers
from demo.tabs.read import calibration_choice
from demo.tabs.read.calibration_choice import AS_PUBLISHED, CalibrationChoiceHandlers
from demo.tabs.read.handlers import ReadHandlers
from pneumonia.calibration.site import SiteCalibration
from pneumonia.calibration.site_store import save_site, saved_sites
from pneumonia.core.labels import CLASS_NAMES
from pneumonia.core.operating_points import Interval
from pneumonia.imaging.decode import decode
from scripts.studies.reliability.synthetic_images import encode, radiograph
from tests.fixtures.fakes import FakePredictor, load_all_but_frozen, load_fake

VARIANT = "mobilenetv2-finetuned"


def write_site(path: Path, told_apart: bool = True, of_each: int = 20) -> str:
    """An archive of chests, brighter where they are labelled pneumonia, and a file that is no image."""
    rng = np.random.default_rng(0)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("NORMAL/letter.png", b"%PDF-1.7 a letter")
        archive.writestr("COVID/<b>more.png", b"of another class")
        for number in range(2 * of_each):
            label = number % 2
            brightness = int(np.clip(rng.normal(25 + 45 * label * told_apart, 20), 0, 120))
            pixels = radiograph(140, 150, seed=number) // 2 + brightness
            archive.writestr(f"{CLASS_NAMES[label]}/<b>{number}.png", encode(pixels, "PNG"))
    return str(path)


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Path of an archive on which the fake predictor tells the classes apart."""
    return write_site(tmp_path_factory.mktemp("site") / "site.zip")


@pytest.fixture
def chest(tmp_path: Path) -> str:
    path = tmp_path / "chest.png"
    path.write_bytes(encode(radiograph(), "PNG"))
    return str(path)


@pytest.fixture(scope="module")
def made(archive: str) -> tuple:
    """What one recalibration shows: result, calibrations of the page, download."""
    return RecalibrationHandlers(Predictors(load_fake)).on_fit(archive, VARIANT, " here ", ())


def test_a_recalibration_is_shown_before_and_after_and_can_be_taken_away(made):
    result, (site,), download = made
    assert site.name == "here" and site.variant == VARIANT and site.images == 40
    for said in (
        site.advice,
        site.prevalence_note,
        "As published",
        "weights/sites/mobilenetv2-finetuned",
        "not used: 2",
        "COVID/*: 1 file",
        "no patient of 41 of 41 files",
    ):
        assert escape(said) in result
    assert "letter.png" in result and "<b>" not in result
    assert ">50.0%</td>" in result, "the threshold as published was not fitted, so it has no interval"
    rows = 1 + 2 + 3 * 4
    assert result.count("<tr>") == rows
    path = Path(download["value"])
    assert download["visible"] and path.name == f"{site.label}.json"
    assert SiteCalibration.from_bytes(path.read_bytes()) == site
    assert "letter" not in path.read_text() and "<b>" not in path.read_text()


def test_gradio_notices_a_new_calibration(made):
    _, own, _ = made
    assert deep_hash(own) != deep_hash(())


def test_a_second_one_of_the_name_takes_the_place_of_the_first(archive, made):
    handlers = RecalibrationHandlers(Predictors(load_fake))
    _, own, _ = made
    assert len(handlers.on_fit(archive, VARIANT, "here", own)[1]) == 1
    assert len(handlers.on_fit(archive, VARIANT, "there", own)[1]) == 2


def test_a_network_at_chance_gives_no_table_no_file_and_no_choice(tmp_path):
    handlers = RecalibrationHandlers(Predictors(load_fake))
    result, own, download = handlers.on_fit(write_site(tmp_path / "site.zip", False), VARIANT, "here", ())
    assert "Not usable at this site" in result and "not shown to tell the two apart" in result
    assert "<table" not in result and own == () and download["value"] is None and not download["visible"]


def test_requests_that_cannot_be_met_get_a_sentence(tmp_path, chest, archive):
    handlers = RecalibrationHandlers(Predictors(load_all_but_frozen))

    def refusal(file: str | None, variant: str = VARIANT, name: str = "here") -> str:
        with pytest.raises(gr.Error) as caught:
            handlers.on_fit(file, variant, name, ())
        return caught.value.message

    for missing in (None, str(tmp_path / "deleted.zip")):
        assert refusal(missing) == recalibration_texts.NO_ARCHIVE
    assert refusal(chest) == recalibration_texts.NO_ZIP
    assert "my-hospital" in refusal(archive, name="../here")
    assert "no weights folder" in refusal(archive, variant="mobilenetv2-frozen")
    assert "30 readable" in refusal(write_site(tmp_path / "few.zip", of_each=12))
    with zipfile.ZipFile(tmp_path / "many.zip", "w") as file:
        for number in range(recalibration_module.MAX_IMAGES + 1):
            file.writestr(f"NORMAL/{number}.png", b"x")
    assert "at most 200" in refusal(str(tmp_path / "many.zip"))


def test_the_name_of_a_site_is_refused_before_any_image_is_read(archive):
    predictor = FakePredictor(VARIANT)
    handlers = RecalibrationHandlers(Predictors(lambda _: predictor))
    for file in (archive, None):
        with pytest.raises(gr.Error, match="my-hospital"):
            handlers.on_fit(file, VARIANT, "St. Mary's", ())
    assert predictor.readings == 0


def test_a_calibration_that_is_advised_against_is_not_handed_out_without_that_word(archive, made, monkeypatch):
    assert made[2]["label"] == recalibration_texts.DOWNLOAD_CALIBRATION
    monkeypatch.setattr(SiteCalibration, "helps", property(lambda site: False))
    result, _, download = RecalibrationHandlers(Predictors(load_fake)).on_fit(archive, VARIANT, "here", ())
    assert "advised against" in download["label"] and "Stay with" in result


def test_the_choice_is_hidden_while_there_is_none(made):
    handlers, session = CalibrationChoiceHandlers(Predictors(load_all_but_frozen)), Session()
    choice = handlers.on_variant_change(VARIANT, (), session)
    assert not choice["visible"] and choice["value"] == AS_PUBLISHED and session.calibration is None
    _, own, _ = made
    assert not handlers.on_variant_change("custom-cnn", own, session)["visible"], "made for another variant"
    assert not handlers.on_variant_change("mobilenetv2-frozen", own, session)["visible"], "no weights"


def test_a_chosen_calibration_judges_at_once_and_is_never_silently_on(chest, made):
    predictor = FakePredictor(VARIANT)
    predictors = Predictors(lambda _: predictor)
    read, choose = ReadHandlers(predictors), CalibrationChoiceHandlers(predictors)
    _, own, _ = made
    (site,) = own
    session = Session()
    choice = choose.on_variant_change(VARIANT, own, session)
    assert choice["visible"] and choice["value"] == AS_PUBLISHED and session.calibration is None
    record, _, shipped, _, details, *_ = read.on_read(chest, VARIANT, "balanced", session)
    assert record["calibration"] is None and f"<dd>{shared_texts.AS_PUBLISHED}</dd>" in details

    (_, key) = choice["choices"][1]
    assert choose.on_choice(key, VARIANT, own, session)["value"] == key and session.calibration == site
    verdict, judged, _, details, threshold = read.on_operating_point_change(VARIANT, "balanced", session)
    assert predictor.readings == 1
    assert "It was tested on 40 radiographs of children of here" in verdict and f"<dd>here, {site.date}" in details
    assert "on 40 images of here, each judged by what was fitted without its patient." in judged
    point = site.operating_points["balanced"]
    assert f"from {point.threshold:.1%} on counts" in judged
    assert session.reading.predictions[VARIANT].probability == pytest.approx(
        predictor.recalibrated(site).calibration.probability(session.reading.predictions[VARIANT].logit)
    )
    predictive, _ = read.on_prevalence_change(20, session)
    probability = session.reading.predictions[VARIANT].probability
    assert f"instead of {probability:.1%}, if your patients differ from the 40 images of here, 50% of" in predictive
    assert threshold == round(point.threshold, 3)
    _, moved, *_ = read.on_threshold_change(0.6, session)
    assert "on 40 images of here. Here a probability from 60.0% on" in moved
    scores = site.shifted_scores
    probabilities = expit(scores.logits / site.temperature.value)
    assert f"sensitivity {np.mean(probabilities[scores.labels == 1] >= 0.6):.1%} (" in moved
    read.on_operating_point_change(VARIANT, "balanced", session)
    record, *_ = read.on_read(chest, VARIANT, "balanced", session)
    assert record["calibration"] == {"name": "here", "date": site.date}
    assert record["threshold"] == point.threshold

    report = json.loads(Path(ReportHandlers(predictors, comparison=False).on_json_request(False, session)).read_text())
    (reported,) = report["readings"]
    assert reported["calibration"]["name"] == "here" and f"--site {site.label} " in reported["command"]
    assert reported["operating_point_figures"]["threshold"] == point.threshold

    assert choose.on_choice(AS_PUBLISHED, VARIANT, own, session)["value"] == AS_PUBLISHED
    assert read.on_operating_point_change(VARIANT, "balanced", session)[0] == shipped


def test_a_reading_is_of_one_calibration_whatever_is_chosen_meanwhile(chest, made, monkeypatch):
    _, (site,), _ = made
    session = Session()

    def decode_and_choose(source):
        session.calibration = site
        return decode(source)

    monkeypatch.setattr("demo.shared.uploaded_image.decode", decode_and_choose)
    record, *_ = ReadHandlers(Predictors(load_fake)).on_read(chest, VARIANT, "balanced", session)
    assert record["calibration"] is None and record["threshold"] == 0.5 != site.operating_points["balanced"].threshold


def test_another_variant_and_another_session_are_as_shipped(chest, made):
    predictors = Predictors(load_fake)
    read, choose = ReadHandlers(predictors), CalibrationChoiceHandlers(predictors)
    _, own, _ = made
    mine, other = Session(), Session()
    key = choose.on_variant_change(VARIANT, own, mine)["choices"][1][1]
    choose.on_choice(key, VARIANT, own, mine)
    assert read.on_read(chest, VARIANT, "balanced", other)[0]["calibration"] is None
    # The variant was changed, and an image is read before the choice has followed.
    assert read.on_read(chest, "custom-cnn", "balanced", mine)[0]["calibration"] is None
    assert choose.on_variant_change("custom-cnn", own, mine)["value"] == AS_PUBLISHED and mine.calibration is None
    # The page sends what it last showed, whatever fits.
    assert choose.on_choice(key, "custom-cnn", own, mine)["value"] == AS_PUBLISHED and mine.calibration is None
    # A page that was left alone keeps what it made, and its session begins anew.
    choose.on_choice(key, VARIANT, own, mine)
    assert choose.on_variant_change(VARIANT, own, mine)["value"] == key
    assert choose.on_variant_change(VARIANT, own, Session())["value"] == AS_PUBLISHED


def test_calibrations_beside_the_weights_are_offered_unless_they_are_of_others(made, tmp_path, monkeypatch):
    _, (site,), _ = made
    monkeypatch.setattr(calibration_choice, "saved_sites", functools.partial(saved_sites, folder=tmp_path))
    path = save_site(site, tmp_path)
    handlers = CalibrationChoiceHandlers(Predictors(load_fake))
    choices = handlers.on_variant_change(VARIANT, (), Session())["choices"]
    shown = f"here, {site.date}, 40 images"
    assert [label for label, _ in choices] == [shared_texts.AS_PUBLISHED, shown]
    # One of this page keeps apart from one beside the weights.
    assert len(handlers.on_variant_change(VARIANT, (site,), Session())["choices"]) == 3
    path.write_text(json.dumps(json.loads(path.read_text()) | {"weights_sha256": "0" * 64}))
    assert not handlers.on_variant_change(VARIANT, (), Session())["visible"]


def test_a_calibration_that_was_advised_against_is_offered_with_that_word(made):
    _, (site,), _ = made
    against = replace(site, gain=Interval(0.0, -0.1, 0.1))
    assert site.helps and "Stay with" in against.advice
    handlers = CalibrationChoiceHandlers(Predictors(load_fake))
    choices = handlers.on_variant_change(VARIANT, (against,), Session())["choices"]
    assert choices[1][0] == f"here, {site.date}, 40 images, of this page, advised against"
