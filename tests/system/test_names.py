"""What files are called and whom they are of: names come through as text, identities do not come through at all."""

import csv
import pickle
import subprocess
import sys
import zipfile
from io import StringIO
from pathlib import Path
from types import SimpleNamespace

import pytest

from demo.shared.predictors import Predictors
from demo.shared.session import Session
from demo.tabs.batch.handlers import BatchHandlers
from demo.tabs.batch.session import BatchSession
from demo.tabs.compare.handlers import CompareHandlers
from demo.tabs.read.handlers import ReadHandlers
from pneumonia.imaging.decode import decode
from pneumonia.utils.safe_csv import CsvWriter
from scripts import ROOT
from scripts.studies.reliability.synthetic_images import PATIENT, PATIENT_ID, dicom_bytes, encode, radiograph
from tests.fixtures.fakes import load_fake

VARIANT = "mobilenetv2-finetuned"
CHEST = encode(radiograph(), "PNG")
NAMES = (
    *("IM0001", "CHEST.PNG", "röntgen 肺.png", "<img src=x onerror=alert(1)>.png"),
    *("line\nbreak", "return\r=1", "n" * 300, "x.pdf"),
)
IDENTITIES = (PATIENT, "DOE", PATIENT_ID, "General Hospital", "20200102")


@pytest.fixture
def uploads(tmp_path, monkeypatch) -> Path:
    """Where downloads are written."""
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "uploads"))
    return tmp_path / "uploads"


def archive(path: Path, *files: tuple[str, bytes]) -> str:
    with zipfile.ZipFile(path, "w") as packed:
        for name, data in files:
            packed.writestr(zipfile.ZipInfo(name), data)
    return str(path)


def read_batch(files: list[str]) -> tuple[BatchHandlers, BatchSession]:
    handlers, session = BatchHandlers(Predictors(load_fake)), BatchSession()
    for _ in handlers.on_read(files, VARIANT, "balanced", session):
        pass
    return handlers, session


# === Names ===


@pytest.mark.parametrize("name", NAMES[:4])
def test_content_decides_whatever_the_name(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(CHEST)
    assert decode(path).facts["format"] == decode(str(path)).facts["format"] == "PNG"


def test_every_name_is_read_shown_as_text_and_saved(tmp_path, uploads):
    handlers, session = read_batch([archive(tmp_path / "a.zip", *((name, CHEST) for name in NAMES))])
    records = session.batch.records
    assert sorted(record["name"] for record in records) == sorted(NAMES)
    assert {record["status"] for record in records} == {"read"}
    for number in range(1, len(NAMES) + 1):
        assert "<img" not in handlers.on_row_open(session, SimpleNamespace(index=number))[0]
    with open(handlers.on_readings_change(session)["value"], newline="") as file:
        cells = [record["name"].replace("\r", "\n") for record in records]
        assert [row["name"] for row in csv.DictReader(file)] == cells
    with zipfile.ZipFile(handlers.on_overlays_request(session)["value"]) as packed:
        saved = packed.namelist()
    assert len(saved) == len(NAMES) and all(len(name) < 256 and name.isprintable() for name in saved)


def test_equal_names_get_a_row_each(tmp_path, uploads):
    files = []
    for folder, shade in (("a", 0), ("b", 40)):
        (tmp_path / folder).mkdir()
        files.append(tmp_path / folder / "chest.png")
        files[-1].write_bytes(encode(radiograph() // 2 + shade, "PNG"))
    with pytest.warns(UserWarning, match="Duplicate name"):
        files.append(
            archive(tmp_path / "c.zip", ("chest.png", CHEST), ("chest.png", encode(radiograph(seed=1), "PNG")))
        )
    handlers, session = read_batch(list(map(str, files)))
    assert [record["name"] for record in session.batch.records] == ["chest.png"] * 4
    assert len({record["image_sha256"] for record in session.batch.records}) == 4
    with zipfile.ZipFile(handlers.on_overlays_request(session)["value"]) as packed:
        assert packed.namelist() == [f"{number:04} chest.jpg" for number in (1, 2, 3, 4)]


@pytest.mark.parametrize(
    ("name", "cell"),
    [(name, f"'{name}") for name in ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1")]
    + [("\r=1", "'\n=1"), ("\n=1", "'\n=1"), ("scan\r=1", "scan\n=1"), ("scan=1", "scan=1")],
)
def test_names_are_no_formulas_in_csv(name, cell):
    output = StringIO(newline="")
    CsvWriter(output, ("name", "logit")).write({"name": name, "logit": -1.5})
    assert list(csv.reader(StringIO(output.getvalue(), newline="")))[1] == [cell, "-1.5"]


def test_a_spreadsheet_that_divides_at_semicolons_finds_no_formula_either():
    output = StringIO(newline="")
    CsvWriter(output, ("name", "logit")).write({"name": "x;=HYPERLINK(0);.png", "logit": -1.5})
    assert output.getvalue() == '"name","logit"\n"x;=HYPERLINK(0);.png",-1.5\n'


# === Identities ===


@pytest.fixture
def patient(tmp_path) -> str:
    """Path of a DICOM file full of names, which draws two warnings."""
    path = tmp_path / "IM0001"
    path.write_bytes(dicom_bytes(radiograph(), PatientComments=PATIENT, BurnedInAnnotation="YES", PatientAge="045Y"))
    return str(path)


def without_identity(said: object) -> None:
    data = said if isinstance(said, bytes) else str(said).encode()
    assert not [identity for identity in IDENTITIES if identity.encode() in data]


def test_identities_are_neither_shown_nor_kept_nor_saved(patient, tmp_path, uploads, capfd, caplog):
    predictors = Predictors(load_fake)
    session = Session()
    shown = ReadHandlers(predictors).on_read(patient, VARIANT, "balanced", session)
    assert "burned in" in shown[2] and "by the DICOM header" in shown[2]
    compared = CompareHandlers(predictors).on_compare(patient, "balanced", session)
    handlers, kept = read_batch([patient, archive(tmp_path / "a.zip", ("IM0002", Path(patient).read_bytes()))])
    opened = handlers.on_row_open(kept, SimpleNamespace(index=2))
    saved = [Path(handlers.on_readings_change(kept)["value"]).read_bytes()]
    with zipfile.ZipFile(handlers.on_overlays_request(kept)["value"]) as packed:
        saved += [packed.read(name) for name in packed.namelist()]
    assert len(saved) == 3
    for said in (shown, compared, opened, kept.batch.records, pickle.dumps(session), *saved):
        without_identity(said)
    without_identity((*capfd.readouterr(), caplog.text))


@pytest.mark.parametrize("form", ["text", "jsonl", "csv"])
def test_the_command_says_and_writes_no_identity(patient, tmp_path, form):
    command = [sys.executable, str(ROOT / "scripts" / "predict.py"), "--format", form, "--heatmaps", "maps", "IM0001"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=280)
    assert done.returncode == 0 and "burned-in-text" in done.stdout
    (drawn,) = (tmp_path / "maps").iterdir()
    for said in (done.stdout, done.stderr, drawn.name, drawn.read_bytes()):
        without_identity(said)
