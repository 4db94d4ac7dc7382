"""Weights are verified before anything parses them: a file that was exchanged is never opened."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from pneumonia import load_predictor
from pneumonia.errors import WeightsError
from pneumonia.inference import chest_check, engine, lung_segmentation
from pneumonia.inference.lung_segmentation import load_lung_fields
from pneumonia.weights.folder import CONFIG, KERAS_MODEL, SERVED_MODEL, read_bundle
from scripts import ROOT
from scripts.studies.reliability.synthetic_images import EXAMPLE


class ReachedError(Exception):
    """Something was given to a parser."""


def reached(*_: object, **__: object) -> None:
    raise ReachedError


def read_image(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "Interpreter", reached)
    load_predictor(weights=folder).predict(EXAMPLE)


def find_lungs(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "Interpreter", reached)
    lung_segmentation.read_lung_fields(folder).segment(EXAMPLE)


def judge(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chest_check.np, "load", reached)
    chest_check.read_chest_check(folder, load_lung_fields())


def export(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    original = pytest.importorskip("pneumonia.exports.source_model")
    monkeypatch.setattr(original.keras.models, "load_model", reached)
    assert original.SourceModel(read_bundle(folder)).model


@pytest.mark.promise("Weights are verified before they are parsed.", part="Security")
@pytest.mark.parametrize(
    ("use", "weights", "name"),
    [
        (read_image, "custom-cnn", SERVED_MODEL),
        (find_lungs, "lung-fields", SERVED_MODEL),
        (judge, "plausibility", chest_check.FITTED),
        (export, "custom-cnn", KERAS_MODEL),
    ],
)
def test_a_file_that_was_exchanged_under_its_name_reaches_no_parser(
    use: Callable, weights: str, name: str, tmp_path, monkeypatch
):
    folder = shutil.copytree(ROOT / "weights" / weights, tmp_path / weights)
    # The parser is reached with the file as it was, or the rest could not fail.
    with monkeypatch.context() as patched, pytest.raises(ReachedError):
        use(folder, patched)
    whole = (folder / name).read_bytes()
    # One bit, in the middle; another file of its length; another network of the project, which would parse.
    place = len(whole) // 2
    other = (
        ROOT / "weights" / "mobilenetv2-frozen" / (name if name != chest_check.FITTED else KERAS_MODEL)
    ).read_bytes()
    refused = f"{name} .*(altered|incomplete)"
    for exchanged in (whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :], bytes(len(whole)), other):
        (folder / name).write_bytes(exchanged)
        with (
            monkeypatch.context() as patched,
            pytest.raises(WeightsError, match=refused),
        ):
            use(folder, patched)


def test_a_size_that_fits_is_not_enough(tmp_path):
    """Whoever exchanges a file and its size, but not its hash, is found out as well."""
    folder = shutil.copytree(ROOT / "weights" / "custom-cnn", tmp_path / "custom-cnn")
    (folder / SERVED_MODEL).write_bytes(b"another network")
    config = json.loads((folder / CONFIG).read_text())
    config["files"][SERVED_MODEL]["bytes"] = len(b"another network")
    (folder / CONFIG).write_text(json.dumps(config))
    with pytest.raises(WeightsError, match="altered"):
        load_predictor(weights=folder)
