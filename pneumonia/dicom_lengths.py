"""The lengths that a DICOM file states of its elements, judged before any value is parsed."""

from pydicom import Dataset
from pydicom.datadict import dictionary_VR
from pydicom.dataelem import RawDataElement

from pneumonia.errors import CorruptImageError

# Bytes of any element but the pixels: a few tables of 65,536 entries. pydicom takes seconds for a longer list. A
# sequence may hold eight such tables and more; in how many pieces, `dicom_values.items` decides.
MOST_ELEMENT_BYTES, MOST_SEQUENCE_BYTES = 1_000_000, 2_000_000
PIXEL_DATA, UNDEFINED_LENGTH = 0x7FE00010, 2**32 - 1


def require_sane_lengths(dataset: Dataset) -> None:
    """Refuse what is cut off, and what takes long to parse.

    Raises:
        CorruptImageError: the file ends before an element does.
        ValueError: an element is too long to be one of a radiograph.
    """
    for element in dataset.values():
        if not isinstance(element, RawDataElement):
            continue  # a sequence that was parsed as it was read, in not too many pieces
        held = len(element.value or b"")
        if held < element.length < UNDEFINED_LENGTH:
            raise CorruptImageError(
                "This DICOM file ends too early: it is truncated or damaged. Export the file again."
            )
        most = MOST_SEQUENCE_BYTES if dictionary_VR(element.tag) == "SQ" else MOST_ELEMENT_BYTES
        if held > most and element.tag != PIXEL_DATA:
            raise ValueError("an element too long")
