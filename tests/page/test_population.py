"""The patient's population on the page: chosen, told, asked for."""

import json

import gradio as gr
import httpx
import pytest

from demo.shared.predictors import Predictors
from demo.shared.session import Session
from demo.shared.texts import ASKED, POPULATIONS, UNDECIDED, UPLOAD_DELETED, WRONG_VALUES
from demo.tabs.batch import handlers as batch_handlers
from demo.tabs.batch.handlers import BatchHandlers
from demo.tabs.batch.session import BatchSession
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


def whose(handlers, session, number, population):
    """A press of the button of a row's card."""
    return handlers.on_whose(session, gr.EventData(None, {"index": number * len(ASKED) + ASKED.index(population)}))


def opened(handlers, session, number):
    return handlers.on_row_open(session, gr.EventData(None, {"index": number}))[0]


def nothing(shown):
    return all(part == gr.skip() for part in shown)


@pytest.fixture
def batch_of_two(predictors, tmp_path):
    """Handlers and a session that has read two images."""
    files = [tmp_path / f"{number}.png" for number in (1, 2)]
    for number, file in enumerate(files):
        file.write_bytes(encode(radiograph(seed=number), "PNG"))
    handlers, session = BatchHandlers(predictors), BatchSession()
    list(handlers.on_read([*map(str, files)], VARIANT, "balanced", session))
    return handlers, session


def test_of_a_row_of_a_batch_the_reader_says_whose_it_is(batch_of_two):
    handlers, session = batch_of_two
    before = opened(handlers, session, 2)
    assert all(f'data-index="{4 + number}">{POPULATIONS[name]}' in before for number, name in enumerate(ASKED))
    for wrong, sentence in (("4", WRONG_VALUES), (4.0, WRONG_VALUES), (None, WRONG_VALUES), (6, UPLOAD_DELETED)):
        with pytest.raises(gr.Error, match=sentence):
            handlers.on_whose(session, gr.EventData(None, {"index": wrong}))
    card, *_, table = whose(handlers, session, 2, ADULTS)
    assert "an adult, as was chosen" in card and "asks" not in card and f">{POPULATIONS[CHILDREN]}</button>" in card
    assert [json.loads(row)[1] == UNDECIDED for row in table["rows"].split("\n")] == [True, False]
    assert [record["population"] for record in session.batch.records] == [None, ADULTS]
    # Opened again it is as was said, until that is changed; and the other one still asks.
    assert "an adult, as was chosen" in opened(handlers, session, 2)
    assert "a child of 1 to 5 years, as was chosen" in whose(handlers, session, 2, CHILDREN)[0]
    assert 'class="population asks"' in opened(handlers, session, 1)


def test_a_press_on_a_card_that_is_being_replaced_says_nothing_of_another_image(batch_of_two):
    handlers, session = batch_of_two
    opened(handlers, session, 1)
    opened(handlers, session, 2)
    assert nothing(whose(handlers, session, 1, ADULTS))
    assert [record["population"] for record in session.batch.records] == [None, None]
    assert session.reading.name == "2.png"


def test_another_row_that_is_opened_meanwhile_is_not_listed_in_its_place(batch_of_two, monkeypatch):
    handlers, session = batch_of_two
    opened(handlers, session, 1)
    hashes = [record["image_sha256"] for record in session.batch.records]
    read = batch_handlers._read

    def read_after_another(*values):
        monkeypatch.setattr(batch_handlers, "_read", read)
        assert "2.png" in opened(handlers, session, 2)
        return read(*values)

    monkeypatch.setattr(batch_handlers, "_read", read_after_another)
    *shown, _, table = whose(handlers, session, 1, ADULTS)
    assert nothing(shown) and session.reading.name == "2.png"
    assert [record["image_sha256"] for record in session.batch.records] == hashes
    assert [record["population"] for record in session.batch.records] == [ADULTS, None]
    assert [json.loads(row)[1] == UNDECIDED for row in table["rows"].split("\n")] == [False, True]


def test_the_list_of_a_batch_that_begins_meanwhile_is_left_alone(batch_of_two, chest, monkeypatch):
    handlers, session = batch_of_two
    opened(handlers, session, 1)
    first, read = session.batch, batch_handlers._read

    def read_after_the_next_batch(*values):
        monkeypatch.setattr(batch_handlers, "_read", read)
        list(handlers.on_read([chest], VARIANT, "balanced", session))
        return read(*values)

    monkeypatch.setattr(batch_handlers, "_read", read_after_the_next_batch)
    assert nothing(whose(handlers, session, 1, ADULTS)) and session.batch is not first
    assert [record["population"] for record in session.batch.records] == [None]
    # A card of the first one may be there still.
    with pytest.raises(gr.Error, match=UPLOAD_DELETED):
        whose(handlers, session, 2, ADULTS)
    assert nothing(whose(handlers, session, 1, ADULTS))
