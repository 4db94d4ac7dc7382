"""Killed while something is written: the old one is there or the new one, whole, and the next run clears up."""

import csv
import json
import os
import shutil
import signal

import pytest

from pneumonia.batch.part_files import open_parts
from pneumonia.errors import WeightsError
from pneumonia.utils.atomic_files import UNFINISHED, open_atomic, write_atomic
from pneumonia.weights import folder as bundle_module
from pneumonia.weights.folder import FILES, read_bundle, write_bundle
from tests.fixtures.archives import rows, run, start, wait_until, write_archive
from tests.fixtures.fakes import FakePredictor
from tests.fixtures.killing import killed_at_each_step
from tests.fixtures.tiny import tiny_config

OLD, NEW = ({**dict.fromkeys(FILES, content), "metrics.json": b'{"sets": {}}'} for content in (b"old" * 9, b"new" * 9))
REJECTED = FakePredictor("custom-cnn").predict("nowhere").to_dict()


def outcome(folder) -> str:
    """What a reader finds in a weights folder."""
    try:
        contents = read_bundle(folder).contents
    except WeightsError as error:
        assert str(error).startswith("There is no weights folder for custom-cnn")
        return "none"
    return {"old": "old", "new": "new"}[contents["history.csv"][:3].decode()]


@pytest.mark.promise("A weights folder is the old one or the new one wherever its writer is killed.", part="Faults")
@pytest.mark.parametrize("before", ["old", "none"])
def test_a_weights_folder_is_the_old_one_or_the_new_one_at_every_step(before, tmp_path):
    folder, found = tmp_path / "custom-cnn", []

    def prepare():
        shutil.rmtree(tmp_path)
        tmp_path.mkdir()
        if before == "old":
            write_bundle(folder, OLD, tiny_config())

    for _ in killed_at_each_step(tmp_path, lambda: write_bundle(folder, NEW, tiny_config()), prepare):
        found.append(outcome(folder))
        # The next one is written all the same, and clears up.
        write_bundle(folder, NEW, tiny_config("mobilenetv2-frozen"))
        assert read_bundle(folder).config["variant"] == "mobilenetv2-frozen"
        assert [path.name for path in tmp_path.iterdir()] == ["custom-cnn"]
    turn = found.index("new")
    assert found == [before] * turn + ["new"] * (len(found) - turn)
    # It was killed before each of the files and between the renamings, and not only in the end.
    assert turn > len(FILES) and len(found) > turn + 1


def test_a_folder_that_was_put_aside_comes_back_before_another_is_written(tmp_path, monkeypatch):
    folder = tmp_path / "custom-cnn"
    write_bundle(folder, OLD, tiny_config())
    os.rename(folder, tmp_path / ".custom-cnn-replaced")
    assert outcome(folder) == "old"

    def full(*_):
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(bundle_module, "write_synced", full)
    with pytest.raises(OSError, match="No space"):
        write_bundle(folder, NEW, tiny_config())
    assert outcome(folder) == "old" and [path.name for path in tmp_path.iterdir()] == ["custom-cnn"]


def test_a_file_is_the_old_one_or_the_new_one_at_every_step(tmp_path):
    path, found = tmp_path / "state.json", []
    for _ in killed_at_each_step(
        tmp_path,
        lambda: write_atomic(path, b"[2, 2]"),
        lambda: path.write_bytes(b"[1, 1]"),
    ):
        found.append(json.loads(path.read_bytes())[0])
    assert found == sorted(found) and {1, 2} == set(found) and len(found) > 2


def test_a_table_has_its_name_only_when_it_is_whole(tmp_path):
    path, found = tmp_path / "readings.csv", []

    def write():
        with open_atomic(path) as file:
            for number in range(3):
                file.write(f"{number}\n")
                file.flush()
                # A step to be killed at, between two lines.
                (tmp_path / f"read-{number}").touch()

    def prepare():
        shutil.rmtree(tmp_path)
        tmp_path.mkdir()

    for _ in killed_at_each_step(tmp_path, write, prepare):
        unfinished = tmp_path / f"readings.csv{UNFINISHED}"
        if path.exists():
            assert path.read_text() == "0\n1\n2\n" and not unfinished.exists()
        found.append(unfinished.read_text() if unfinished.exists() else None)
    assert found == [None, None, "0\n", "0\n1\n", "0\n1\n2\n", "0\n1\n2\n", None]


@pytest.mark.promise("Parts of an archive survive a kill at any step.", part="Faults")
def test_what_an_archive_has_in_parts_survives_every_step(tmp_path):
    def write():
        with open_parts(tmp_path, "csv", {"variant": "custom-cnn"}) as opened:
            for name in opened.unread("abc"):
                opened.add(name, REJECTED)
                opened.write()

    def prepare():
        shutil.rmtree(tmp_path)
        tmp_path.mkdir()

    counts = []
    for _ in killed_at_each_step(tmp_path, write, prepare):
        counts.append(len(rows(tmp_path)))
        write()
        assert [row["path"] for row in rows(tmp_path)] == ["a", "b", "c"]
        assert not [path for path in tmp_path.iterdir() if "partial" in path.name]
    assert counts == sorted(counts) and set(counts) == {0, 1, 2, 3}


@pytest.mark.promise("A command that is killed leaves no table that looks whole.", part="Faults")
@pytest.mark.slow
def test_a_command_that_is_killed_leaves_no_table_that_looks_whole(tmp_path):
    (tmp_path / "archive").mkdir()
    write_archive(tmp_path / "archive")
    table, unfinished = tmp_path / "readings.csv", tmp_path / f"readings.csv{UNFINISHED}"
    options = (tmp_path / "archive", "--format", "csv", "--output", table)
    with start(*options) as process:
        wait_until(lambda: unfinished.exists() and unfinished.stat().st_size, process)
        process.send_signal(signal.SIGKILL)
    assert not table.exists() and 0 < len(unfinished.read_text().splitlines()) < 1 + 106
    assert run(*options).returncode == 1
    assert len(list(csv.DictReader(table.read_text().splitlines()))) >= 106 and not unfinished.exists()
