"""`POST /reading`: JSON alone, for programs."""

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import httpx
import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from demo.server import reading_endpoint
from demo.server.reading_endpoint import READING_PATH, ReadingEndpoint
from demo.server.request_filter import RequestFilter
from demo.server.texts import OTHER_SITE
from demo.server.uploads import use_private_folder
from demo.shared.activity import MOST_AT_ONCE, MOST_WAITING
from demo.shared.predictors import Predictors
from demo.shared.texts import BUSY
from pneumonia.imaging.decode import MAX_BYTES, decode
from pneumonia.variants.registry import DEFAULT
from scripts.studies.reliability.synthetic_images import encode, radiograph
from tests.fixtures.fakes import FakePredictor, TwoPopulations, load_all_but_frozen, load_fake

CHEST = encode(radiograph(), "PNG")


@pytest.fixture(autouse=True)
def uploads(monkeypatch, tmp_path) -> Path:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    return use_private_folder()


def application(load: Callable = load_fake) -> RequestFilter:
    """The route alone, behind the page's filter."""
    return RequestFilter(Starlette(routes=[ReadingEndpoint(Predictors(load)).route]))


def ask(content: bytes = CHEST, load: Callable = load_fake, **parameters: str) -> httpx.Response:
    client = TestClient(application(load), base_url="http://127.0.0.1")
    return client.post(READING_PATH, content=content, params=parameters)


def test_the_answer_is_the_reading_and_nothing_else():
    answer = ask(operating_point="rule-in")
    assert answer.status_code == 200 and answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.json() == load_fake(DEFAULT).predict(CHEST, "rule-in").to_dict()


def test_what_follows_readings_by_itself_keeps_out_of_the_way_of_a_program():
    busy = []

    class Watched(FakePredictor):
        def predict(self, *arguments):
            busy.append(predictors.activity.is_busy())
            return super().predict(*arguments)

    predictors = Predictors(Watched)
    client = TestClient(Starlette(routes=[ReadingEndpoint(predictors).route]))
    assert client.post(READING_PATH, content=CHEST).status_code == 200
    assert busy == [True] and not predictors.activity.is_busy()


def test_the_map_comes_as_numbers_where_it_is_asked_for():
    predictor = load_fake("custom-cnn")
    reading = predictor.predict(CHEST)
    record = ask(variant="custom-cnn", heatmap="true").json()
    assert record.pop("heatmap") == reading.heatmap.tolist()
    assert record.pop("heatmap_scale") == predictor.heatmap_scale
    assert record == reading.to_dict()
    assert "heatmap" not in ask(variant="custom-cnn", heatmap="false").json()


def test_the_population_is_taken_as_the_page_takes_it():
    said = [ask(load=TwoPopulations, population=name).json()["population"] for name in ("adults", "children", "auto")]
    assert said == ["adults", "children", None]


def test_what_is_no_image_is_a_rejected_reading():
    for content in (b"", b"%PDF-1.7", CHEST[:2000]):
        answer = ask(content, heatmap="true")
        assert answer.status_code == 200
        assert answer.json() == {**load_fake(DEFAULT).predict(content).to_dict(), "heatmap": None, "heatmap_scale": 4.0}
        assert answer.json()["status"] == "rejected" and answer.json()["error"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("variant", "resnet"),
        ("operating_point", "best"),
        ("population", "dogs"),
        ("heatmap", "yes"),
        ("threshold", "1"),
    ],
)
def test_what_there_is_not_is_told_with_what_there_is(name, value):
    answer = ask(**{name: value})
    assert answer.status_code == 400 and answer.json()["code"] == "unknown-name"
    assert "choose one of" in answer.json()["error"]


def test_a_variant_without_weights_is_told_with_the_reason():
    answer = ask(load=load_all_but_frozen, variant="mobilenetv2-frozen")
    assert answer.status_code == 503 and answer.json()["code"] == "weights"
    assert "There is no weights folder for mobilenetv2-frozen." in answer.json()["error"]
    assert ask(load=load_all_but_frozen).status_code == 200


def test_a_file_that_is_too_large_is_not_taken_to_its_end():
    taken = 0

    def pieces():
        nonlocal taken
        for _ in range(20):
            taken += 10**7
            yield bytes(10**7)

    answer = ask(pieces())
    assert answer.status_code == 413 and answer.json()["code"] == "image-size"
    assert f"{MAX_BYTES // 10**6} MB" in answer.json()["error"]


@pytest.mark.promise("What a program sends has no name on the disk, and is gone when it was read.", part="Privacy")
def test_an_upload_leaves_nothing_and_has_no_name_while_it_is_read(uploads, monkeypatch):
    monkeypatch.setattr(reading_endpoint, "_IN_MEMORY", 100)
    seen = []

    class Watching(FakePredictor):
        def predict(self, source: BinaryIO, *others):
            seen.append((source._rolled, list(uploads.rglob("*"))))
            return super().predict(source, *others)

    assert ask(load=Watching).json()["image_sha256"] == decode(CHEST).sha256
    assert seen == [(True, [])] and not list(uploads.rglob("*"))


def test_pages_of_other_sites_and_other_methods_are_refused():
    client = TestClient(application(), base_url="http://127.0.0.1")
    refused = client.post(READING_PATH, content=CHEST, headers={"Origin": "http://elsewhere.invalid"})
    assert refused.status_code == 403 and refused.text == OTHER_SITE
    assert client.get(READING_PATH).status_code == 405
    assert client.post(f"{READING_PATH}/more", content=CHEST).status_code == 404


@pytest.mark.promise(
    "A program is told that the page is busy as soon as too many wait, and those that wait are read.",
    part="Many readers",
)
def test_past_the_end_of_the_queue_a_program_is_told_and_the_others_are_read():
    released, reading = threading.Event(), []

    class Slow(FakePredictor):
        def predict(self, *arguments):
            reading.append(None)
            released.wait(30)
            return super().predict(*arguments)

    at_once = MOST_AT_ONCE

    async def use() -> tuple[list[httpx.Response], httpx.Response, int]:
        transport = httpx.ASGITransport(application(Slow))
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1", timeout=60) as client:
            waiting = [
                asyncio.create_task(client.post(READING_PATH, content=CHEST)) for _ in range(at_once + MOST_WAITING)
            ]
            while len(reading) < at_once:
                await asyncio.sleep(0.01)
            # All others have come as far as they can.
            await asyncio.sleep(0.2)
            late = await client.post(READING_PATH, content=CHEST)
            working = len(reading)
            released.set()
            return await asyncio.gather(*waiting), late, working

    answers, late, working = asyncio.run(use())
    assert late.status_code == 503 and late.headers["retry-after"] == "1"
    assert late.json() == {"error": BUSY, "code": "busy"}
    assert working == at_once and {answer.status_code for answer in answers} == {200}
