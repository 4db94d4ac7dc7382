"""The picture with its overlay, legend, finding and notice, as a secondary capture (PS3.3 A.8.1)."""

import textwrap

import numpy as np
from highdicom.sc import SCImage
from PIL import Image, ImageDraw, ImageFont
from pydicom import Dataset

from pneumonia.core.notices import NOTICE
from pneumonia.dicom_out.reading import SIDE, Reading
from pneumonia.explain.overlay import legend
from pneumonia.imaging.dicom_description import OVERLAY_TYPE

# In pixels: of its letters, and around what is below the radiograph.
_FONT, _MARGIN = 22, 16
_LETTERS_A_LINE = 88
_INK, _GROUND = (235, 235, 235), (0, 0, 0)


def make(reading: Reading) -> Dataset:
    """Make the object."""
    dataset = SCImage(
        pixel_array=draw(reading),
        photometric_interpretation="RGB",
        bits_allocated=8,
        coordinate_system="PATIENT",
        patient_orientation=("L", "F"),
        study_instance_uid=reading.source.reference.StudyInstanceUID,
        **reading.identification(0, "Overlay"),
    )
    # So that it is not read in turn.
    dataset.ImageType = ["DERIVED", "SECONDARY", OVERLAY_TYPE]
    # That of the image is not known to be right, and nothing here needs it.
    dataset.PatientOrientation = None  # type: ignore[assignment]
    dataset.BodyPartExamined = "CHEST"
    dataset.BurnedInAnnotation = reading.source.reference.BurnedInAnnotation
    dataset.LossyImageCompression = reading.source.reference.LossyImageCompression
    return dataset


def draw(reading: Reading) -> np.ndarray:
    """Draw it: uint8 (H, W, 3), RGB."""
    radiograph = reading.overlay
    scale = f"{reading.predictor.heatmap_scale:g}"
    lines = [NOTICE.upper(), reading.judgement, *textwrap.wrap(reading.origin, _LETTERS_A_LINE)]
    lines += [f"Colours: evidence for pneumonia, from 0 to {scale} logits. Line: {reading.level:g}. Dashes: lungs."]
    font = ImageFont.load_default(_FONT)
    step = round(1.4 * _FONT)
    bar = legend(SIDE - 2 * _MARGIN, _FONT)
    height = radiograph.shape[0] + 3 * _MARGIN + len(bar) + len(lines) * step
    page = np.full((height, SIDE, 3), _GROUND, np.uint8)
    left = (SIDE - radiograph.shape[1]) // 2
    page[: radiograph.shape[0], left : left + radiograph.shape[1]] = radiograph
    page[height - _MARGIN - len(bar) : height - _MARGIN, _MARGIN : SIDE - _MARGIN] = bar
    picture = Image.fromarray(page)
    pen = ImageDraw.Draw(picture)
    for number, line in enumerate(lines):
        pen.text((_MARGIN, radiograph.shape[0] + _MARGIN + number * step), line, _INK, font)
    return np.asarray(picture)
