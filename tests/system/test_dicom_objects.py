"""The objects of a reading before those who receive them: a validator, dcmtk, and an archive."""

import shutil
import subprocess
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pydicom import dcmread

from pneumonia.core.notices import NOTICE
from pneumonia.dicom_out.objects import OBJECTS, make_objects, write_objects
from scripts.studies.dicom import verdict
from scripts.studies.reliability.synthetic_images import radiograph
from scripts.tools.local_archive import ORTHANC, PLUGIN, Orthanc
from scripts.tools.served_page import free_port
from tests.fixtures.dicom_study import CARRIED, STUDY, read, study_dicom


def needs(command: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(shutil.which(command) is None, reason=f"needs {command}")


KINDS = {
    "complete": {},
    "bare": dict.fromkeys((*(keyword for keyword in CARRIED if keyword != "StudyInstanceUID"), "PatientOrientation")),
    "other script": {"SpecificCharacterSet": "ISO_IR 192", "PatientName": "山田^太郎"},
    "inverted": {"PhotometricInterpretation": "MONOCHROME1"},
    "windowed": {
        **{"WindowCenter": "2048", "WindowWidth": "3000", "VOILUTFunction": "SIGMOID"},
        **{"RescaleSlope": "2", "RescaleIntercept": "-5", "RescaleType": "US"},
    },
    "computed": {"SOPClassUID": "1.2.840.10008.5.1.4.1.1.1", "Modality": "CR"},
    "coloured": {"picture": np.repeat(radiograph()[..., None], 3, axis=2)},
    "lossy": {"LossyImageCompression": "01"},
}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Path]]:
    """Paths of the objects, by the kind of the image and the name of the object."""
    found = {}
    for kind, elements in KINDS.items():
        data = study_dicom(**elements)
        folder = tmp_path_factory.mktemp("objects")
        found[kind] = dict(zip(OBJECTS, write_objects(make_objects(data, *read(data)), folder), strict=True))
    return found


@needs("dciodvfy")
@pytest.mark.promise("A validator finds no error in any DICOM object of a reading.", part="Hospital archives")
@pytest.mark.parametrize("name", OBJECTS)
@pytest.mark.parametrize("kind", KINDS)
def test_a_validator_finds_no_error(files, kind, name):
    errors, warnings = verdict(files[kind][name])
    assert not errors
    # A study may lack what it should have. Else only codes that are this project's own are warned of.
    assert kind == "bare" or all("99PNEUMONIA" in warning for warning in warnings)


@needs("dciodvfy")
def test_the_validator_finds_an_error_where_there_is_one(files, tmp_path):
    dataset = dcmread(files["complete"]["pdf"])
    del dataset.MIMETypeOfEncapsulatedDocument
    dataset.save_as(tmp_path / "pdf.dcm")
    assert any("MIMETypeOfEncapsulatedDocument" in error for error in verdict(tmp_path / "pdf.dcm")[0])


@needs("dcmdump")
@pytest.mark.parametrize("name", OBJECTS)
def test_dcmtk_opens_every_object(files, name):
    done = subprocess.run(["dcmdump", str(files["other script"][name])], capture_output=True, timeout=60)
    assert done.returncode == 0 and not done.stderr
    assert "山田^太郎".encode() in done.stdout and NOTICE.encode() in done.stdout


@needs("dsrdump")
def test_dcmtk_reads_the_report_as_a_report(files):
    done = subprocess.run(["dsrdump", str(files["complete"]["report"])], capture_output=True, timeout=60)
    assert done.returncode == 0 and b"Imaging Measurement Report" in done.stdout and NOTICE.encode() in done.stdout


@needs("dcmj2pnm")
def test_dcmtk_shows_the_secondary_capture_pixel_for_pixel(files, tmp_path):
    path = files["complete"]["secondary-capture"]
    subprocess.run(["dcmj2pnm", "+on", str(path), str(tmp_path / "shown.png")], check=True, timeout=60)
    shown = np.asarray(Image.open(tmp_path / "shown.png").convert("RGB"))
    np.testing.assert_array_equal(shown, dcmread(path).pixel_array)


@needs("dcmdjpls")
def test_dcmtk_decodes_the_map_value_for_value(files, tmp_path):
    path = files["complete"]["map"]
    subprocess.run(["dcmdjpls", str(path), str(tmp_path / "map.dcm")], check=True, timeout=60)
    np.testing.assert_array_equal(dcmread(tmp_path / "map.dcm").pixel_array, dcmread(path).pixel_array)


@needs("dcmp2pgm")
@pytest.mark.parametrize("kind", ["complete", "inverted", "windowed"])
def test_dcmtk_shows_the_image_under_the_presentation_state_in_the_same_greys(files, tmp_path, kind):
    (tmp_path / "image.dcm").write_bytes(study_dicom(**KINDS[kind]))
    shown = []
    for options in ((), ("--pstate", str(files[kind]["presentation-state"]))):
        command = ["dcmp2pgm", *options, str(tmp_path / "image.dcm"), str(tmp_path / "shown.pgm")]
        subprocess.run(command, check=True, capture_output=True, timeout=60)
        shown.append(np.asarray(Image.open(tmp_path / "shown.pgm")))
    np.testing.assert_array_equal(*shown)


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Orthanc]:
    orthanc = Orthanc(tmp_path / "orthanc", free_port(), free_port(), free_port()).start()
    yield orthanc
    orthanc.stop()


@pytest.mark.skipif(ORTHANC is None or not PLUGIN.exists(), reason="needs Orthanc with its DICOMweb plugin")
@pytest.mark.promise(
    "An archive keeps the DICOM objects of a reading in the study of its image, each once.", part="Hospital archives"
)
def test_an_archive_keeps_and_shows_them_in_the_study(files, archive):
    archive.post(study_dicom())
    kept = {name: archive.post(path.read_bytes()) for name, path in files["complete"].items()}
    again = [archive.post(path.read_bytes()) for path in files["complete"].values()]
    assert {answer["Status"] for answer in again} == {"AlreadyStored"}
    assert len({answer["ParentStudy"] for answer in kept.values()}) == 1
    assert len({answer["ParentSeries"] for answer in kept.values()}) == len(OBJECTS)
    for name, answer in kept.items():
        assert archive.get(f"/instances/{answer['ID']}/file").content == files["complete"][name].read_bytes()
    shown = archive.get(f"/instances/{kept['secondary-capture']['ID']}/preview").content
    pixels = dcmread(files["complete"]["secondary-capture"]).pixel_array
    np.testing.assert_array_equal(np.asarray(Image.open(BytesIO(shown)).convert("RGB")), pixels)
    shown = archive.get(f"/instances/{kept['map']['ID']}/image-uint8").content
    np.testing.assert_array_equal(np.asarray(Image.open(BytesIO(shown))), dcmread(files["complete"]["map"]).pixel_array)
    assert archive.get(f"/instances/{kept['pdf']['ID']}/pdf").content.startswith(b"%PDF")
    assert STUDY.encode() in archive.get(f"/studies/{kept['pdf']['ParentStudy']}").content
