"""Archives: a folder of parts, each whole or absent, that a later run goes on with."""

import importlib.util
import resource
import shutil
import signal
import sys
import tracemalloc
from pathlib import Path

import pytest

from pneumonia.__main__ import main
from pneumonia.batch import part_files as parts_module
from pneumonia.batch.part_files import MANIFEST, open_parts
from pneumonia.errors import DataError, MissingExtraError
from scripts.studies.reliability.synthetic_images import EXAMPLE
from tests.fixtures.archives import ODD_NAMES, READINGS, parts, rows, run, start, wait_until, write_archive
from tests.fixtures.fakes import FakePredictor

SETTINGS = {"variant": "custom-cnn", "operating_point": {"name": "balanced"}}
REJECTED = FakePredictor("custom-cnn").predict("nowhere").to_dict()


@pytest.fixture
def small_parts(monkeypatch):
    monkeypatch.setattr(parts_module, "READINGS", READINGS)


def fill(folder, names, form="csv", settings=SETTINGS):
    """Read names that no part holds, and return those that were read."""
    with open_parts(folder, form, settings) as opened:
        read = []
        for name in opened.unread(names):
            opened.add(name, REJECTED)
            read.append(name)
    return read


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    folder = tmp_path_factory.mktemp("archive")
    write_archive(folder)
    return folder


@pytest.mark.slow
def test_a_killed_run_goes_on_to_the_same_table(archive, tmp_path):
    options = (archive, "--format", "parquet")
    uninterrupted = run(*options, "--parts", tmp_path / "whole")
    assert uninterrupted.returncode == 1 and "106 files, 6 of them rejected; 0 were read" in uninterrupted.stderr
    with start(*options, "--parts", tmp_path / "killed") as process:
        wait_until(lambda: len(parts(tmp_path / "killed")) >= 3, process)
        process.send_signal(signal.SIGKILL)
    before = {part: part.stat().st_mtime_ns for part in parts(tmp_path / "killed")}
    assert 3 <= len(before) < 11
    resumed = run(*options, "--parts", tmp_path / "killed")
    assert resumed.returncode == 1 and f"{READINGS * len(before)} were read in earlier runs" in resumed.stderr
    assert {part: part.stat().st_mtime_ns for part in before} == before
    assert [row["path_sha256"] for row in rows(tmp_path / "killed")] == [
        row["path_sha256"] for row in rows(tmp_path / "whole")
    ]
    assert len({row["path_sha256"] for row in rows(tmp_path / "killed")}) == 106
    assert rows(tmp_path / "killed") == rows(tmp_path / "whole")


def test_parquet_holds_what_csv_holds(archive, tmp_path, small_parts):
    for form in ("csv", "parquet"):
        fill(tmp_path / form, [*ODD_NAMES, "plain"], form)
    csv, parquet = rows(tmp_path / "csv"), rows(tmp_path / "parquet")
    # A spreadsheet must not run a name as a formula; nothing runs what Parquet holds.
    assert csv[0].pop("path") == "'=1+1" and parquet[0].pop("path") == "=1+1"
    assert csv == parquet and csv[2]["path"] == csv[3]["path"] == "not\\udcfftext"
    assert csv[0]["status"] == "rejected" and float(csv[0]["threshold"]) == 0.5 and csv[0]["probability"] == ""


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_files_are_told_apart_by_their_bytes_and_read_once(tmp_path, small_parts, form):
    names = [*ODD_NAMES, *(f"{number}" for number in range(20))]
    assert fill(tmp_path, names, form) == names
    assert fill(tmp_path, names, form) == []
    # Some are added anywhere in the order, and some are gone.
    assert fill(tmp_path, ["0a", *names[3:], "z"], form) == ["0a", "z"]
    assert len(rows(tmp_path)) == 28
    lost = tmp_path / f"part-00001.{form}"
    lost.unlink()
    assert fill(tmp_path, names, form) == names[10:20]
    assert len({row["path_sha256"] for row in rows(tmp_path)}) == len(rows(tmp_path)) == 28


def test_what_was_read_is_kept_when_a_folder_cannot_be_listed(tmp_path):
    with pytest.raises(DataError), open_parts(tmp_path, "csv", SETTINGS) as opened:
        opened.add("first", REJECTED)
        raise DataError("The folder cannot be read.")
    assert [row["path"] for row in rows(tmp_path)] == ["first"]


@pytest.mark.parametrize("name", ["variant", "operating_point"])
def test_other_settings_are_refused(tmp_path, name):
    fill(tmp_path, ["a"])
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(DataError, match=f"\\({name.replace('_', ' ')};"):
        fill(tmp_path, ["b"], settings={**SETTINGS, name: "another"})
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda folder: (folder / MANIFEST).unlink(), "not empty"),
        (lambda folder: (folder / MANIFEST).write_text("{"), "settings"),
        (lambda folder: (folder / "part-00000.csv").write_text("path,status\na,read\n"), "part-00000.csv"),
        (lambda folder: (folder / "part-00000.csv").write_bytes(b"\xff" * 9), "part-00000.csv"),
        (lambda folder: (folder / "part-00000.csv").open("a").write("cut,"), "part-00000.csv"),
        (
            lambda folder: shutil.copy(folder / "part-00000.csv", folder / "part-00000 (copy).csv"),
            r"part-00000 \(copy\).csv",
        ),
    ],
)
def test_a_folder_that_was_changed_is_told(tmp_path, change, told):
    fill(tmp_path, ["a"])
    change(tmp_path)
    with pytest.raises(DataError, match=told):
        fill(tmp_path, ["a", "b"])


def test_a_damaged_parquet_part_is_told(tmp_path):
    fill(tmp_path, ["a"], "parquet")
    part = tmp_path / "part-00000.parquet"
    part.write_bytes(part.read_bytes()[:-9])
    with pytest.raises(DataError, match=r"part-00000.parquet"):
        fill(tmp_path, ["a"], "parquet")


def test_two_runs_do_not_write_to_one_folder(tmp_path):
    with open_parts(tmp_path, "csv", SETTINGS), pytest.raises(DataError, match="Another run"):
        fill(tmp_path, ["a"])
    assert fill(tmp_path, ["a"]) == ["a"]


def test_parquet_without_pyarrow_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"-r locks/ray\.txt$"):
        fill(tmp_path, ["a"], "parquet")


def test_files_are_read_where_neither_ray_nor_pyarrow_is_installed(capsys, monkeypatch):
    for name in ("ray", "pyarrow"):
        monkeypatch.setitem(sys.modules, name, None)  # cannot be imported
    assert command(capsys, EXAMPLE)[0] == 0


@pytest.mark.slow
def test_memory_stays_flat(tmp_path):
    """200,000 names, of which 180,000 were read in an earlier run."""

    def read(stop):
        with open_parts(tmp_path, "csv", SETTINGS) as opened:
            names = (f"archive/{number // 1000}/radiograph-{number:06d}.dcm" for number in range(stop))
            return sum(opened.add(name, REJECTED) is None for name in opened.unread(names))

    read(180_000)
    tracemalloc.start()
    try:
        assert read(200_000) == 20_000
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # The names that were read before take over 15 MB as texts, and the readings of this run 20 MB.
    assert peak < 10_000_000, peak


def test_a_full_disk_leaves_whole_parts(tmp_path):
    folder, out = tmp_path / "archive", tmp_path / "out"
    folder.mkdir()
    for number in range(2 * READINGS):
        # Long names make the second part larger than the first.
        (folder / (f"{number:03d}" + "x" * 200 * (number >= READINGS))).write_text("no image")

    def allow_small_files():
        resource.setrlimit(resource.RLIMIT_FSIZE, (7_000, 7_000))

    full = run(folder, "--format", "csv", "--parts", out, preexec_fn=allow_small_files)
    assert full.returncode == 2 and full.stderr.splitlines()[-1] == "error: File too large", full.stderr
    assert {path.name for path in out.iterdir()} == {".lock", MANIFEST, "part-00000.csv"}
    assert len(rows(out)) == READINGS
    assert run(folder, "--format", "csv", "--parts", out).returncode == 1
    assert [Path(row["path"]).name for row in rows(out)] == sorted(path.name for path in folder.iterdir())


def command(capsys, *arguments):
    """The command in this process: its exit status, and the last line it says."""
    with pytest.raises(SystemExit) as ended:
        main(["predict", "--variant", "custom-cnn", *map(str, arguments)])
    return ended.value.code, capsys.readouterr().err.splitlines()[-1]


def test_the_command_refuses_to_mix_readings(tmp_path, capsys, monkeypatch):
    for place in ("here", "elsewhere"):
        (tmp_path / place / "archive").mkdir(parents=True)
        (tmp_path / place / "archive" / "a").write_text("no image")
    to = ("--parts", tmp_path / "out", "--format")
    for place, arguments, names in (
        ("here", ("archive", *to, "csv"), None),
        ("here", ("archive", *to, "csv", "--operating-point", "screening"), "operating point"),
        ("here", ("archive/a", *to, "csv"), "paths, folder"),
        ("here", ("archive", *to, "parquet"), "format"),
        # The same words mean another archive there.
        ("elsewhere", ("archive", *to, "csv"), "folder"),
        ("here", ("archive", *to, "csv"), None),
    ):
        monkeypatch.chdir(tmp_path / place)
        status, said = command(capsys, *arguments)
        assert (status, f"({names}; see manifest.json)" in said) == ((1, False) if names is None else (2, True)), said
    assert [row["path"] for row in rows(tmp_path / "out")] == ["archive/a"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("{0}", "--format", "text", "--parts", "{1}"), "--parts goes with --format csv or parquet"),
        (("{0}", "--format", "csv", "--parts", "{1}", "--output", "x"), "--parts goes with"),
        (("{0}", "--format", "parquet"), "name a folder with --parts"),
        (("{0}", "--engine", "ray"), "name a folder with --parts"),
        (("{0}", "--engine", "ray", "--format", "csv", "--parts", "parts", "--weights", "own"), "leave --weights out"),
        (("{0}", "{0}/below", "--format", "csv", "--parts", "{1}"), "overlap"),
        (("{0}", "--format", "csv", "--parts", "{0}/parts"), "overlap"),
        (("{0}", "nowhere", "--format", "csv", "--parts", "{1}"), "'nowhere'"),
        (("{0}", "--format", "csv", "--parts", "{0}x/file/parts"), "Not a directory"),
        (("{0}/empty", "--format", "csv", "--parts", "{1}"), "There are no files"),
    ],
)
def test_wrong_usage_is_told(arguments, sentence, tmp_path, capsys):
    folder = tmp_path / "archive"
    (folder / "below").mkdir(parents=True)
    (folder / "empty").mkdir()
    (tmp_path / "archivex").mkdir()
    (tmp_path / "archivex" / "file").write_text("")
    (folder / "a").write_text("no image")
    arguments = (argument.format(folder, tmp_path / "parts") for argument in arguments)
    status, said = command(capsys, *arguments)
    assert status == 2 and sentence in said
    assert not parts(tmp_path / "parts")
