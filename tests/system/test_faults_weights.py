"""Harm to the files of a weights folder: each file, each kind of harm, told in a sentence and never read over."""

import json
import os
import shutil
from pathlib import Path

import pytest

from pneumonia.__main__ import main
from pneumonia.errors import WeightsError
from pneumonia.inference import chest_check, lung_shape
from pneumonia.inference.lung_segmentation import read_lung_fields
from pneumonia.weights.folder import (
    CONFIG,
    FILES,
    METRICS,
    SERVED_MODEL,
    WEIGHTS_FOLDER,
    read_bundle,
    with_config,
    write_bundle,
)
from scripts.studies.reliability.synthetic_images import EXAMPLE
from tests.fixtures.tiny import tiny_config

# What `git clone` leaves of a large file where Git LFS is not installed.
POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"4d" * 32 + b"\nsize 9182168\n"
SHIPPED = sorted(path for path in WEIGHTS_FOLDER.iterdir() if (path / CONFIG).is_file())
EACH_FILE = [(folder, name) for folder in SHIPPED for name in sorted(path.name for path in folder.iterdir())]


def missing(path: Path) -> None:
    path.unlink()


def empty(path: Path) -> None:
    path.write_bytes(b"")


def truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-10])


def flipped(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def pointer(path: Path) -> None:
    path.write_bytes(POINTER)


def needed(folder: Path) -> tuple[str, ...]:
    return {"plausibility": chest_check.FILES, "lung-shape": lung_shape.FILES}.get(folder.name, FILES)


def harmed(folder: Path, name: str, harm, into: Path) -> Path:
    """A copy of a weights folder with harm to one file; the others are links."""
    copy = into / folder.name
    copy.mkdir()
    for path in folder.iterdir():
        if path.name == name:
            shutil.copy(path, copy / name)
        else:
            (copy / path.name).symlink_to(path)
    harm(copy / name)
    return copy


@pytest.mark.promise(
    "Harm to any file of any weights folder (missing, empty, cut off, a bit flipped, a Git LFS pointer) is named in a "
    "sentence.",
    part="Faults",
)
@pytest.mark.parametrize("harm", [missing, empty, truncated, flipped, pointer])
@pytest.mark.parametrize(("folder", "name"), EACH_FILE, ids=lambda value: getattr(value, "name", value))
def test_harm_to_any_file_of_any_folder_is_told(folder, name, harm, tmp_path):
    with pytest.raises(WeightsError) as told:
        read_bundle(harmed(folder, name, harm, tmp_path), needed(folder))
    sentence = str(told.value)
    assert sentence.startswith(f"{name} ") and sentence.count("\n") == 0
    assert ("git lfs pull" in sentence) == (harm is pointer)
    assert {missing: "is missing", pointer: "Git LFS pointer"}.get(harm, "") in sentence


def test_each_shipped_folder_vouches_for_its_own_config():
    assert len(SHIPPED) == 6
    for folder in SHIPPED:
        contents = read_bundle(folder, needed(folder)).contents
        config = json.loads((folder / CONFIG).read_text())
        assert with_config(contents, config)[CONFIG] == (folder / CONFIG).read_bytes(), folder.name


@pytest.mark.promise("No changed byte of a config is read unnoticed.", part="Faults")
def test_no_byte_of_a_config_can_change_what_is_read_unnoticed(tmp_path):
    """Thresholds and temperature stand in it: a digit that flips would move every probability."""
    contents = dict.fromkeys(FILES, b"{}")
    write_bundle(tmp_path / "whole", contents, tiny_config())
    whole, config = read_bundle(tmp_path / "whole").config, (tmp_path / "whole" / CONFIG).read_bytes()
    unnoticed = []
    for place in range(len(config)):
        # Each bit in its turn: all of them at each place would take long and show no more.
        flipped = config[place] ^ (1 << place % 8)
        (tmp_path / "whole" / CONFIG).write_bytes(config[:place] + bytes([flipped]) + config[place + 1 :])
        try:
            read = read_bundle(tmp_path / "whole").config
        except WeightsError:
            continue
        # What may still be read is a space that became another, or the hash under another name.
        if any(read.get(name) != value for name, value in whole.items()):
            unnoticed.append(place)
    assert not unnoticed


def test_a_folder_from_before_there_was_a_hash_of_the_config_is_still_read(tiny_weights, tmp_path):
    folder = shutil.copytree(tiny_weights, tmp_path / "custom-cnn")
    config = json.loads((folder / CONFIG).read_text())
    del config["config_sha256"]
    (folder / CONFIG).write_text(json.dumps(config))
    assert read_bundle(folder).config == config
    # And one that names them otherwise is told.
    for files in ([], {SERVED_MODEL: {}}, {SERVED_MODEL: None}, None):
        (folder / CONFIG).write_text(json.dumps({**config, "files": files}))
        with pytest.raises(WeightsError):
            read_bundle(folder)


@pytest.mark.parametrize("harm", [missing, truncated, flipped, pointer])
@pytest.mark.parametrize("name", [CONFIG, SERVED_MODEL, METRICS])
def test_the_command_ends_with_one_line(name, harm, tmp_path, monkeypatch, capsys):
    harmed(WEIGHTS_FOLDER / "custom-cnn", name, harm, tmp_path)
    monkeypatch.setattr("pneumonia.weights.locate.WEIGHTS_FOLDER", tmp_path)
    with pytest.raises(SystemExit) as ended:
        main(["predict", "--variant", "custom-cnn", str(EXAMPLE)])
    said = capsys.readouterr()
    assert ended.value.code == 2 and not said.out
    assert said.err.startswith(f"error: {name} ") and said.err.count("\n") == 1


@pytest.mark.parametrize("name", [CONFIG, SERVED_MODEL])
def test_lung_fields_that_are_pointers_are_told(name, tmp_path):
    with pytest.raises(WeightsError, match="git lfs pull"):
        read_lung_fields(harmed(WEIGHTS_FOLDER / "lung-fields", name, pointer, tmp_path))


def test_a_folder_that_cannot_be_read_is_told(tiny_weights, tmp_path):
    folder = shutil.copytree(tiny_weights, tmp_path / "custom-cnn")
    (folder / SERVED_MODEL).unlink()
    (folder / SERVED_MODEL).mkdir()
    with pytest.raises(WeightsError, match=f"{SERVED_MODEL} .*{os.strerror(21)}"):
        read_bundle(folder)


def test_an_intact_folder_is_read(tmp_path):
    """Else the tests above could not fail."""
    folder = harmed(WEIGHTS_FOLDER / "custom-cnn", SERVED_MODEL, lambda path: None, tmp_path)
    assert read_bundle(folder).config["populations"]
