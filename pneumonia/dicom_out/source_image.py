"""The image that objects are about: what of its header goes into them, and what does not.

Objects of a study must name its patient, its dates and its numbers alike, or archives split it (PS3.3 C.7.1.1, C.7.2.1:
attributes of type 1 and 2). These are carried over as they are, after everything else is done: the library that makes
the objects, which logs and checks values, never sees them. Nothing else that may name somebody is read.
"""

from dataclasses import dataclass

import numpy as np
from pydicom import Dataset, dcmread
from pydicom.dataelem import RawDataElement
from pydicom.uid import UID

from pneumonia.errors import DicomOutputError
from pneumonia.imaging.dicom_values import (
    PYDICOM_ERRORS,
    code,
    first,
    integer,
    items,
    number,
    quiet_pydicom,
    require_sane_lengths,
)
from pneumonia.imaging.parser_limits import BoundedBytes

# Sets of terms, separated by blanks. Of the patient and the study: what the standard requires besides the study's UID.
PATIENT_AND_STUDY = """
PatientName PatientID PatientBirthDate PatientSex StudyDate StudyTime AccessionNumber ReferringPhysicianName StudyID
"""
CHARACTERS = "SpecificCharacterSet"
UIDS = "SOPClassUID SOPInstanceUID SeriesInstanceUID StudyInstanceUID"
# Computed radiography, digital radiography, secondary capture, angiography and fluoroscopy.
_KINDS = "1 1.1 1.1.1 7 7.1 7.2 7.3 7.4 12.1 12.2"
_STORAGE = "1.2.840.10008.5.1.4.1.1."
_PICTURE = "Rows Columns PhotometricInterpretation BurnedInAnnotation LossyImageCompression"
_GREY_SCALE = """
RescaleSlope RescaleIntercept ModalityLUTSequence VOILUTSequence WindowCenter WindowWidth VOILUTFunction
"""
_TAGS = f"{PATIENT_AND_STUDY} {CHARACTERS} {UIDS} {_PICTURE} {_GREY_SCALE}"


@dataclass(frozen=True, eq=False)
class SourceImage:
    """The header of an image, in parts that do not meet before an object is made.

    Attributes:
        reference: of the image, without anything of the patient, and of the study its UID alone.
        grey_scale: of its display, as a presentation state has it.
        patient_and_study: the values of `PATIENT_AND_STUDY`, and the character set they are in.
    """

    reference: Dataset
    grey_scale: Dataset
    patient_and_study: Dataset

    def into_study(self, dataset: Dataset) -> Dataset:
        """Give an object what all objects of the study must have; returns it."""
        for keyword in PATIENT_AND_STUDY.split():
            setattr(dataset, keyword, None)
        dataset.update(self.patient_and_study)
        return dataset


def read_source_image(data: bytes, usable_window: bool) -> SourceImage:
    """Read the header of an image that was decoded.

    Args:
        data: the bytes of its DICOM file.
        usable_window: whether its window and tables were found usable when it was decoded.

    Raises:
        DicomOutputError: it does not identify the image, its series and its study, or is damaged.
    """
    quiet_pydicom()
    try:
        header = dcmread(BoundedBytes(data), stop_before_pixels=True, specific_tags=_TAGS.split())
        require_sane_lengths(header)
        grey_scale = _grey_scale(header) if usable_window else Dataset()
        patient_and_study = Dataset()
        for keyword in (*PATIENT_AND_STUDY.split(), CHARACTERS):
            if keyword in header:
                patient_and_study.add(header[keyword])
        return SourceImage(_reference(header), grey_scale, patient_and_study)
    except PYDICOM_ERRORS:
        # What they say may quote the header.
        raise DicomOutputError(
            "The header of this DICOM file is damaged, so no objects can be made for its study. Export the file again."
        ) from None


def _reference(header: Dataset) -> Dataset:
    reference = Dataset()
    # The library that makes the objects asks for them; what it tells by the modality is the same for all radiographs.
    for keyword in PATIENT_AND_STUDY.split():
        setattr(reference, keyword, "")
    reference.Modality = "DX"
    for keyword in UIDS.split():
        uid = UID(str(header.get(keyword) or ""))
        if not uid.is_valid:
            raise DicomOutputError(
                f"The header of this DICOM file holds no valid {keyword}, so nothing can be added to its study. "
                "Export the file again."
            )
        setattr(reference, keyword, uid)
    if reference.SOPClassUID.removeprefix(_STORAGE) not in _KINDS.split():
        raise DicomOutputError(
            "This DICOM file is of no class of radiographs (SOPClassUID), so no objects can refer to it. "
            "Export it as one."
        )
    reference.Rows, reference.Columns = integer(header, "Rows"), integer(header, "Columns")
    reference.PhotometricInterpretation = code(header, "PhotometricInterpretation")
    # As shown: an image with a palette is one in colour.
    reference.SamplesPerPixel = 1 if reference.PhotometricInterpretation.startswith("MONOCHROME") else 3
    # Where nobody says that none of the picture's letters identify the patient, they may.
    reference.BurnedInAnnotation = "NO" if code(header, "BurnedInAnnotation") == "NO" else "YES"
    reference.LossyImageCompression = "01" if code(header, "LossyImageCompression") == "01" else "00"
    return reference


def _grey_scale(header: Dataset) -> Dataset:
    """Modality and VOI, by the rules of the decoder (`imaging.dicom_greyscale`)."""
    grey_scale = Dataset()
    if tables := items(header, "ModalityLUTSequence"):
        grey_scale.ModalityLUTSequence = [_table(tables[0])]
        grey_scale.ModalityLUTSequence[0].ModalityLUTType = "US"
    elif first(header, "RescaleSlope") is not None or first(header, "RescaleIntercept") is not None:
        grey_scale.RescaleSlope = number(header, "RescaleSlope", 1.0)
        grey_scale.RescaleIntercept = number(header, "RescaleIntercept", 0.0)
        grey_scale.RescaleType = "US"
    voi = Dataset()
    if tables := items(header, "VOILUTSequence"):
        voi.VOILUTSequence = [_table(tables[0])]
    elif first(header, "WindowCenter") is not None:
        voi.WindowCenter, voi.WindowWidth = number(header, "WindowCenter"), number(header, "WindowWidth")
        if function := code(header, "VOILUTFunction"):
            voi.VOILUTFunction = function
    if voi:
        grey_scale.SoftcopyVOILUTSequence = [voi]
    return grey_scale


def _table(item: Dataset) -> Dataset:
    """A lookup table without its explanation, which is free text."""
    entries, start, bits = map(int, item.LUTDescriptor)
    raw = item.get_item("LUTData")
    if not isinstance(raw, RawDataElement):
        raise ValueError("no lookup table, or not as it was read")
    table = Dataset()
    table.add_new("LUTDescriptor", "SS" if start < 0 else "US", [entries, start, bits])
    words = np.frombuffer(raw.value, "<u2" if raw.is_little_endian else ">u2").astype("<u2")
    table.add_new("LUTData", "OW", words.tobytes())
    return table
