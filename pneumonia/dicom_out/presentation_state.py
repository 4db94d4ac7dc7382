"""Contour and text over the image itself, as a softcopy presentation state (PS3.3 A.33)."""

from highdicom import PresentationLUTTransformation
from highdicom.pr import (
    ColorSoftcopyPresentationState,
    GraphicAnnotation,
    GraphicLayer,
    GraphicObject,
    GrayscaleSoftcopyPresentationState,
    TextObject,
)
from PIL import ImageCms
from pydicom import Dataset

from pneumonia.core.notices import NOTICE
from pneumonia.dicom_out.reading import Reading

# Corners of the text, in shares of what is displayed.
_BOX = (0.01, 0.01, 0.99, 0.12)


def make(reading: Reading) -> Dataset:
    """Make the object: in grey for grey images, which it shows as their header does, and else in colour."""
    reference = reading.source.reference
    layer = GraphicLayer("EVIDENCE", 1, NOTICE)
    text = TextObject(
        f"{NOTICE}\r\n{reading.judgement}\r\nLine: evidence of {reading.level:g} logits or more",
        units="DISPLAY",
        bounding_box=_BOX,
        text_justification="LEFT",
    )
    annotation = GraphicAnnotation(
        referenced_images=[reference],
        graphic_layer=layer,
        graphic_objects=[GraphicObject("POLYLINE", contour, "PIXEL") for contour in reading.contours] or None,
        text_objects=[text],
    )
    common = {
        "referenced_images": [reference],
        "content_label": "EVIDENCE",
        "content_description": NOTICE,
        "graphic_annotations": [annotation],
        "graphic_layers": [layer],
        **reading.identification(3, "Contour"),
    }
    dataset: Dataset
    if reference.PhotometricInterpretation.startswith("MONOCHROME"):
        shape = "INVERSE" if reference.PhotometricInterpretation == "MONOCHROME1" else "IDENTITY"
        lut = PresentationLUTTransformation(shape)
        dataset = GrayscaleSoftcopyPresentationState(presentation_lut_transformation=lut, **common)
        dataset.update(reading.source.grey_scale)
    else:
        dataset = ColorSoftcopyPresentationState(icc_profile=_srgb(), **common)
    dataset.BodyPartExamined = "CHEST"
    return dataset


def _srgb() -> bytes:
    """The profile of sRGB as of an input device, which is what images have (PS3.3 C.11.15.1.1)."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    profile[12:16] = b"scnr"
    return bytes(profile)
