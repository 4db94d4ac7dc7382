"""Values of a DICOM data set, whatever its writer made of their number, types and lengths.

What pydicom says of them is kept from logs: it quotes values that it finds invalid, and these may name a person.
"""

import logging
import re
import struct
import warnings
from typing import Any

from pydicom import Dataset, config
from pydicom.datadict import dictionary_VR
from pydicom.dataelem import RawDataElement
from pydicom.errors import BytesLengthException, InvalidDicomError
from pydicom.filereader import read_sequence
from pydicom.multival import MultiValue

from pneumonia.errors import CorruptImageError
from pneumonia.imaging.parser_limits import BoundedBytes

# What pydicom and its plug-ins raise on damaged files.
PYDICOM_ERRORS = (
    *(ArithmeticError, AttributeError, EOFError, LookupError, MemoryError, OSError, RuntimeError, TypeError),
    *(ValueError, BytesLengthException, InvalidDicomError, struct.error),
)
# Bytes of any element but the pixels: a few tables of 65,536 entries. pydicom takes seconds for a longer list. A
# sequence may hold eight such tables and more; in how many pieces, `items` decides.
MOST_ELEMENT_BYTES, MOST_SEQUENCE_BYTES = 1_000_000, 2_000_000
PIXEL_DATA, UNDEFINED_LENGTH = 0x7FE00010, 2**32 - 1
# Pieces of a sequence: eight tables take some hundred, and pydicom a second for ten thousand.
MOST_SEQUENCE_READS = 2000
# As `warnings.filters` has it.
_FILTER = ("ignore", None, Warning, re.compile(r"pydicom\."), 0)


def quiet_pydicom() -> None:
    """Have pydicom neither check values as it reads them nor warn of them, in warnings or in its log.

    Its settings are those of the whole process, as are Python's filters of warnings. To be called before each file: a
    `warnings.catch_warnings` that was left since brings the old filters back.
    """
    config.settings.reading_validation_mode = config.IGNORE
    # Character sets are looked at all the same.
    logging.getLogger("pydicom").setLevel(logging.CRITICAL)
    if warnings.filters[:1] != [_FILTER]:
        warnings.filterwarnings("ignore", module=_FILTER[3].pattern)


def require_sane_lengths(dataset: Dataset) -> None:
    """Refuse what is cut off, and what takes long to parse.

    Raises:
        CorruptImageError: the file ends before an element does.
        ValueError: an element is too long to be one of a radiograph.
    """
    for element in dataset.values():
        if not isinstance(element, RawDataElement):
            continue  # a sequence that was parsed as it was read, in not too many pieces
        actual = len(element.value or b"")
        if actual < element.length < UNDEFINED_LENGTH:
            raise CorruptImageError(
                "This DICOM file ends too early: it is truncated or damaged. Export the file again."
            )
        most = MOST_SEQUENCE_BYTES if dictionary_VR(element.tag) == "SQ" else MOST_ELEMENT_BYTES
        if actual > most and element.tag != PIXEL_DATA:
            raise ValueError("an element too long")


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
    value = default if value is None else value
    if value is None:
        raise ValueError(f"{keyword} is missing")
    return int(value)


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
