"""The reading on a page, as an encapsulated PDF document (PS3.3 A.45.1)."""

from html import escape
from io import BytesIO

from highdicom.base import SOPClass
from PIL import Image as Picture
from pydicom import Dataset
from pydicom.uid import EncapsulatedPDFStorage, ExplicitVRLittleEndian
from reportlab import rl_config
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.lib.units import mm
from reportlab.platypus import Image, Paragraph, SimpleDocTemplate

from pneumonia.core.notices import INTENDED_USE, LIMITS, NOTICE
from pneumonia.dicom_out.reading import Reading

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
    # As printable letters, the picture would take longer to write than all the rest.
    rl_config.useA85 = 0
    styles = getSampleStyleSheet()
    height, width = reading.overlay.shape[:2]
    picture = BytesIO()
    # Without loss it is in the secondary capture, and would take a second longer here.
    Picture.fromarray(reading.overlay).save(picture, "JPEG", quality=92, subsampling=0)
    factor = _PICTURE / max(height, width)
    story = [
        Paragraph(_TITLE, styles["Title"]),
        Paragraph(f"<b>{escape(NOTICE)}</b> {escape(INTENDED_USE)}", styles["BodyText"]),
        Paragraph(escape(reading.judgement), styles["Heading2"]),
        Paragraph(escape(reading.origin), styles["BodyText"]),
        Image(picture, factor * width, factor * height),
        *(Paragraph(escape(line), styles["BodyText"]) for line in (*reading.warnings, *LIMITS)),
    ]
    stream = BytesIO()
    margins = dict.fromkeys(("leftMargin", "rightMargin", "topMargin", "bottomMargin"), _MARGIN)
    SimpleDocTemplate(stream, pagesize=A4, title=_TITLE, invariant=1, **margins).build(story)
    return stream.getvalue()
