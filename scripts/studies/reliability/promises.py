"""Promises of the project, as the tests that hold them say by their marks."""

import ast
from typing import NamedTuple

from scripts import ROOT

TESTS = ROOT / "tests"
# In the order in which they are listed.
PARTS = (
    "Whatever is uploaded",
    "Figures",
    "Many readers",
    "Faults",
    "Security",
    "Privacy",
    "Hospital archives",
    "What can be checked later",
)


class Promise(NamedTuple):
    """The mark `@pytest.mark.promise(sentence, part=part)` of a test, which fails where the promise is broken.

    Attributes:
        sentence: what can be relied on.
        part: of `PARTS`.
        test: name of the function.
        file: below the project.
    """

    sentence: str
    part: str
    test: str
    file: str


def read_promises() -> list[Promise]:
    """All promises by file, and in the order of the tests in it, read without running any.

    Raises:
        TypeError: if a mark lacks its sentence or its part, or has anything else.
    """
    return [
        Promise(
            *map(ast.literal_eval, mark.args), **_keywords(mark), test=test.name, file=path.relative_to(ROOT).as_posix()
        )
        for path in sorted(TESTS.rglob("test_*.py"))
        for test in ast.parse(path.read_text()).body
        for mark in getattr(test, "decorator_list", ())
        if isinstance(mark, ast.Call) and ast.unparse(mark.func) == "pytest.mark.promise"
    ]


def _keywords(mark: ast.Call) -> dict[str, str]:
    return {keyword.arg: ast.literal_eval(keyword.value) for keyword in mark.keywords}
