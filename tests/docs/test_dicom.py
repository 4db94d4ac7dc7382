"""docs/dicom.md says what docs/studies/dicom.json says, and that no validator found an error."""

from pneumonia.dicom_out.objects import OBJECTS
from scripts.studies.dicom import STUDY


def test_no_number_in_the_document_is_typed_by_hand():
    assert STUDY.document.read_text() == STUDY.render(STUDY.figures())


def test_every_object_was_validated_without_an_error():
    for found in STUDY.figures()["sizes"].values():
        assert list(found["objects"]) == list(OBJECTS)
        assert not sum(values["errors"] for values in found["objects"].values())
        # Those of the codes of this project alone.
        assert {name for name, values in found["objects"].items() if values["warnings"]} == {"report", "map"}
