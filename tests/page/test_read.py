"""The page's handlers, and the page as a script sees it."""

import asyncio
import json
import re
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import gradio as gr
import httpx
import numpy as np
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image

from demo.server.gradio_internals import PrivateBlocks
from demo.shared import radiograph_images, uploaded_image
from demo.shared import texts as shared_texts
from demo.shared.activity import Activity
from demo.shared.components import availability
from demo.shared.events import BATCH_QUEUE, IMMEDIATE, READING_QUEUE, on_failure
from demo.shared.predictors import Predictors
from demo.shared.session import Session
from demo.shared.user_error import user_error
from demo.tabs.compare.handlers import CompareHandlers
from demo.tabs.read import texts as read_texts
from demo.tabs.read import views as read_views
from demo.tabs.read.dicom_objects import on_dicom_request
from demo.tabs.read.handlers import ReadHandlers, ReadView
from pneumonia import load_predictor
from pneumonia.core.check import Check
from pneumonia.core.correction import INVERTED, TURNED, UNCHANGED, Correction
from pneumonia.core.labels import UNCERTAIN
from pneumonia.core.populations import CHILDREN
from pneumonia.imaging.decode import decode
from pneumonia.inference.chest_check import NEGATIVE, ON_ITS_SIDE
from pneumonia.inference.lung_segmentation import LungFields
from pneumonia.records.receipt import _checked
from pneumonia.records.verify import verify
from pneumonia.variants.registry import PUBLISHED, get_variant
from scripts import ROOT
from scripts.studies.reliability.synthetic_images import EXAMPLE, encode, radiograph
from tests.fixtures.fakes import FakePredictor, TwoPopulations, load_all_but_frozen, load_fake, served

VARIANT = "mobilenetv2-finetuned"
EMPTY = ReadView("")
# Operating point, threshold and network of a new page.
CONTROLS = ("balanced", 0.5, VARIANT)


@pytest.fixture
def chest(tmp_path: Path) -> str:
    """Path of a radiograph that `FakePredictor` gives a probability between its thresholds."""
    path = tmp_path / "chest.png"
    path.write_bytes(encode(radiograph(), "PNG"))
    return str(path)


@pytest.fixture
def document(tmp_path: Path) -> str:
    """Path of a file that is no image."""
    path = tmp_path / "chest.jpg"
    path.write_bytes(b"%PDF-1.7 a report")
    return str(path)


class Loader:
    """Loads fake predictors and remembers them."""

    def __init__(self) -> None:
        self.loaded: list[FakePredictor] = []

    def __call__(self, variant: str) -> FakePredictor:
        self.loaded.append(FakePredictor(variant))
        return self.loaded[-1]

    @property
    def readings(self) -> int:
        """How often a network was run."""
        return sum(predictor.readings for predictor in self.loaded)


# === Handlers ===


def test_each_variant_is_loaded_once_however_many_ask():
    loader = Loader()
    predictors = Predictors(loader)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(predictors.get, [VARIANT] * 8))
    assert len(loader.loaded) == 1


@pytest.mark.promise("A variant that is loaded waits for no other.", part="Many readers")
def test_a_variant_that_is_loaded_waits_for_no_other():
    begun, go_on = threading.Event(), threading.Event()

    def load(variant: str) -> FakePredictor:
        if variant == "custom-cnn":
            begun.set()
            assert go_on.wait(60)
        return FakePredictor(variant)

    predictors = Predictors(load)
    predictors.get(VARIANT)
    with ThreadPoolExecutor(2) as pool:
        pool.submit(predictors.get, "custom-cnn")
        assert begun.wait(60)
        try:
            answers = pool.submit(
                lambda: (predictors.point(VARIANT, None, 0.7), predictors.repeatability(VARIANT, CHILDREN))
            )
            assert answers.result(60)[0].threshold == pytest.approx(0.7)
        finally:
            go_on.set()


def test_read_shows_and_records_one_prediction(chest):
    session = Session()
    record, kept, *view = ReadHandlers(Predictors(load_fake)).on_read(chest, VARIANT, "balanced", session)
    verdict, viewer, details, figures, predictive, support, dicom = view
    assert not dicom["visible"], "a button of DICOM objects for another file"
    assert json.loads(json.dumps(record))["name"] == "chest.png"
    assert record["variant"] == VARIANT and record["operating_point"] == "balanced"
    assert f"{record['probability']:.1%}" in verdict and shared_texts.CLOSE in verdict
    (pane,) = viewer["panes"]
    np.testing.assert_allclose(pane["map"], session.reading.predictions[VARIANT].heatmap, atol=1e-3)
    assert "Inside the lungs: 82%" in verdict and "logits" not in verdict
    assert "sensitivity 95.1%" in figures and predictive == "" and shared_texts.TESTING_REGION in support
    # Hashes, versions and the network's name fold away.
    assert "<details" in details and record["image_sha256"][:12] in details and "MobileNetV2" in details
    assert "<details" not in verdict + figures and "MobileNetV2" not in verdict + figures
    assert record["in_lung_share"] == 0.82 and "lungs" not in record
    assert kept is session and session.reading is not None


def test_another_operating_point_runs_no_network(chest):
    loader, session = Loader(), Session()
    handlers = ReadHandlers(Predictors(loader))
    before = handlers.on_read(chest, VARIANT, "balanced", session)[2]
    after, figures, *_, threshold = handlers.on_operating_point_change(VARIANT, "rule-in", session)
    assert "counts as pneumonia from 50.0%" in before and "counts as pneumonia from 80.0%" in after and threshold == 0.8
    assert "Rule-in: sensitivity" in figures
    assert loader.readings == 1


def test_a_threshold_of_ones_own_replaces_the_operating_point_until_one_is_chosen(chest):
    loader, session = Loader(), Session()
    handlers = ReadHandlers(Predictors(loader))
    handlers.on_read(chest, VARIANT, "balanced", session)
    verdict, figures, *_, operating_point = handlers.on_threshold_change(0.9, session)
    assert "counts as pneumonia from 90.0%" in verdict and operating_point is None
    # As many of the thirty pneumonias as `_made_sets` draws above it.
    assert re.search(r"Your threshold: sensitivity \d+\.\d% \(95% interval", figures)
    assert loader.readings == 1
    # It holds for the next image too.
    record = handlers.on_read(chest, VARIANT, None, session)[0]
    assert (record["operating_point"], record["threshold"]) == ("own", pytest.approx(0.9))
    _, figures, *_, threshold = handlers.on_operating_point_change(VARIANT, "screening", session)
    assert "Screening: sensitivity" in figures and threshold == 0.2 and session.threshold is None


def test_a_predictive_value_is_given_once_a_prevalence_is_chosen_and_only_the_findings_own(chest):
    loader, session = Loader(), Session()
    handlers = ReadHandlers(Predictors(loader))
    view = ReadView(*handlers.on_read(chest, VARIANT, "screening", session)[2:])
    verdict, figures, predictive = view.verdict, view.figures, view.predictive
    assert predictive == ""
    positive, other = handlers.on_prevalence_change(10, session)
    assert other is None
    # 0.951 * 0.1 / (0.951 * 0.1 + 0.098 * 0.9) = 0.519, by the figures of `tests.fixtures.fakes`.
    assert "Positive predictive value where 10% have it: 51.9%" in positive and "Negative" not in positive
    assert "50% of which show pneumonia" in positive
    assert handlers.on_operating_point_change(VARIANT, "screening", session)[:3] == (verdict, figures, positive)
    _, _, uncertain, *_ = handlers.on_operating_point_change(VARIANT, "balanced", session)
    assert "no predictive value" in uncertain and "Positive" not in uncertain
    _, _, negative, *_ = handlers.on_operating_point_change(VARIANT, "rule-in", session)
    assert "Negative predictive value where 10% have it" in negative and "Positive" not in negative
    # Any other than the presets, and none at all.
    assert "where 2.5% have it" in handlers.on_prevalence_change(2.5, session)[0]
    assert handlers.on_prevalence_change(None, session)[0] == ""
    for none in (0, 100, -3):
        assert read_texts.NO_PREVALENCE in handlers.on_prevalence_change(none, session)[0]
    # It was that of this image's patient.
    handlers.on_prevalence_change(7, session)
    handlers.on_image_choice(chest, session, *CONTROLS)
    assert session.prevalence is None
    assert loader.readings == 1


def test_choosing_another_image_or_variant_forgets_the_reading(chest):
    handlers = ReadHandlers(Predictors(load_fake))
    session = Session()
    handlers.on_image_choice(chest, session, *CONTROLS)
    handlers.on_read(None, VARIANT, "balanced", session)
    forgotten = handlers.on_choice_change("custom-cnn", session)
    assert shared_texts.READING in forgotten.verdict
    assert forgotten[1:] == EMPTY[1:] and session.reading is None
    # What would redraw it finds nothing to redraw.
    for shown in (
        handlers.on_operating_point_change(VARIANT, "rule-in", session)[:4],
        handlers.on_threshold_change(0.3, session)[:4],
        handlers.on_prevalence_change(5, session)[:1],
    ):
        assert all(_skipped(value) for value in shown)
    assert handlers.on_image_choice(chest, session, *CONTROLS)[3:] == EMPTY[1:]


def test_a_session_that_was_dropped_takes_over_what_the_controls_say(chest):
    handlers, kept, dropped = ReadHandlers(Predictors(load_fake)), Session(), Session(expired=True)
    handlers.on_image_choice(chest, kept, *CONTROLS)
    handlers.on_threshold_change(0.9, kept)
    *_, expected_threshold = handlers.on_operating_point_change(VARIANT, None, kept)
    handlers.on_image_choice(chest, dropped, None, 0.9, VARIANT)
    assert _skipped(expected_threshold) and dropped.threshold == 0.9
    expected, shown = (ReadView(*handlers.on_read(None, VARIANT, None, one)[2:]) for one in (kept, dropped))
    assert shown._replace(viewer=None) == expected._replace(viewer=None)
    # An operating point goes before the slider, which then only shows its threshold.
    handlers.on_image_choice(chest, dropped, *CONTROLS)
    assert (
        dropped.threshold is None
        and "counts as pneumonia from 50.0%" in handlers.on_read(None, VARIANT, "balanced", dropped)[2]
    )


def test_a_reading_overtaken_by_another_choice_is_not_shown(chest):
    session = Session()

    class Overtaken(FakePredictor):
        def predict(self, *arguments):
            session.forget()  # as if the variant were changed while the network runs
            return super().predict(*arguments)

    record, _, *shown = ReadHandlers(Predictors(Overtaken)).on_read(chest, VARIANT, "balanced", session)
    assert record["status"] == "read"
    assert all(_skipped(value) for value in shown) and session.reading is None
    assert _skipped(CompareHandlers(Predictors(Overtaken)).on_compare(chest, "balanced", session)[2])


def test_a_rejected_upload_gives_its_sentence_and_takes_the_old_reading_away(chest, document):
    handlers, session = ReadHandlers(Predictors(load_fake)), Session()
    handlers.on_read(chest, VARIANT, "balanced", session)
    record, _, verdict, *others = handlers.on_read(document, VARIANT, "balanced", session)
    assert record["status"] == "rejected" and record["probability"] is None
    assert 'role="alert"' in verdict and "PDF" in verdict
    assert tuple(others) == EMPTY[1:] and session.reading is None


@pytest.mark.parametrize(
    ("file", "sentence"),
    [
        (None, shared_texts.NO_FILE),
        ("/nowhere/x.png", shared_texts.UPLOAD_DELETED),
    ],
)
def test_no_file_and_a_deleted_file_are_refused_in_words(file, sentence):
    with pytest.raises(gr.Error, match=sentence):
        ReadHandlers(Predictors(load_fake)).on_read(file, VARIANT, "balanced", Session())
    with pytest.raises(gr.Error, match=sentence):
        CompareHandlers(Predictors(load_fake)).on_compare(file, "balanced", Session())


def test_what_failed_says_so_and_what_to_do():
    assert "Nothing was read. Try again." in on_failure()


def test_a_name_in_a_refusal_is_text_and_no_html():
    assert (
        user_error("<img src=//example.org/x>: it's no image").message
        == "&lt;img src=//example.org/x&gt;: it's no image"
    )


def test_a_refusal_keeps_the_warning_that_explains_it(chest):
    warning = Check("several-pictures", "warn", "Several pictures seem to be joined.")
    refusal = Check("image", "reject", "No chest radiograph.")

    class Refusing(FakePredictor):
        def predict(self, *arguments):
            read = super().predict(*arguments)
            return replace(read, status="rejected", error=refusal.message, checks=(refusal, warning))

    _, _, verdict, *_ = ReadHandlers(Predictors(Refusing)).on_read(chest, VARIANT, "balanced", Session())
    assert verdict.count(refusal.message) == 1 and warning.message in verdict


def test_missing_weights_are_marked_with_their_reason_and_the_others_work(chest):
    predictors = Predictors(load_all_but_frozen)
    handlers = ReadHandlers(predictors)
    marked = availability(predictors)
    assert _skipped(handlers.on_page_open("mobilenetv2-frozen")[0])
    assert ("MobileNetV2, frozen (unavailable)", "mobilenetv2-frozen") in marked["choices"]
    assert ("Custom CNN", "custom-cnn") in marked["choices"]
    assert "There is no weights folder" in marked["info"]
    with pytest.raises(gr.Error, match="no weights folder"):
        handlers.on_read(chest, "mobilenetv2-frozen", "balanced", Session())
    assert "There is no weights folder" in handlers.on_choice_change("mobilenetv2-frozen", Session())[0]
    assert all(map(_skipped, handlers.on_read_again("mobilenetv2-frozen", "balanced", Session(file=chest), "auto")))
    assert handlers.on_read(chest, "custom-cnn", "balanced", Session())[0]["status"] == "read"

    records, _, table, _ = CompareHandlers(predictors).on_compare(chest, "balanced", Session())
    assert {record["variant"]: record["status"] for record in records} == {
        "custom-cnn": "read",
        "mobilenetv2-finetuned": "read",
        "mobilenetv2-frozen": "unavailable",
    }
    assert "There is no weights folder" in table


def test_compare_reads_with_every_variant_and_judges_anew_without_a_network(chest):
    loader, session = Loader(), Session()
    handlers = CompareHandlers(Predictors(loader))
    records, _, table, viewer = handlers.on_compare(chest, "balanced", session)
    assert [record["variant"] for record in records] == list(PUBLISHED)
    assert all(f"{record['probability']:.1%}" in table for record in records)
    assert {record["finding"] for record in records} == {UNCERTAIN, "NORMAL"} and "disagree" in table
    assert table.count("Network and map in ") == len(PUBLISHED)
    bare, *others = viewer["panes"]
    assert bare["map"] is None and all(pane["map"] and pane["picture"] == bare["picture"] for pane in others)
    assert [pane["title"] for pane in others] == [get_variant(variant).title for variant in PUBLISHED]
    judged = handlers.on_operating_point_change("screening", session)
    assert "pneumonia is not called" not in judged and "2 called" in judged and loader.readings == len(PUBLISHED)


def test_compare_decodes_once_and_segments_once(monkeypatch):
    """With the weights of the repository, which are shown the whole image."""
    calls = []
    chest = str(EXAMPLE)
    decode, segment = uploaded_image.decode, LungFields.segment
    monkeypatch.setattr(uploaded_image, "decode", lambda source: calls.append("decode") or decode(source))
    monkeypatch.setattr(LungFields, "segment", lambda *given: calls.append("segment") or segment(*given))
    monkeypatch.setattr("pneumonia.inference.predictor.decode_unjudged", lambda source: pytest.fail("decoded again"))
    records, *_ = CompareHandlers(Predictors(load_predictor)).on_compare(chest, "balanced", Session())
    assert [record["status"] for record in records] == ["read"] * len(PUBLISHED)
    assert calls == ["decode", "segment"]


@pytest.fixture
def read(chest: str) -> tuple[ReadHandlers, Session]:
    """Handlers, and a session with a reading."""
    handlers, session = ReadHandlers(Predictors(load_fake)), Session()
    handlers.on_image_choice(chest, session, *CONTROLS)
    assert shared_texts.TESTING_REGION in handlers.on_read(None, VARIANT, "balanced", session)[-2]
    return handlers, session


def test_the_outlined_region_is_tested_after_a_reading_and_kept_with_it(read):
    handlers, session = read
    sentence, viewer, named = handlers.on_region_test(session)
    assert (
        _skipped(named) and "matters to the answer" in sentence and "40 of 40 regions" in sentence and _skipped(viewer)
    )
    # The reading keeps it, however it is judged.
    handlers.on_operating_point_change(VARIANT, "rule-in", session)
    assert session.reading.region.support.supported


def test_a_region_that_is_not_confirmed_is_warned_of_and_drawn_as_such(chest):
    handlers, session = ReadHandlers(Predictors(load_fake)), Session()
    handlers.on_image_choice(chest, session, "balanced", 0.5, "custom-cnn")
    first = handlers.on_read(None, "custom-cnn", "balanced", session)[3]
    sentence, viewer, verdict = handlers.on_region_test(session)
    assert sentence == "" and "mostly" not in verdict
    assert 0 < verdict.index(shared_texts.REGION_UNCONFIRMED) < verdict.index('class="answer"')
    # However it is judged from then on.
    assert shared_texts.REGION_UNCONFIRMED in handlers.on_operating_point_change("custom-cnn", "rule-in", session)[0]
    ((before,), (after,)) = first["panes"], viewer["panes"]
    assert after["dashed"] and not before["dashed"] and after["contour"] == before["contour"] != []
    assert "not confirmed" in after["caption"] and "not confirmed" in after["evidence"] and before["caption"] == ""
    assert after["picture"] == before["picture"]


def test_nothing_is_tested_where_nothing_is_outlined(chest):
    class Dark(FakePredictor):
        def predict(self, *arguments):
            return replace(super().predict(*arguments), heatmap=np.full((7, 7), 0.5, np.float32))

    handlers, session = ReadHandlers(Predictors(Dark)), Session()
    assert all(map(_skipped, handlers.on_region_test(session)))
    handlers.on_image_choice(chest, session, *CONTROLS)
    assert handlers.on_read(None, VARIANT, "balanced", session)[-2] == ""
    assert all(map(_skipped, handlers.on_region_test(session))) and session.reading.region.support is None


@pytest.mark.parametrize(
    ("when", "dropped"), [("before", [True]), ("meanwhile", [True]), ("by another test", [False, True])]
)
def test_a_test_is_dropped_with_a_word_where_somebody_waits_for_a_reading(chest, when, dropped):
    class Watched(FakePredictor):
        def measure_support(self, source, interrupted):
            if when == "meanwhile":
                with predictors.activity.at_work():
                    return super().measure_support(source, interrupted)
            nested.append(handlers.on_region_test(session))
            return super().measure_support(source, interrupted)

    predictors, session, nested = Predictors(Watched), Session(), []
    handlers = ReadHandlers(predictors)
    handlers.on_image_choice(chest, session, *CONTROLS)
    handlers.on_read(None, VARIANT, "balanced", session)
    with predictors.activity.at_work() if when == "before" else nullcontext():
        answers = [handlers.on_region_test(session), *nested]
    assert [shared_texts.REGION_BUSY in sentence for sentence, *_ in answers] == dropped
    assert (session.reading.region.support is None) == dropped[0]


def test_a_test_that_another_choice_overtook_is_not_shown(chest):
    class Overtaken(FakePredictor):
        def measure_support(self, *given):
            session.forget()
            return super().measure_support(*given)

    handlers, session = ReadHandlers(Predictors(Overtaken)), Session()
    handlers.on_image_choice(chest, session, *CONTROLS)
    handlers.on_read(None, VARIANT, "balanced", session)
    assert all(map(_skipped, handlers.on_region_test(session)))


def test_what_readers_wait_for_is_counted_and_what_follows_by_itself_is_not():
    activity, seen = Activity(), []
    with PrivateBlocks(activity) as page:
        button = gr.Button()
        button.click(lambda: seen.append(activity.is_busy()), **READING_QUEUE)
        button.click(lambda: seen.append(activity.is_busy()), **BATCH_QUEUE)
        button.click(lambda: seen.append(activity.is_busy()), **IMMEDIATE)
    for event in page.fns.values():
        asyncio.run(page.process_api(event, [], request=None))
    assert seen == [True, True, False] and not activity.is_busy()


def test_what_was_read_with_another_choice_than_the_last_is_not_shown(chest):
    handlers, session = ReadHandlers(Predictors(load_fake)), Session()
    handlers.on_image_choice(chest, session, *CONTROLS)
    handlers.on_choice_change("custom-cnn", session, "adults")
    for variant, population in ((VARIANT, "adults"), ("custom-cnn", "children")):
        _, _, *shown = handlers.on_read_again(variant, "balanced", session, population)
        assert all(map(_skipped, shown)) and session.reading is None
    assert "Probability" in handlers.on_read_again("custom-cnn", "balanced", session, "adults")[2]
    # What fails late takes no newer result away.
    assert all(map(_skipped, handlers.on_failure("custom-cnn", session))) and session.reading is not None
    handlers.on_choice_change(VARIANT, session)
    assert handlers.on_failure(VARIANT, session).verdict == on_failure() and session.reading is None


@pytest.mark.parametrize("warned", [True, False])
def test_what_is_read_but_looks_like_a_negative_can_be_inverted_and_back(chest, warned):
    class Negative(FakePredictor):
        def predict(self, source, *others):
            read = super().predict(source, *others)
            doubt = (Check("polarity", "warn", "The image looks like a negative."),) if warned else ()
            return replace(read, checks=(*doubt, *read.checks))

    handlers, session = ReadHandlers(Predictors(Negative)), Session()
    handlers.on_image_choice(chest, session, *CONTROLS)
    button, inverted = read_texts.CORRECTIONS[Correction(inverted=True)], Correction(inverted=True)
    verdict = handlers.on_read(None, VARIANT, "balanced", session)[2]
    assert (button in verdict) == warned
    if warned:
        assert f'data-index="{read_views.OUTCOMES.index(inverted)}"' in verdict
        assert verdict.index("looks like a negative") < verdict.index(button) < verdict.index('class="answer"')
        assert button in handlers.on_operating_point_change(VARIANT, "rule-in", session)[0]
    handlers.on_correction(correction(inverted), session)
    verdict = handlers.on_read(None, VARIANT, "balanced", session)[2]
    # A chest that was none looks like one now.
    assert INVERTED.message in verdict and button in verdict
    assert f'data-index="{read_views.OUTCOMES.index(UNCHANGED)}"' in verdict


def correction(wanted: Correction) -> gr.EventData:
    """A press of the button that asks for it."""
    return gr.EventData(None, {"index": read_views.OUTCOMES.index(wanted)})


class Upright(FakePredictor):
    """Reads only what its reader turned to the right."""

    def predict(self, source, *others):
        read = super().predict(source, *others)
        if TURNED[3] in read.checks:
            return read
        return replace(read, status="rejected", error=ON_ITS_SIDE, checks=(Check("chest", "reject", ON_ITS_SIDE),))


def test_a_picture_on_its_side_is_read_as_its_reader_turns_it(chest, tmp_path):
    handlers, session = ReadHandlers(Predictors(Upright)), Session()
    handlers.on_image_choice(chest, session, *CONTROLS)
    refused = handlers.on_read(None, VARIANT, "balanced", session)[2]
    offered = [words for words in read_texts.CORRECTIONS.values() if words in refused]
    assert offered == [read_texts.CORRECTIONS[Correction(quarters)] for quarters in (1, 3)]
    for quarters, is_read in ((1, False), (3, True), (3, True)):
        emptied = handlers.on_correction(correction(Correction(quarters)), session)
        assert shared_texts.READING in emptied[1]
        verdict = handlers.on_read(None, VARIANT, "balanced", session)[2]
        assert (TURNED[3].message in verdict) == is_read
    (prediction,) = session.reading.predictions.values()
    pixels = decode(chest).pixels
    expected = FakePredictor(VARIANT).predict(decode(chest).corrected(Correction(3)))
    np.testing.assert_array_equal(prediction.heatmap, expected.heatmap)
    np.testing.assert_array_equal(session.reading.shown, radiograph_images.preview(np.rot90(pixels, 3)))
    assert handlers.on_region_test(session)[0]
    with pytest.raises(gr.Error, match=read_texts.CHANGED_BY_READER):
        on_dicom_request(Predictors(load_fake), session)
    for wrong in (-1, len(read_views.OUTCOMES), "1", [1], None):
        with pytest.raises(gr.Error):
            handlers.on_correction(gr.EventData(None, {"index": wrong}), session)
    # The next image lies as it is.
    handlers.on_image_choice(chest, session, *CONTROLS)
    assert session.correction == UNCHANGED


def test_a_negative_is_read_once_its_reader_inverts_it(tmp_path):
    """The check of real weights, on a drawn chest; and the receipt of what was inverted can be verified."""
    Image.fromarray(255 - np.asarray(Image.open(EXAMPLE).convert("L"))).save(negative := tmp_path / "negative.png")
    handlers, session, published = ReadHandlers(Predictors(load_predictor)), Session(), load_predictor(VARIANT)
    handlers.on_image_choice(str(negative), session, *CONTROLS)
    refused = handlers.on_read(None, VARIANT, "balanced", session)[2]
    assert NEGATIVE in refused and [w for w in read_texts.CORRECTIONS.values() if w in refused] == [
        read_texts.CORRECTIONS[Correction(inverted=True)]
    ]
    handlers.on_correction(correction(Correction(inverted=True)), session)
    assert INVERTED.message in handlers.on_read(None, VARIANT, "balanced", session)[2]
    (prediction,) = session.reading.predictions.values()
    assert [check for check in prediction.checks if check.status == "warn"] == [INVERTED]
    np.testing.assert_allclose(prediction.heatmap, published.predict(EXAMPLE).heatmap, atol=1e-4)
    assert verify(_checked(prediction.to_dict()), prediction.image_sha256, negative, published) == []
    # A second press of the same button changes nothing.
    handlers.on_correction(correction(Correction(inverted=True)), session)
    assert session.correction == Correction(inverted=True)


def test_the_next_image_is_shown_whatever_was_said_of_the_last(chest):
    handlers, session = ReadHandlers(Predictors(TwoPopulations)), Session()
    for _ in range(2):
        handlers.on_image_choice(chest, session, *CONTROLS)
        assert "Probability" in handlers.on_read(None, VARIANT, "balanced", session)[2]
        handlers.on_choice_change(VARIANT, session, "adults")
        assert "as was chosen" in handlers.on_read_again(VARIANT, "balanced", session, "adults")[2]


def test_what_is_still_read_as_the_last_patient_s_is_not_shown_for_the_next(chest):
    handlers, session = ReadHandlers(Predictors(TwoPopulations)), Session()
    for _ in range(2):
        handlers.on_image_choice(chest, session, *CONTROLS)
    assert all(map(_skipped, handlers.on_read_again(VARIANT, "balanced", session, "adults")[2:]))
    assert all(map(_skipped, handlers.on_read_again("custom-cnn", "balanced", session, "auto")[2:]))
    assert "Probability" in handlers.on_read(None, VARIANT, "balanced", session)[2]
    # Where what was said of it comes after all, the button reads as the controls say.
    handlers.on_choice_change(VARIANT, session, "adults")
    assert _skipped(handlers.on_read(None, VARIANT, "balanced", session)[2])
    assert "Probability" in handlers.on_request(None, VARIANT, "balanced", session)[2]


def test_another_network_shows_the_same_picture_and_another_image_or_a_turn_does_not(chest):
    handlers, session = ReadHandlers(Predictors(load_fake)), Session()

    def shown() -> str:
        viewer = handlers.on_read(None, VARIANT, "balanced", session)[3]
        return viewer["panes"][0]["picture"]["path"]

    handlers.on_image_choice(chest, session, *CONTROLS)
    first = shown()
    handlers.on_choice_change(VARIANT, session)
    assert shown() == first
    handlers.on_correction(gr.EventData(None, {"index": 2}), session)
    turned = shown()
    handlers.on_image_choice(chest, session, *CONTROLS)
    assert len({first, turned, shown()}) == 3


def test_a_refused_archive_can_be_opened_in_batch_and_another_refused_file_cannot(tmp_path, document):
    archive = tmp_path / "two.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("chest.png", b"")
    handlers, session = ReadHandlers(Predictors(load_fake)), Session()
    for file, offered in ((str(archive), True), (document, False)):
        handlers.on_image_choice(file, session, *CONTROLS)
        assert (read_texts.OPEN_IN_BATCH in handlers.on_read(None, VARIANT, "balanced", session)[2]) == offered


def test_sessions_start_as_copies_of_their_own(chest):
    # Gradio hands each page a deep copy of the state's first value.
    first, second = gr.State(Session()).value, gr.State(Session()).value
    ReadHandlers(Predictors(load_fake)).on_read(chest, VARIANT, "balanced", first)
    assert first.reading is not None and second.reading is None


def _skipped(value: object) -> bool:
    return value == gr.skip()


# === Start ===


def test_importing_the_app_loads_no_weights_and_nothing_heavy_and_turns_reports_off():
    program = """
import pathlib, sys
opened = []
sys.addaudithook(lambda event, args: opened.append(str(args[0])) if event == "open" else None)
import app
assert not [name for name in opened if name.endswith((".tflite", ".keras"))]
heavy = {"tensorflow", "keras", "sklearn", "matplotlib", "reportlab"}
assert not [name for name in sys.modules if name.split(".")[0] in heavy or "baseline" in name]
import gradio.analytics, huggingface_hub.constants
assert not gradio.analytics.analytics_enabled() and not app.demo.analytics_enabled
assert huggingface_hub.constants.HF_HUB_DISABLE_TELEMETRY
"""
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True)


# === Endpoints ===


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """Address of a page that lacks the weights of one variant."""
    with served("without-frozen") as address:
        yield address


@pytest.fixture(scope="module")
def client(address: str) -> Client:
    """A script's connection to it."""
    return Client(address, verbose=False, analytics_enabled=False)


def test_scripts_see_the_named_endpoints_and_no_others(client):
    endpoints = client.view_api(return_format="dict", print_info=False)
    assert set(endpoints["named_endpoints"]) == {"/read", "/compare", "/batch"}
    assert endpoints["unnamed_endpoints"] == {}


def test_read_endpoint(client, chest):
    record = client.predict(handle_file(chest), VARIANT, "balanced", api_name="/read")[0]
    assert record["status"] == "read" and record["name"] == "chest.png" and record["variant"] == VARIANT
    assert "path" not in record
    by_name = client.predict(
        file=handle_file(chest), variant="custom-cnn", operating_point="screening", api_name="/read"
    )[0]
    assert by_name["variant"] == "custom-cnn" and by_name["operating_point"] == "screening"


def test_compare_endpoint(client, chest):
    records = client.predict(handle_file(chest), "rule-in", api_name="/compare")[0]
    assert {record["variant"] for record in records} == set(PUBLISHED)
    assert all(record["name"] == "chest.png" and "path" not in record for record in records)


def test_rejected_and_refused_requests_leave_the_server_up(client, chest, document, tmp_path):
    record = client.predict(handle_file(document), VARIANT, "balanced", api_name="/read")[0]
    assert record["status"] == "rejected" and "PDF" in record["error"]
    with pytest.raises(AppError, match="no weights folder"):
        client.predict(handle_file(chest), "mobilenetv2-frozen", "balanced", api_name="/read")
    with pytest.raises(AppError, match="list of choices"):
        client.predict(handle_file(chest), VARIANT, "strict", api_name="/read")
    with pytest.raises(AppError, match=shared_texts.NO_FILE):
        client.predict(None, VARIANT, "balanced", api_name="/read")
    assert client.predict(handle_file(chest), VARIANT, "balanced", api_name="/read")[0]["status"] == "read"


@pytest.mark.promise(
    "No endpoint chooses a variant or an operating point for a program that sent none.", part="Whatever is uploaded"
)
def test_what_was_not_chosen_is_asked_for(client, chest):
    """A script may send nothing in place of a choice, where a page always has one, or a threshold."""
    file = handle_file(chest)
    for given, endpoint, sentence in (
        ((file, None, "balanced"), "/read", shared_texts.NO_VARIANT),
        (([file], None, "balanced"), "/batch", shared_texts.NO_VARIANT),
        ((file, VARIANT, None), "/read", shared_texts.NO_OPERATING_POINT),
        (([file], VARIANT, None), "/batch", shared_texts.NO_OPERATING_POINT),
        ((file, None), "/compare", shared_texts.NO_OPERATING_POINT),
    ):
        with pytest.raises(AppError, match=sentence):
            client.predict(*given, api_name=endpoint)


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        *(("IM0001", "IM0001"), ("CHEST.PNG", "CHEST.PNG"), ("röntgen bild.png", "röntgen bild.png")),
        *(("<img src=x>.png", "img"), ("../../etc/x.png", "x.png"), ("n" * 300 + ".png", "nnn")),
    ],
)
def test_any_file_name_is_read(address, client, chest, name, kept):
    """As a browser sends it, which may be longer than a file system allows."""
    sent = httpx.post(f"{address}/gradio_api/upload", files={"files": (name, Path(chest).read_bytes())})
    (path,) = sent.raise_for_status().json()
    record = client.predict(
        {"path": path, "meta": {"_type": "gradio.FileData"}}, VARIANT, "balanced", api_name="/read"
    )[0]
    assert record["status"] == "read" and kept in record["name"]
    assert not set(record["name"]) & set("<>/") and ".." not in record["name"]


def test_one_script_never_gets_what_another_one_chose(address, client, chest):
    client.predict(handle_file(chest), VARIANT, "balanced", api_name="/read")
    other = Client(address, verbose=False, analytics_enabled=False)
    with pytest.raises(AppError, match=shared_texts.NO_FILE):
        other.predict(None, VARIANT, "balanced", api_name="/read")


@pytest.mark.parametrize(("typed", "taken"), [(60, 0.999), (-1, 0.001), (None, 0.001), (0.7, 0.7)])
def test_what_is_typed_beside_a_slider_is_taken_for_the_nearest_of_its_ends(typed, taken):
    with PrivateBlocks(Activity()) as page:
        slider = gr.Slider(0.001, 0.999, 0.5, step=0.001)
        gr.Button().click(lambda value: None, slider)
    (event,) = page.fns.values()
    assert asyncio.run(page.preprocess_data(event, [typed], None)) == [taken]
