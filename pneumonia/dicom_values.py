"""Values of a DICOM data set, whatever its writer made of their number and their types."""

import struct
from typing import Any

from pydicom import Dataset
from pydicom.dataelem import RawDataElement
from pydicom.errors import BytesLengthException, InvalidDicomError
from pydicom.filereader import read_sequence
from pydicom.multival import MultiValue

from pneumonia.bounded import BoundedBytes

# What pydicom and its plug-ins raise on damaged files.
PYDICOM_ERRORS = (
    *(ArithmeticError, AttributeError, EOFError, LookupError, MemoryError, OSError, RuntimeError, TypeError),
    *(ValueError, BytesLengthException, InvalidDicomError, struct.error),
)
# Pieces of a sequence: eight tables take some hundred, and pydicom a second for ten thousand.
MOST_SEQUENCE_READS = 2000


def first(dataset: Dataset, keyword: str) -> Any:
    """Return the first value of an element, None where it is absent or empty."""
    value = dataset.get(keyword)
    if isinstance(value, MultiValue):
        value = value[0] if value else None
    return None if value == "" else value


def integer(dataset: Dataset, keyword: str, default: int | None = None) -> int:
    """Return the first value as a whole number.

    Raises:
        ValueError: it is absent and there is no default, or it is no number.
    """
    value = first(dataset, keyword)
    if value is None and default is None:
        raise ValueError(f"{keyword} is missing")
    return int(default if value is None else value)


def number(dataset: Dataset, keyword: str, default: float = float("nan")) -> float:
    """Return the first value as a number."""
    value = first(dataset, keyword)
    return default if value is None else float(value)


def code(dataset: Dataset, keyword: str) -> str:
    """Return the first value in capitals, without the blanks around it; empty where it is absent."""
    value = first(dataset, keyword)
    return "" if value is None else str(value).strip().upper()


def items(dataset: Dataset, keyword: str) -> list[Dataset]:
    """Return the items of a sequence; none where it is absent or empty.

    Raises:
        OSError: in more pieces than one of a radiograph.
        Any of `PYDICOM_ERRORS`: it is damaged.
    """
    element = dataset.get_item(keyword)
    if not isinstance(element, RawDataElement):
        return [] if element is None else list(element.value)
    data = element.value or b""
    implicit = element.is_implicit_VR or element.VR == "UN"
    stream = BoundedBytes(data, MOST_SEQUENCE_READS)
    return list(read_sequence(stream, implicit, element.is_little_endian, len(data), "iso8859"))
