"""JSON from outside: what fits its form is read, and the first value that does not is named."""

from dataclasses import dataclass

import pytest

from pneumonia.core.operating_points import Interval, Number
from pneumonia.utils.json_values import json_bytes, read_json, require_form


@dataclass(frozen=True)
class Form:
    share: Interval
    names: tuple[str, ...] = ()
    count: Number = 1.0


WHOLE = {"share": {"value": 1, "low": 0.5, "high": 1.5}, "names": ["a"]}


def test_what_fits_is_read():
    assert read_json(Form, json_bytes(WHOLE)) == Form(Interval(1.0, 0.5, 1.5), ("a",))


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"share": None}, "its share is missing"),
        ({"share": {"value": 1, "low": 0}}, "its share.high is missing"),
        ({"share": {"value": "1", "low": 0, "high": 1}}, "its share.value is"),
        ({"share": {"value": True, "low": 0, "high": 1}}, "its share.value is"),
        ({"share": {"value": float("nan"), "low": 0, "high": 1}}, "its share.value is"),
        ({"share": {"value": 1, "low": 0, "high": 10**400}}, "its share.high is"),
        ({"names": ["a", 1]}, "its names.1 is"),
        ({"unknown": 1}, "its unknown is"),
        ({"\x1b[2J\n" * 9: 1}, r"its \x1b[2J\n\x1b"),
        ({"n" * 10_000: 1}, f"its {'n' * 100} is"),
    ],
)
def test_what_does_not_fit_is_named(changed, said):
    with pytest.raises(ValueError, match="its ") as told:
        read_json(Form, json_bytes({**WHOLE, **changed}))
    assert str(told.value).startswith(said) and len(str(told.value)) < 200


@pytest.mark.parametrize("contents", [b"", b"{", b"[]", b"7", b"[" * 100_000, b"9" * 5000, b"\xff\xd8\xff\xe0"])
def test_what_is_no_object_is_told(contents):
    with pytest.raises(ValueError, match=r"^it is not"):
        read_json(Form, contents)


def test_a_value_that_is_read_already_may_have_more_if_its_form_says_so():
    assert require_form(dict[str, int], {"a": 1}) == {"a": 1}
    with pytest.raises(ValueError, match="its a is"):
        require_form(dict[str, int], {"a": 1.5})
