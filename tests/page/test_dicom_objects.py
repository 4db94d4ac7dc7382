"""The button of the Read tab that gives DICOM objects."""

import importlib.util
import zipfile
from pathlib import Path

import gradio as gr
import pytest

from demo.shared.predictors import Predictors
from demo.shared.session import Session
from demo.tabs.read.dicom_objects import on_dicom_request
from demo.tabs.read.handlers import ReadHandlers, ReadView
from pneumonia.dicom_out.objects import OBJECTS
from scripts.studies.reliability.synthetic_images import encode, radiograph
from tests.fixtures.dicom_study import CARRIED, VARIANT, study_dicom
from tests.fixtures.fakes import load_fake


@pytest.fixture
def request_objects(tmp_path, monkeypatch):
    """Reads a file on the Read tab and asks for the objects: path of the archive."""
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "uploads"))

    def request(contents: bytes | None, delete: bool = False) -> str:
        session, predictors = Session(), Predictors(load_fake)
        if contents is not None:
            path = tmp_path / "Doe_Jane"
            path.write_bytes(contents)
            session.choose(str(path))
            ReadHandlers(predictors).on_read(None, VARIANT, "balanced", session)
            if delete:
                path.unlink()
        return on_dicom_request(predictors, session)

    return request


def test_a_dicom_file_gives_an_archive_of_its_objects(request_objects):
    path = Path(request_objects(study_dicom()))
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        assert [name.rpartition("-")[0] for name in names] == list(OBJECTS)
        assert all(archive.read(name)[128:132] == b"DICM" for name in names)
    assert path.name.startswith("dicom-") and not any(CARRIED["PatientID"] in name for name in (path.name, *names))


def test_what_gives_none_is_told_in_a_sentence(request_objects, monkeypatch, tmp_path):
    for contents, delete, said in (
        (None, False, "Nothing has been read yet"),
        (encode(radiograph(), "PNG"), False, "no DICOM file but PNG"),
        (b"no image", False, "Nothing has been read yet"),
        (study_dicom(), True, "deleted from the server"),
        (study_dicom(StudyInstanceUID=None), False, "no valid StudyInstanceUID"),
    ):
        with pytest.raises(gr.Error, match=said):
            request_objects(contents, delete)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(gr.Error, match="DICOM objects need highdicom"):
        request_objects(study_dicom())
    # Nothing is left of what was refused.
    assert not list((tmp_path / "uploads").rglob("*.zip"))


def test_the_button_is_seen_for_a_dicom_file_alone(tmp_path):
    handlers = ReadHandlers(Predictors(load_fake))
    for contents, seen in ((study_dicom(), True), (encode(radiograph(), "PNG"), False), (b"no image", False)):
        path = tmp_path / "image"
        path.write_bytes(contents)
        view = ReadView(*handlers.on_read(str(path), VARIANT, "balanced", Session())[2:])
        assert view.dicom["visible"] == seen
