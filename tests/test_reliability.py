"""The document of promises: every test that it names is there, and its figures are those that were measured."""

import ast
import json
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "scripts"))

import report_reliability  # noqa: E402
from promises import PROMISES  # noqa: E402

ROWS = [promise for promises in PROMISES.values() for promise in promises]


@pytest.mark.parametrize("promise", ROWS, ids=lambda promise: promise.test)
def test_every_promise_has_a_test_that_holds_it(promise):
    file, name = promise.test.split("::")
    tree = ast.parse((ROOT / "tests" / file).read_text())
    assert [node.name for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == name] == [name]


def test_no_promise_is_made_twice():
    assert len({promise.said for promise in ROWS}) == len({promise.test for promise in ROWS}) == len(ROWS)


def test_the_document_says_what_was_measured():
    figures = {
        name: json.loads((report_reliability.RESULTS / f"{name}.json").read_text())
        for name in report_reliability.SOURCES
    }
    assert report_reliability.DOCUMENT.read_text() == report_reliability.render(figures)
