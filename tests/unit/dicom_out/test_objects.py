"""The objects of a reading: what they hold, and that it is what was read."""

import importlib.util
import json
import logging
from io import BytesIO
from pathlib import Path

import highdicom as hd
import numpy as np
import pytest
from pydicom import DataElement, Dataset, dcmread, uid
from pypdf import PdfReader

from pneumonia import MissingExtraError, decode
from pneumonia.core.notices import NOTICE
from pneumonia.dicom_out.objects import OBJECTS, make_objects, to_files, write_objects
from pneumonia.dicom_out.source_image import PATIENT_AND_STUDY
from pneumonia.errors import DicomOutputError
from pneumonia.explain.overlay import contour_level
from scripts.studies.reliability.synthetic_images import encode, lookup_table, radiograph
from tests.fixtures.dicom_study import CARRIED, INSTANCE, SERIES, STUDY, VARIANT, elements, pixels, read, study_dicom
from tests.fixtures.fakes import FakePredictor, TwoPopulations
from tests.fixtures.marks import marked_dicom
from tests.fixtures.searching import marks_anywhere

DATA = study_dicom()
PREDICTION, PREDICTOR = read(DATA)


def opened(data: bytes = DATA, **arguments) -> dict[str, Dataset]:
    """The objects of a reading, written and opened again."""
    prediction, predictor = read(data, **arguments)
    files = to_files(make_objects(data, prediction, predictor))
    return dict(zip(OBJECTS, (dcmread(BytesIO(file)) for file in files.values()), strict=True))


@pytest.fixture(scope="module")
def objects() -> dict[str, Dataset]:
    return opened()


def uids(objects: dict[str, Dataset]) -> set[str]:
    return {value for dataset in objects.values() for value in (dataset.SOPInstanceUID, dataset.SeriesInstanceUID)}


# === In the study of the image ===


@pytest.mark.parametrize("name", OBJECTS)
def test_an_object_lies_in_the_study_and_says_what_it_is_not(objects, name):
    dataset = objects[name]
    assert {keyword: str(dataset[keyword].value) for keyword in CARRIED} == CARRIED
    assert dataset.SeriesDescription.endswith(NOTICE) and len(dataset.SeriesDescription) <= 64
    assert dataset.DeviceSerialNumber == PREDICTION.weights_sha256
    assert dataset.file_meta.MediaStorageSOPInstanceUID == dataset.SOPInstanceUID
    referenced = [text for keyword, text in elements(dataset) if keyword == "ReferencedSOPInstanceUID"]
    assert set(referenced) == ({INSTANCE} if name != "secondary-capture" else set())


def test_every_object_has_a_series_of_its_own_and_the_same_each_time(objects):
    assert len(uids(objects)) == 2 * len(OBJECTS) and uids(objects) == uids(opened())
    assert not uids(objects) & {STUDY, SERIES, INSTANCE}
    assert all(uid.UID(value).is_valid for value in uids(objects))


def test_another_image_judgement_or_population_gives_other_objects():
    predictor, ageless = TwoPopulations(VARIANT), study_dicom(PatientBirthDate=None)
    readings = [
        (ageless, predictor, predictor.predict(ageless, point, population))
        for point, population in (("screening", "children"), ("balanced", "children"), ("balanced", "adults"))
    ]
    other = study_dicom(SOPInstanceUID="1.2.3.4")
    readings.append((other, FakePredictor(VARIANT), FakePredictor(VARIANT).predict(other)))
    found = {frozenset(uids(make_objects(data, prediction, judge))) for data, judge, prediction in readings}
    assert len(found) == len(readings) == 4


def test_values_of_a_study_that_the_standard_forbids_are_carried_as_they_are():
    odd = {"PatientID": "4" * 80, "StudyDate": "2026.01.02", "PatientSex": "x", "PatientName": "no\\name"}
    for dataset in opened(study_dicom(**odd)).values():
        assert {keyword: dataset[keyword].value for keyword in odd if keyword != "PatientName"} == {
            keyword: value for keyword, value in odd.items() if keyword != "PatientName"
        }


def test_names_in_other_scripts_are_carried_in_their_character_set():
    for characters, name in (("ISO_IR 192", "山田^太郎"), ("ISO_IR 100", "Müller^Jörg"), (None, "Doe^Jane")):
        for dataset in opened(study_dicom(SpecificCharacterSet=characters, PatientName=name)).values():
            assert dataset.PatientName == name and dataset.get("SpecificCharacterSet") == characters


def test_what_the_image_lacks_is_there_and_empty():
    for dataset in opened(study_dicom(**dict.fromkeys(PATIENT_AND_STUDY.split()))).values():
        assert not any(dataset[keyword].value for keyword in PATIENT_AND_STUDY.split())


# === Identity ===


@pytest.mark.promise("DICOM objects hold of a patient what the standard requires, and nothing else.", part="Privacy")
def test_what_is_not_required_goes_nowhere(caplog, capfd, tmp_path):
    caplog.set_level(logging.DEBUG, "pneumonia")
    caplog.set_level(logging.INFO)
    groups = (0x0008, 0x0010, 0x0018, 0x0020, 0x0028, 0x0032, 0x0038, 0x0040)
    data = marked_dicom(radiograph(), groups=groups, SOPClassUID=uid.DigitalXRayImageStorageForPresentation)
    prediction, predictor = read(data)
    paths = write_objects(make_objects(data, prediction, predictor), tmp_path)
    required = {*PATIENT_AND_STUDY.split(), "SpecificCharacterSet", "StudyInstanceUID"}
    # By these an object refers to the image.
    required |= {"SeriesInstanceUID", "ReferencedSOPInstanceUID"}
    for path in paths:
        dataset = dcmread(path)
        marked = {element.keyword for element in dataset.iterall() if _is_marked(element)}
        assert {"PatientName", "PatientID", "StudyInstanceUID"} <= marked <= required
        assert not marks_anywhere(path.name)
    assert not marks_anywhere(caplog.text, *capfd.readouterr(), json.dumps(prediction.to_dict()))


def _is_marked(element: DataElement) -> bool:
    # Sequences come part by part, and pixels take long to search; what is drawn of a header are its grey values.
    if element.VR == "SQ" or element.keyword == "PixelData":
        return False
    return bool(marks_anywhere(element.value if isinstance(element.value, bytes) else str(element.value)))


# === Value for value ===


def test_the_secondary_capture_is_the_picture_pixel_for_pixel(objects):
    made = make_objects(DATA, PREDICTION, PREDICTOR)["secondary-capture"]
    np.testing.assert_array_equal(objects["secondary-capture"].pixel_array, made.pixel_array)
    np.testing.assert_array_equal(hd.imread(BytesIO(to_files({"": made}).popitem()[1])).get_frame(1), made.pixel_array)
    height, width = made.pixel_array.shape[:2]
    below = made.pixel_array[round(1024 / pixels().shape[1] * pixels().shape[0]) :]
    assert width == 1024 and height > 900 and below.max() > 200


def test_the_map_is_the_heatmap_in_the_geometry_of_the_image(objects):
    heatmap = PREDICTION.heatmap_on(pixels())
    expected = np.clip(heatmap / PREDICTOR.heatmap_scale, 0, 1)
    segmentation = hd.seg.Segmentation.from_dataset(objects["map"])
    assert (segmentation.Rows, segmentation.Columns) == pixels().shape
    assert segmentation.ContentDescription == NOTICE
    fractions = segmentation.get_pixels_by_source_instance([INSTANCE], rescale_fractional=True)[0, ..., 0]
    np.testing.assert_allclose(fractions, expected, atol=0.5 / 255 + 1e-6)
    np.testing.assert_array_equal(objects["map"].pixel_array, np.around(expected * 255))


def test_the_report_says_what_was_read(objects):
    report = hd.sr.ComprehensiveSR.from_dataset(objects["report"])
    judgement, *regions = report.content.get_image_measurement_groups() + (
        report.content.get_planar_roi_measurement_groups()
    )
    values = {measurement.name.meaning: measurement.value for measurement in judgement.get_measurements()}
    assert values == {
        "Probability": pytest.approx(PREDICTION.probability, rel=1e-9),
        "Probability from which pneumonia is called": PREDICTION.threshold,
    }
    evaluations = {item.name.meaning: item.value for item in judgement.get_qualitative_evaluations()}
    assert evaluations["Operating point"].value == PREDICTION.operating_point
    assert evaluations["Population that it was read as of"].value == PREDICTION.population == "children"
    text = dict.fromkeys(text for _, text in elements(objects["report"]))
    assert f"weights_sha256={PREDICTION.weights_sha256}" in text and PREDICTOR.version in text and NOTICE in text
    assert (report.CompletionFlag, report.VerificationFlag) == ("COMPLETE", "UNVERIFIED")
    level = contour_level(PREDICTOR.heatmap_scale)
    heatmap = PREDICTION.heatmap_on(pixels())
    assert len(regions) >= 1
    for region in regions:
        x, y = region.roi.value.T
        # The middle of a pixel is at a half.
        on_line = heatmap[(y - 0.5).astype(int), (x - 0.5).astype(int)]
        assert (on_line >= level).all() and np.median(on_line) < heatmap.max() / 2 + level


@pytest.mark.parametrize("brightness", [0, 200], ids=["NORMAL", "PNEUMONIA"])
def test_the_finding_is_coded(brightness):
    data = study_dicom(np.clip(radiograph().astype(int) // 4 + brightness, 0, 255).astype(np.uint8))
    prediction, _ = read(data)
    report = hd.sr.ComprehensiveSR.from_dataset(opened(data)["report"])
    (judgement,) = report.content.get_image_measurement_groups()
    finding = judgement.finding_type
    codes = {"NORMAL": ("99PNEUMONIA", "NORMAL"), "PNEUMONIA": ("SCT", "233604007")}
    assert (finding.scheme_designator, finding.value) == codes[prediction.finding]


def test_the_presentation_state_draws_the_contour_of_the_report(objects):
    (annotation,) = objects["presentation-state"].GraphicAnnotationSequence
    drawn = [np.reshape(line.GraphicData, (-1, 2)) for line in annotation.GraphicObjectSequence]
    report = hd.sr.ComprehensiveSR.from_dataset(objects["report"])
    regions = [group.roi.value for group in report.content.get_planar_roi_measurement_groups()]
    for line, region in zip(drawn, regions, strict=True):
        np.testing.assert_array_equal(line, region)
        np.testing.assert_array_equal(line[0], line[-1])
    text = annotation.TextObjectSequence[0].UnformattedTextValue
    assert NOTICE in text and PREDICTION.finding in text


def test_without_evidence_no_line_is_drawn_and_the_map_is_empty():
    objects = opened(study_dicom(np.linspace(0, 30, 500 * 500).reshape(500, 500).astype(np.uint8)))
    assert "GraphicObjectSequence" not in objects["presentation-state"].GraphicAnnotationSequence[0]
    report = hd.sr.ComprehensiveSR.from_dataset(objects["report"])
    assert not report.content.get_planar_roi_measurement_groups()
    assert objects["map"].pixel_array.shape == (500, 500)


def test_the_document_is_a_page_that_can_be_searched(objects):
    data = objects["pdf"].EncapsulatedDocument[: objects["pdf"].EncapsulatedDocumentLength]
    text = " ".join(" ".join(page.extract_text().split()) for page in PdfReader(BytesIO(data)).pages)
    assert NOTICE in text and PREDICTION.finding in text and PREDICTION.weights_sha256[:12] in text


# === The grey values of the image ===


def test_a_presentation_state_shows_the_image_as_its_header_does():
    window = {"WindowCenter": "2048", "WindowWidth": "3000", "VOILUTFunction": "SIGMOID"}
    rescale = {"RescaleSlope": "2", "RescaleIntercept": "-5"}
    state = opened(study_dicom(**window, **rescale))["presentation-state"]
    (voi,) = state.SoftcopyVOILUTSequence
    assert (voi.WindowCenter, voi.WindowWidth, voi.VOILUTFunction) == (2048, 3000, "SIGMOID")
    assert (state.RescaleSlope, state.RescaleIntercept, state.PresentationLUTShape) == (2, -5, "IDENTITY")


def test_tables_are_carried_without_their_explanation():
    table = lookup_table(np.linspace(0, 255, 4096), 0, 8)
    table.LUTExplanation = "of Jane"
    modality = opened(study_dicom(ModalityLUTSequence=[table]))["presentation-state"].ModalityLUTSequence[0]
    voi = opened(study_dicom(VOILUTSequence=[table]))["presentation-state"].SoftcopyVOILUTSequence[0].VOILUTSequence[0]
    for item in (modality, voi):
        assert list(item.LUTDescriptor) == [4096, 0, 8] and "LUTExplanation" not in item
        np.testing.assert_array_equal(np.frombuffer(item.LUTData, "<u2"), np.linspace(0, 255, 4096).astype(int))


def test_a_window_that_the_decoder_ignores_is_not_carried():
    data = study_dicom(WindowCenter="90000", WindowWidth="1")
    assert "window" in {check.name for check in decode(data).checks}
    assert "SoftcopyVOILUTSequence" not in opened(data)["presentation-state"]


def test_the_other_polarity_and_colours_are_shown_as_such():
    inverted = opened(study_dicom(PhotometricInterpretation="MONOCHROME1"))["presentation-state"]
    assert inverted.PresentationLUTShape == "INVERSE"
    ramp = np.arange(256, dtype="<u2").tobytes()
    palette = {"PhotometricInterpretation": "PALETTE COLOR", "BitsStored": 8}
    for colour in ("Red", "Green", "Blue"):
        palette[f"{colour}PaletteColorLookupTableDescriptor"] = [256, 0, 8]
        palette[f"{colour}PaletteColorLookupTableData"] = ramp
    for data in (
        study_dicom(np.repeat(radiograph()[..., None], 3, axis=2)),
        study_dicom(radiograph(), **palette),
    ):
        assert opened(data)["presentation-state"].SOPClassUID == uid.ColorSoftcopyPresentationStateStorage


@pytest.mark.parametrize(("said", "then"), [("NO", "NO"), ("YES", "YES"), (None, "YES")])
def test_burned_in_text_is_denied_only_where_the_image_denies_it(said, then):
    objects = opened(study_dicom(BurnedInAnnotation=said))
    assert objects["secondary-capture"].BurnedInAnnotation == objects["pdf"].BurnedInAnnotation == then


# === What no objects are made of ===


def refusal(source: object, prediction=PREDICTION) -> str:
    with pytest.raises(DicomOutputError) as caught:
        make_objects(source, prediction, PREDICTOR)
    assert caught.value.code == "dicom-output"
    return str(caught.value)


def test_what_belongs_to_no_study_is_refused_in_a_sentence():
    picture = encode(radiograph(), "PNG")
    assert "no DICOM file but PNG" in refusal(picture, PREDICTOR.predict(picture))
    for keyword in ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "SOPClassUID"):
        for value in (None, "", "of Jane"):
            data = study_dicom(**{keyword: value})
            said = refusal(data, PREDICTOR.predict(data))
            assert f"no valid {keyword}" in said and "Jane" not in said


def test_another_file_than_was_read_is_refused(tmp_path):
    assert "not the one that was read" in refusal(study_dicom(PatientID="0815"))
    assert "not read" in refusal(b"no image", PREDICTOR.predict(b"no image"))
    path = tmp_path / "IM1"
    path.write_bytes(DATA)
    assert list(make_objects(path, PREDICTION, PREDICTOR)) == list(OBJECTS)


def test_an_object_is_not_read_in_turn(objects):
    for dataset in objects.values():
        prediction = PREDICTOR.predict(to_files({"": dataset}).popitem()[1])
        assert prediction.status == "rejected"
    with pytest.raises(Exception, match="an overlay of this program"):
        decode(to_files({"": objects["secondary-capture"]}).popitem()[1])


def test_without_the_extra_one_sentence_says_how_to_get_it(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match="DICOM objects need highdicom"):
        make_objects(DATA, PREDICTION, PREDICTOR)


def test_files_are_written_as_a_whole_under_names_of_nobody(tmp_path, objects):
    paths = write_objects(objects, tmp_path / "new")
    assert sorted(paths) == sorted((tmp_path / "new").iterdir())
    assert [path.name for path in paths] == [f"{name}-{objects[name].SOPInstanceUID}.dcm" for name in OBJECTS]
    assert Path(paths[0]).read_bytes()[128:132] == b"DICM"
