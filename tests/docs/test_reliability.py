"""The document of promises: every promise has a test that holds it, and its figures are those that were measured."""

from scripts.studies.reliability.__main__ import STUDY
from scripts.studies.reliability.document import measurements
from scripts.studies.reliability.promises import PARTS, read_promises

PROMISES = read_promises()


def test_no_promise_is_made_twice_and_each_belongs_to_a_part():
    assert len({promise.sentence for promise in PROMISES}) == len({promise.test for promise in PROMISES})
    assert len(PROMISES) == len({promise.sentence for promise in PROMISES}) > 80
    assert {promise.part for promise in PROMISES} == set(PARTS)


def test_whatever_was_measured_belongs_to_a_promise():
    assert set(measurements(STUDY.figures())) <= {promise.test for promise in PROMISES}


def test_the_document_says_what_was_measured():
    assert STUDY.document.read_text() == STUDY.render(STUDY.figures())
