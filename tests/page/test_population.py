"""The patient's population on the page: chosen, told, asked for."""

import json

import gradio as gr
import httpx
import pytest

from demo.shared.predictors import Predictors
from demo.shared.session import Session
from demo.shared.texts import ASKED, POPULATIONS, UNDECIDED, UPLOAD_DELETED, WRONG_VALUES
from demo.tabs.batch.handlers import BatchHandlers, BatchSession
from demo.tabs.compare.handlers import CompareHandlers
from demo.tabs.read.handlers import ReadHandlers
from pneumonia.core.populations import ADULTS, CHILDREN
from scripts.studies.reliability.synthetic_images import encode, radiograph
from tests.fixtures.fakes import TwoPopulations, served

VARIANT = "mobilenetv2-finetuned"


@pytest.fixture
def chest(tmp_path):
    path = tmp_path / "chest.png"
    path.write_bytes(encode(radiograph(), "PNG"))
    return str(path)


@pytest.fixture
def predictors():
    return Predictors(TwoPopulations)


def test_the_choice_decides_what_the_image_does_not_tell(predictors, chest):
    handlers, session = ReadHandlers(predictors), Session()
    session.choose(chest)
    asked, _, card, *_ = handlers.on_read(None, VARIANT, "balanced", session)
    assert asked["population"] is None is asked["population_source"]
    assert 'class="population asks"' in card and "Choose which" in card
    probabilities = {}
    for population, words in (
        (CHILDREN, "a child of 1 to 5 years, as was chosen"),
        (ADULTS, "an adult, as was chosen"),
    ):
        record, _, card, *_ = handlers.on_read_again(VARIANT, "balanced", session, population)
        assert (record["population"], record["population_source"]) == (population, "reader")
        assert words in card and "asks" not in card
        probabilities[population] = record["probability"]
    assert probabilities[ADULTS] < asked["probability"] < probabilities[CHILDREN]
    # A threshold of the reader's own holds for the one that is shown, on its images.
    _, moved, *_ = handlers.on_threshold_change(0.9, session)
    assert "images of adults" in moved and "90.0%" in moved
    _, again, *_ = handlers.on_operating_point_change(VARIANT, "balanced", session)
    assert session.reading.predictions[VARIANT].probability == probabilities[ADULTS] and "images of adults" in again


def test_a_choice_before_an_image_reads_nothing(predictors):
    assert ReadHandlers(predictors).on_read_again(VARIANT, "balanced", Session(), ADULTS)[0] == {"__type__": "update"}
    assert CompareHandlers(predictors).on_population_change("balanced", Session(), ADULTS)[0] == {"__type__": "update"}


def test_a_call_that_knows_of_no_population_is_answered_as_before(chest):
    with served("two-populations") as address, httpx.Client(base_url=address) as client:
        with open(chest, "rb") as file:
            (path,) = client.post("/gradio_api/upload", files={"files": file}).json()
        image = {"path": path, "meta": {"_type": "gradio.FileData"}}
        said = {}
        for values in ([image, VARIANT, "balanced"], [image, VARIANT, "balanced", ADULTS]):
            event = client.post("/gradio_api/call/read", json={"data": values}).json()["event_id"]
            answer = client.get(f"/gradio_api/call/read/{event}").text
            said[len(values)] = json.loads(answer.split("data: ")[-1])[0]
    assert (said[3]["population"], said[3]["finding"]) == (None, "UNCERTAIN")
    assert (said[4]["population"], said[4]["population_source"]) == (ADULTS, "reader")


def test_all_variants_are_compared_as_one_population(predictors, chest):
    handlers, session = CompareHandlers(predictors), Session()
    session.choose(chest)
    records, _, table, _ = handlers.on_compare(None, "balanced", session)
    assert {record["population"] for record in records} == {None} and table.count("Choose which") >= 1
    records, _, table, _ = handlers.on_population_change("balanced", session, ADULTS)
    assert {record["population"] for record in records} == {ADULTS} and "an adult, as was chosen" in table


def test_a_batch_is_judged_by_each_ones_population(predictors, chest):
    handlers, session = BatchHandlers(predictors), BatchSession()
    *_, last = handlers.on_read([chest], VARIANT, "balanced", session, ADULTS)
    (record,) = last[0]
    assert (record["population"], record["population_source"]) == (ADULTS, "reader")
    handlers.on_operating_point_change("rule-in", session)
    point = predictors.get(VARIANT).calibration_for(ADULTS).operating_points["rule-in"]
    assert session.batch.records[0]["finding"] == point.finding(record["probability"])


def test_of_a_row_of_a_batch_the_reader_says_whose_it_is(predictors, chest):
    handlers, session = BatchHandlers(predictors), BatchSession()
    list(handlers.on_read([chest, chest], VARIANT, "balanced", session))
    card, *_ = handlers.on_row_open(session, gr.EventData(None, {"index": 2}))
    assert all(f'data-index="{number}">{POPULATIONS[name]}' in card for number, name in enumerate(ASKED))
    for wrong in (2, -1, "0", 0.0, None):
        with pytest.raises(gr.Error, match=WRONG_VALUES):
            handlers.on_whose(session, gr.EventData(None, {"index": wrong}))
    card, *_, table = handlers.on_whose(session, gr.EventData(None, {"index": ASKED.index(ADULTS)}))
    assert "an adult, as was chosen" in card and "asks" not in card
    assert [json.loads(row)[1] == UNDECIDED for row in table["rows"].split("\n")] == [True, False]
    assert [record["population"] for record in session.batch.records] == [None, ADULTS]
    # Opened again it is as was said, and the other one still asks.
    for number, words in ((2, "an adult, as was chosen"), (1, 'class="population asks"')):
        assert words in handlers.on_row_open(session, gr.EventData(None, {"index": number}))[0]
    # What was opened before the next batch is none of its images.
    list(handlers.on_read([chest], VARIANT, "balanced", session))
    with pytest.raises(gr.Error, match=UPLOAD_DELETED):
        handlers.on_whose(session, gr.EventData(None, {"index": 0}))
