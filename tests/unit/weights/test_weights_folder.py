"""Weights folders: whole or not at all, and never altered unnoticed."""

import json
import shutil
from dataclasses import replace

import pytest

from pneumonia.errors import WeightsError
from pneumonia.inference.predictor import Predictor
from pneumonia.weights.folder import CONFIG, file_facts, read_bundle, write_bundle
from tests.fixtures.tiny import tiny_config

POINTS = tiny_config()["operating_points"]


@pytest.fixture
def folder(tiny_weights, tmp_path):
    """A copy of the tiny weights that may be harmed."""
    return shutil.copytree(tiny_weights, tmp_path / "custom-cnn")


def test_reads_back_what_was_written(folder):
    bundle = read_bundle(folder)
    assert bundle.config["variant"] == "custom-cnn" and bundle.metrics == {"sets": {}}
    assert set(bundle.config["files"]) == {"model.keras", "model.tflite", "metrics.json", "history.csv", "README.md"}
    assert bundle.weights_sha256 == bundle.config["files"]["model.tflite"]["sha256"]


@pytest.mark.parametrize("name", ["model.tflite", "metrics.json", CONFIG])
def test_a_missing_file_is_named(folder, name):
    (folder / name).unlink()
    with pytest.raises(WeightsError, match=f"{name} is missing"):
        read_bundle(folder)


def test_a_missing_folder_says_how_to_make_one(tmp_path):
    with pytest.raises(WeightsError, match="pneumonia train"):
        read_bundle(tmp_path / "custom-cnn")


def test_truncated_flipped_and_pointer_files_are_told_apart(folder):
    model = folder / "model.tflite"
    whole = model.read_bytes()
    model.write_bytes(whole[:-10])
    with pytest.raises(WeightsError, match="incomplete"):
        read_bundle(folder)
    model.write_bytes(bytes([whole[0] ^ 1]) + whole[1:])
    with pytest.raises(WeightsError, match="altered"):
        read_bundle(folder)
    model.write_bytes(b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n")
    with pytest.raises(WeightsError, match="git lfs pull"):
        read_bundle(folder)


def test_a_config_that_is_no_json_or_vouches_for_too_little(folder):
    config = json.loads((folder / CONFIG).read_text())
    del config["files"]["model.tflite"], config["config_sha256"]
    (folder / CONFIG).write_text(json.dumps(config))
    with pytest.raises(WeightsError, match=r"vouch for model\.tflite"):
        read_bundle(folder)
    for text in ("{", "[" * 100_000):
        (folder / CONFIG).write_text(text)
        with pytest.raises(WeightsError, match="not valid JSON"):
            read_bundle(folder)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        *(("temperature", 0), ("temperature", "2"), ("heatmap_scale", None), ("heatmap_scale", -40)),
        *(("preprocessing", {"size": 64, "sise": 64}), ("preprocessing", {"size": -64})),
        ("preprocessing", {"size": 64, "high_percentile": 101}),
        ("operating_points", POINTS | {"balanced": POINTS["balanced"] | {"threshold": 2}}),
        ("operating_points", POINTS | {"balanced": POINTS["balanced"] | {"low": -0.1}}),
    ],
)
def test_a_value_of_the_config_that_is_not_what_it_must_be_is_named(folder, key, value):
    bundle = read_bundle(folder)
    with pytest.raises(WeightsError, match=rf"its {key}[._a-z]* is "):
        Predictor.from_bundle(replace(bundle, config={**bundle.config, key: value}))


def test_a_config_without_one_of_the_operating_points_is_told(folder):
    bundle = read_bundle(folder)
    points = {"screening": POINTS["screening"]}
    with pytest.raises(WeightsError, match="lacks the operating point balanced"):
        Predictor.from_bundle(replace(bundle, config={**bundle.config, "operating_points": points}))


def test_replacing_a_folder_leaves_nothing_beside_it(folder):
    contents = dict(read_bundle(folder).contents)
    contents["history.csv"] = b"new\n"
    write_bundle(folder, contents, tiny_config())
    assert (folder / "history.csv").read_bytes() == b"new\n"
    assert [path.name for path in folder.parent.iterdir()] == ["custom-cnn"]
    read_bundle(folder)


def test_a_further_file_is_vouched_for_like_the_others(folder):
    write_bundle(folder, {**read_bundle(folder).contents, "model.h5": b"more"}, tiny_config())
    assert read_bundle(folder).contents["model.h5"] == b"more"
    (folder / "model.h5").write_bytes(b"else")
    with pytest.raises(WeightsError, match=r"model\.h5 .*altered"):
        read_bundle(folder)


def test_nothing_but_a_weights_folder_is_ever_replaced(folder, tmp_path):
    contents = read_bundle(folder).contents
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "thesis.txt").write_text("years")
    file = tmp_path / "file"
    file.write_text("data")
    for place in (precious, file):
        with pytest.raises(WeightsError, match="left alone"):
            write_bundle(place, contents, tiny_config())
    assert (precious / "thesis.txt").read_text() == "years" and file.read_text() == "data"
    empty = tmp_path / "empty"
    empty.mkdir()
    write_bundle(empty, contents, tiny_config())
    read_bundle(empty)


@pytest.mark.parametrize("name", ["../secret", "/etc/passwd", "a/b"])
def test_a_config_cannot_name_a_file_elsewhere(folder, name):
    content = b"elsewhere"
    (folder.parent / "secret").write_bytes(content)
    config = json.loads((folder / CONFIG).read_text())
    config["files"][name] = file_facts(content)
    del config["config_sha256"]
    (folder / CONFIG).write_text(json.dumps(config))
    with pytest.raises(WeightsError, match="not in its folder"):
        read_bundle(folder)


def test_json_that_is_no_object_is_told(folder):
    (folder / CONFIG).write_text("[]")
    with pytest.raises(WeightsError, match="not a JSON object"):
        read_bundle(folder)
