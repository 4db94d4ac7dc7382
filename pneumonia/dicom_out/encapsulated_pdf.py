"""The reading on a page, as an encapsulated PDF document (PS3.3 A.45.1)."""

from html import escape
from io import BytesIO

from highdicom.base import SOPClass
from pydicom import Dataset
from pydicom.uid import EncapsulatedPDFStorage, ExplicitVRLittleEndian
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.lib.units import mm
from reportlab.platypus import Image, Paragraph, SimpleDocTemplate

from pneumonia.core.notices import INTENDED_USE, LIMITS, NOTICE
from pneumonia.dicom_out.reading import Reading
from pneumonia.dicom_out.secondary_capture import overlay
from pneumonia.explain.overlay import to_png

_TITLE = "Reading of a chest radiograph"
_MARGIN = 20 * mm
_PICTURE = 130 * mm  # its longer side


def make(reading: Reading) -> Dataset:
    """Make the object."""
    reference = reading.source.reference
    dataset = SOPClass(
        study_instance_uid=reference.StudyInstanceUID,
        sop_class_uid=EncapsulatedPDFStorage,
        modality="DOC",
        transfer_syntax_uid=ExplicitVRLittleEndian,
        **reading.identification(4, "PDF"),
    )
    document = to_pdf(reading)
    dataset.ConversionType = "SYN"
    dataset.AcquisitionDateTime = None
    dataset.BurnedInAnnotation = reference.BurnedInAnnotation
    image = Dataset()
    image.ReferencedSOPClassUID, image.ReferencedSOPInstanceUID = reference.SOPClassUID, reference.SOPInstanceUID
    dataset.SourceInstanceSequence = [image]
    dataset.DocumentTitle = _TITLE
    dataset.ConceptNameCodeSequence = []
    dataset.MIMETypeOfEncapsulatedDocument = "application/pdf"
    dataset.EncapsulatedDocument = document + b"\0" * (len(document) % 2)
    dataset.EncapsulatedDocumentLength = len(document)
    return dataset


def to_pdf(reading: Reading) -> bytes:
    """Set the page; the same reading gives the same bytes."""
    styles = getSampleStyleSheet()
    picture = overlay(reading)
    height, width = picture.shape[:2]
    factor = _PICTURE / max(height, width)
    story = [
        Paragraph(_TITLE, styles["Title"]),
        Paragraph(f"<b>{escape(NOTICE)}</b> {escape(INTENDED_USE)}", styles["BodyText"]),
        Paragraph(escape(reading.judgement), styles["Heading2"]),
        Paragraph(escape(reading.origin), styles["BodyText"]),
        Image(BytesIO(to_png(picture)), factor * width, factor * height),
        *(Paragraph(escape(line), styles["BodyText"]) for line in (*reading.warnings, *LIMITS)),
    ]
    stream = BytesIO()
    margins = dict.fromkeys(("leftMargin", "rightMargin", "topMargin", "bottomMargin"), _MARGIN)
    SimpleDocTemplate(stream, pagesize=A4, title=_TITLE, invariant=1, **margins).build(story)
    return stream.getvalue()
