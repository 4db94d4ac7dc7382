"""The interface that the studies share: what is measured is written, what was written is rendered."""

import json

import pytest

from pneumonia.errors import DataError, PneumoniaError
from pneumonia.weights.folder import WEIGHTS_FOLDER
from scripts.studies import shortcuts, study
from scripts.studies.reliability.__main__ import STUDY as RELIABILITY
from scripts.studies.results.__main__ import STUDY as RESULTS
from scripts.studies.study import Measurement, Study
from tests.fixtures.tiny import write_tiny_data


@pytest.fixture
def places(tmp_path, monkeypatch):
    """A folder for the figures, and one for the documents."""
    monkeypatch.setattr(study, "FIGURES", tmp_path / "figures")
    monkeypatch.setattr(study, "DOCUMENTS", tmp_path)
    return tmp_path


def add_options(parser):
    parser.add_argument("--count", type=int, default=2)


def measurement(**more):
    return Measurement(add_options, lambda arguments: {"count": arguments.count}, **more)


def test_a_study_is_measured_and_rendered(places):
    whole = Study("whole", "One.", measurement(), lambda figures: f"There are {figures['count']}.")
    assert whole.main(["measure", "--count", "3"]) == 0
    command = "python -m scripts.studies.whole measure --count 3"
    assert json.loads((places / "figures" / "whole.json").read_text()) == {"command": command, "count": 3}
    assert whole.main(["render"]) == 0 and (places / "whole.md").read_text() == "There are 3."


def test_parts_are_measured_one_by_one(places):
    named = {"one": measurement(), "other": measurement(part=lambda arguments: f"of-{arguments.count}")}
    parts = Study("parts", "Two.", named, lambda figures: ", ".join(figures))
    parts.main(["measure", "one"])
    parts.main(["measure", "other", "--count", "7"])
    assert parts.figures()["one"]["command"] == "python -m scripts.studies.parts measure one --count 2"
    parts.main(["render"])
    assert (places / "parts.md").read_text() == "of-7, one"


def test_what_was_not_reached_is_told_after_it_was_written(places):
    short = Study("short", "One.", measurement(shortfalls=lambda figures: ["Too few.", "Too late."]))
    with pytest.raises(PneumoniaError, match=r"Too few\. Too late\."):
        short.main(["measure"])
    assert short.figures()["count"] == 2


def test_a_training_is_kept_with_its_own_command(places):
    RESULTS.main(["measure", "trained", str(WEIGHTS_FOLDER / "custom-cnn")])
    assert RESULTS.figures()["trained-custom-cnn"]["command"].startswith("python scripts/train.py")


@pytest.mark.parametrize(
    ("options", "line"),
    [
        (("--minutes", "nan"), "--minutes: must be above 0"),
        (("--minutes", "0"), "--minutes: must be above 0"),
        (("--readings", "7"), "--readings: must be at least 8"),
    ],
)
def test_a_load_that_would_tell_nothing_is_refused(options, line, capsys):
    with pytest.raises(SystemExit):
        RELIABILITY.main(["measure", "load", *options])
    assert line in capsys.readouterr().err


def test_shortcuts_are_not_measured_without_images(places, capsys):
    write_tiny_data(places / "data")
    arguments = ["measure", "--data", str(places / "data")]
    with pytest.raises(DataError, match="'nowhere'"):
        shortcuts.STUDY.main([*arguments, "--native", "nowhere"])
    with pytest.raises(SystemExit):
        shortcuts.STUDY.main([*arguments, "--seed", "-1"])
    assert "must be at least 0" in capsys.readouterr().err
