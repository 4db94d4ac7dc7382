"""What a file holds of somebody, searched for in all that the library and the commands say and write.

What is in a file comes out nowhere. What it is called comes out where it tells files apart, and nowhere else: in what a
command says and writes of a file that was named to it; on the page, see `tests/system/test_marks_page.py`.
"""

import argparse
import csv
import json
import logging
import os
import subprocess
import sys
import tempfile
import traceback
import warnings
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import cv2
import pytest
from PIL import Image

from pneumonia import Predictor, load_predictor
from pneumonia.core.labels import NORMAL, PNEUMONIA
from pneumonia.errors import ImageError
from pneumonia.imaging.decode import decode
from pneumonia.imaging.zip_archive import list_members
from pneumonia.records.receipt import JudgedPrediction, reader_record, receipt
from scripts import ROOT
from scripts.studies.reliability import load
from tests.fixtures.marks import NAMED, marked_archive, marked_dicom, readable, refused, write_files
from tests.fixtures.searching import all_files, marks_anywhere, marks_inside, marks_of_names
from tests.fixtures.tiny import write_chests

VARIANT = "custom-cnn"


@pytest.fixture(scope="module")
def predictor() -> Predictor:
    """Of the project's own weights."""
    return load_predictor(VARIANT)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Paths of all marked files, those that are read first."""
    return write_files(tmp_path_factory.mktemp("files"), readable() | refused())


# === The library ===


@pytest.mark.promise("Nothing in a file that names somebody comes out of the library.", part="Privacy")
def test_the_library_gives_and_logs_no_mark(predictor, files, tmp_path, caplog, capfd):
    caplog.set_level(logging.INFO)
    caplog.set_level(logging.DEBUG, "pneumonia")
    archive = marked_archive(tmp_path / f"{NAMED}.zip", (readable() | refused()).items())
    given = []
    for status, names in (("read", readable()), ("rejected", refused())):
        paths = [path for path in files if path.name in names]
        members = [member for member in list_members(archive, 100) if member.name in names]
        sources = [*paths, *(path.read_bytes() for path in paths), *members]
        for prediction in predictor.predict_many(sources):
            assert prediction.status == status
            given += [prediction, prediction.to_dict(), json.dumps(prediction.to_dict())]
            if status == "read":
                given.append(receipt([_judged(predictor, prediction)], datetime.now(UTC), {}))
    for name, data in readable().items():
        radiograph = decode(data)
        given += [radiograph.facts, radiograph.checks]
        if "DICOM" not in name and not name.endswith("dcm"):
            with Image.open(BytesIO(data)) as image:
                given.append(predictor.predict(image))
    assert not marks_anywhere(*given, reader_record(predictor, "balanced", None))
    assert not marks_anywhere(caplog.text, *capfd.readouterr())
    # It listened.
    assert len(caplog.records) >= 3 * len(files)


def _judged(predictor: Predictor, prediction: object) -> JudgedPrediction:
    return JudgedPrediction(prediction, predictor.operating_points["balanced"], predictor)


def test_an_error_quotes_nothing_even_with_all_that_led_to_it():
    """As a program prints it that does not expect it, and that wants to see every warning."""
    for name, data in refused().items():
        with warnings.catch_warnings(record=True) as warned, pytest.raises(ImageError) as caught:
            warnings.simplefilter("always")
            decode(data)
        said = (*traceback.format_exception(caught.value), *(str(warning.message) for warning in warned))
        assert not marks_inside("".join(said)), name


# === The commands ===


def command(script: str, *arguments: object, folder: Path, status: tuple[int, ...] = (0, 1)) -> bytes:
    """All that a command says that is run in a folder, with every warning; in what it leaves elsewhere is no mark."""
    # In no deeper folder: the paths of Ray's sockets must be short.
    with tempfile.TemporaryDirectory() as scratch:
        environment = {**os.environ, "TMPDIR": scratch, "HOME": scratch, "PYTHONWARNINGS": "always"}
        done = subprocess.run(
            [sys.executable, str(ROOT / "scripts" / script), *map(str, arguments)],
            **{"cwd": folder, "env": environment, "capture_output": True, "timeout": 280, "check": False},
        )
        left = all_files(Path(scratch))
    said = done.stdout + done.stderr
    assert b"Traceback" not in said and done.returncode in status, said
    assert not marks_anywhere(*left, *left.values())
    return said


@pytest.mark.promise("Nothing in a file that names somebody comes out of the commands.", part="Privacy")
def test_the_command_says_and_draws_no_mark(files, tmp_path):
    arguments = (files[0].parent, "--variant", VARIANT, "--format", "jsonl", "--output", "out", "--heatmaps", "maps")
    said = command("predict.py", *arguments, folder=tmp_path)
    written = all_files(tmp_path)
    lines = list(map(json.loads, written["out"].splitlines()))
    assert [Path(line["path"]).name for line in lines if line["status"] == "read"] == sorted(readable())
    assert sum(name.startswith("maps/") for name in written) == len(readable())
    assert not marks_inside(said, *written, *written.values())
    # Names of files are what tells the overlays and the lines apart, and stand nowhere else.
    assert not marks_of_names(said, *(data for name, data in written.items() if name != "out"))
    assert not marks_of_names(*({**line, "path": None} for line in lines))


@pytest.mark.slow
def test_dicom_objects_are_written_and_told_without_a_mark(files, tmp_path):
    arguments = (files[0].parent, "--variant", VARIANT, "--dicom", "objects")
    said = command("predict.py", *arguments, folder=tmp_path)
    names = all_files(tmp_path)
    assert b"no DICOM objects for " in said and not marks_inside(said, *names) and not marks_of_names(*names)


@pytest.mark.slow
@pytest.mark.parametrize("form", ["text", "csv"])
def test_the_other_forms_hold_no_mark(files, tmp_path, form):
    arguments = (files[0].parent, "--variant", VARIANT, "--format", form, "--output", "out")
    assert not marks_inside(command("predict.py", *arguments, folder=tmp_path), *all_files(tmp_path).values())


@pytest.mark.slow
@pytest.mark.parametrize(("form", "engine"), [("csv", "local"), ("parquet", "local"), ("parquet", "ray")])
def test_parts_hold_no_mark(files, tmp_path, form, engine):
    arguments = (files[0].parent, "--variant", VARIANT, "--format", form, "--engine", engine, "--parts", "parts")
    said = command("predict.py", *arguments, folder=tmp_path)
    written = all_files(tmp_path / "parts")
    assert any(name.endswith(form) for name in written) and f"{len(files)} files".encode() in said
    assert not marks_inside(said, *written, *written.values()) and not marks_of_names(said, *written)


@pytest.mark.slow
def test_a_receipt_is_verified_without_a_mark(files, tmp_path):
    for path in (files[0], files[len(readable())]):
        command("predict.py", path, "--variant", VARIANT, "--format", "jsonl", "--output", "out", folder=tmp_path)
        said = command("verify_receipt.py", "out", path, folder=tmp_path)
        assert b"same: custom-cnn" in said and not marks_anywhere(said)
        # Another image, and one in place of the receipt.
        said = command("verify_receipt.py", "out", files[1], folder=tmp_path)
        assert b"differs: custom-cnn" in said and not marks_anywhere(said)
    for other in (files[0], files[1]):
        assert not marks_anywhere(command("verify_receipt.py", other, other, folder=tmp_path, status=(2,)))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Marked chests of two classes that the tiny network tells apart, a patient's name on each, and some refused."""
    folder, plain = tmp_path_factory.mktemp("site"), tmp_path_factory.mktemp("plain")
    write_chests(plain, patients=20)
    for name, source in ((NORMAL, PNEUMONIA), (PNEUMONIA, NORMAL)):
        chests = sorted((plain / source).iterdir())
        marked = {}
        for number, path in enumerate(chests):
            pixels = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
            marked[f"{NAMED}{name}{number}"] = marked_dicom(pixels, groups=(0x0010,))
        write_files(folder / name, marked)
    write_files(folder / NORMAL, {name: refused()[name] for name in (f"{NAMED}LATERAL", f"{NAMED}NO NUMBER")})
    return folder


@pytest.mark.slow
def test_a_calibration_holds_and_tells_no_mark(site, tiny_weights, tmp_path):
    arguments = ("--data", site, "--weights", tiny_weights, "--name", "here", "--output", "sites")
    said = command("recalibrate.py", *arguments, folder=tmp_path)
    (calibration,) = all_files(tmp_path / "sites").values()
    assert b"40 images" in said and b"rejected NORMAL/" in said and not marks_inside(said)
    assert not marks_anywhere(calibration)


@pytest.mark.slow
def test_figures_and_plots_hold_no_mark(site, tiny_weights, tmp_path):
    outputs = ("--output", "figures.json", "--scores", "scores.csv", "--plots", "plots")
    said = command("evaluate.py", "--data", site, "--weights", tiny_weights, *outputs, folder=tmp_path)
    written = all_files(tmp_path)
    assert len(written) > 4 and not marks_inside(said, *written, *written.values())
    rows = list(csv.reader(written.pop("scores.csv").decode().splitlines()))
    assert len(rows) == 41
    assert not marks_of_names(*written, *written.values())


@pytest.mark.slow
def test_an_audit_tells_no_mark_of_what_is_inside(site, tmp_path):
    for form in ("text", "json"):
        said = command("audit_data.py", "--data", site, "--format", form, folder=tmp_path)
        assert NAMED.encode() in said and not marks_inside(said)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_loads_and_times_name_nobody(tmp_path, capfd):
    pictures = {f"{name}.png": data for name, data in readable().items() if data[1:4] == b"PNG"}
    write_files(tmp_path / "pictures", pictures)
    parser = argparse.ArgumentParser()
    load.add_options(parser)
    options = ["--data", str(tmp_path / "pictures"), "--users", "2", "--minutes", "0.05", "--readings", "8"]
    figures = json.dumps(load.measure(parser.parse_args(options)))
    said = "".join(capfd.readouterr())
    assert "memory" in said and not marks_anywhere(said.encode(), figures.encode())
