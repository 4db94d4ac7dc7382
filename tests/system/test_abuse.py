"""The abuse corpus through every interface: no crash, no traceback, no silent guess, in little time and memory."""

import hashlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from playwright.sync_api import expect

from scripts.studies.reliability.abuse import archives, bombs, corpus, interfaces
from scripts.studies.reliability.abuse.cases import Case
from scripts.studies.reliability.abuse.interfaces import MEGABYTES, SECONDS, Answers, differing
from tests.fixtures.browsing import needs_chromium, opened, upload
from tests.fixtures.fakes import served

pytestmark = pytest.mark.measured
PATIENCE = 60_000  # milliseconds; two cores may have other work


def require_right(cases: Sequence[Case | archives.Batch], answers: Answers) -> None:
    assert len(answers.records) == len(cases) and len(answers.good) >= len(cases) // 10
    assert answers.complaints(cases) == []
    assert max(answers.seconds.values()) < SECONDS, answers.summary(cases)


# === Quick: each bomb to the library ===


@pytest.mark.promise(
    "No small file that is built to be expensive takes more than 8 seconds of the processors or 500 MB.",
    part="Whatever is uploaded",
)
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("case", bombs.CASES, ids=lambda case: case.what)
def test_no_bomb_goes_off(case, tiny_predictor):
    data, before = case.make(), sum(os.times()[:4])
    assert case.complaints(tiny_predictor.predict(data).to_dict()) == []
    assert sum(os.times()[:4]) - before < SECONDS


@pytest.mark.promise("The corpus would notice a wrong answer.", part="Whatever is uploaded")
def test_a_complaint_is_made_of_every_wrong_answer(tiny_predictor):
    """The judge of this corpus can say no."""
    good = tiny_predictor.predict(archives.GOOD).to_dict()
    refused = tiny_predictor.predict(b"%PDF-1.7").to_dict()
    reading, refusal = Case("a", bytes, "read", warned=("text",)), Case("b", bytes, "rejected", ("HEIC",))
    assert all(case.complaints(record) for case in (reading, refusal) for record in (good, refused))
    either = Case("c", bytes, "either")
    assert not either.complaints(good) and not either.complaints(refused)
    for broken in ({"probability": 1.5}, {"logit": float("nan")}, {"finding": None}, {"status": "failed"}):
        assert either.complaints({**good, **broken})
    for broken in ({"error": "Traceback (most recent call last):"}, {"probability": 0.5}):
        assert either.complaints({**refused, **broken})
    answers = Answers({1: refused}, [good, {**good, "logit": 0.0}], {1: 0.1}, said='{"event": "crash"}')
    assert len(answers.complaints([refusal])) == 3


def test_a_case_that_ends_the_process_is_named(tiny_predictor):
    good = tiny_predictor.predict(archives.GOOD).to_dict()
    cases = [Case("the first", bytes, "read"), Case("the second", bytes, "read"), Case("the third", bytes, "read")]
    answers = Answers({1: good}, [good, good], {1: 0.1})
    assert answers.complaints(cases) == ["the second: no answer, as for 1 cases after it."]
    assert answers.summary(cases)["wrong"] == 1 and differing(cases, answers, answers) == ["the second", "the third"]
    at_once = Answers()
    assert len(at_once.complaints(cases)) == 2 and at_once.summary(cases)["slowest"] is None


def test_a_process_that_says_much_is_not_held_up():
    much = "import json, sys; sys.stderr.write('x' * 300_000 + 'end'); print(json.dumps({'path': 'cases/0001/image'}))"
    answers = interfaces._of_process([sys.executable, "-c", much])
    assert list(answers.records) == [1] and len(answers.said) == 300_003 and answers.said.endswith("end")


# === Slow: all of it ===


@pytest.fixture(scope="module")
def cases() -> list[Case]:
    return list(corpus())


@pytest.fixture(scope="module")
def folder(cases, tmp_path_factory) -> Path:
    """All cases as files, each with a good one after it."""
    folder = tmp_path_factory.mktemp("abuse")
    interfaces.write(folder, cases)
    return folder


@pytest.fixture(scope="module")
def through_library(folder) -> Answers:
    return interfaces.library(folder)


@pytest.mark.promise(
    "Every file of the abuse corpus gets its stated answer within 8 seconds of the processors and 500 MB, and the "
    "next good image reads as before.",
    part="Whatever is uploaded",
)
@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_the_library(cases, through_library):
    require_right(cases, through_library)
    assert len(through_library.good) > len(cases)
    assert through_library.megabytes < MEGABYTES


@pytest.mark.promise(
    "The command answers the abuse corpus as the library does, two images at a time.", part="Whatever is uploaded"
)
@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_the_command_answers_as_the_library_does(cases, folder, through_library):
    answers = interfaces.script(folder)
    require_right(cases, answers)
    assert differing(cases, answers, through_library) == []
    # It reads as many at once as there are cores, and these may be the largest.
    assert answers.megabytes < MEGABYTES * (os.cpu_count() or 1)


@pytest.mark.promise(
    "The API answers the abuse corpus as the library does, one image at a time, within the same limits.",
    part="Whatever is uploaded",
)
@pytest.mark.slow
@pytest.mark.timeout(3000)
def test_the_endpoint_answers_as_the_library_does(cases, folder, through_library):
    answers = interfaces.api(folder)
    require_right(cases, answers)
    assert differing(cases, answers, through_library) == []
    assert answers.megabytes < MEGABYTES


@pytest.mark.promise("Bombs in ZIP archives do not go off, and their neighbours are read.", part="Whatever is uploaded")
@pytest.mark.slow
def test_archives(tmp_path):
    answers = interfaces.batch(tmp_path, archives.CASES)
    require_right(archives.CASES, answers)
    assert answers.megabytes < MEGABYTES


@pytest.mark.promise(
    "The page shows the sentence of a refused file, then reads the next good image as before.",
    part="Whatever is uploaded",
)
@pytest.mark.slow
@needs_chromium
def test_the_page(browser, tmp_path):
    """Every sixtieth case: the sentence or the reading is shown, and the next good image is read as before."""
    few = list(corpus(every=60))
    assert len(few) >= 12
    good = tmp_path / "chest.png"
    good.write_bytes(archives.GOOD)
    with served("real") as address:
        for page in opened(browser, address):
            verdict = page.locator("#verdict")
            alert, paragraphs = verdict.locator("[role=alert]"), verdict.locator("p")
            details = page.locator("#checks")
            upload(page, str(good))
            expect(details).to_contain_text(short_hash(archives.GOOD), timeout=PATIENCE)
            first = paragraphs.all_text_contents()
            for number, case in enumerate(few):
                path, data = tmp_path / str(number) / case.name, case.make()
                path.parent.mkdir()
                path.write_bytes(data)
                upload(page, str(path))
                if case.answer == "rejected":
                    expect(alert).to_contain_text("".join(case.words[:1]), timeout=PATIENCE)
                else:
                    read = details.get_by_text(short_hash(data))  # which folds away
                    expect(alert.or_(read)).to_have_count(1, timeout=PATIENCE)
                    assert case.answer == "either" or not alert.count()
                upload(page, str(good))
                expect(alert).to_have_count(0, timeout=PATIENCE)
                expect(paragraphs).to_have_text(first, timeout=PATIENCE)


def short_hash(data: bytes) -> str:
    """As the page shows it."""
    return hashlib.sha256(data).hexdigest()[:12]
