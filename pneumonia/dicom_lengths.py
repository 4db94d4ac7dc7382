"""The lengths that a DICOM file states of its elements, judged before any value is parsed."""

from pydicom import Dataset
from pydicom.datadict import dictionary_VR
from pydicom.dataelem import RawDataElement

from pneumonia.errors import CorruptImageError

# Bytes of any element but the pixels and sequences: a few tables of 65,536 entries. pydicom takes seconds for a longer
# list. How many pieces a sequence may be in, `dicom_values.items` decides.
MOST_ELEMENT_BYTES = 1_000_000
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
        if held > MOST_ELEMENT_BYTES and element.tag != PIXEL_DATA and dictionary_VR(element.tag) != "SQ":
            raise ValueError("an element too long")
