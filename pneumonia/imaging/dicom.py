"""The DICOM part of the decoder: from a file's bytes to grey values in [0, 1].

Only the tags in `TAGS` and the dates in `DATES` are ever parsed. None of them names a person, a place or a device; as
any may be filled with any text, only known terms are repeated. The dates give the patient's age and are deleted before
anything else is done. So identity cannot reach a result, a message or a log.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import numpy as np
from pydicom import Dataset, dcmread, dcmwrite
from pydicom.dataset import FileMetaDataset
from pydicom.filereader import read_dataset, read_preamble
from pydicom.pixels import apply_color_lut
from pydicom.uid import UID, DeflatedExplicitVRLittleEndian

from pneumonia.core.check import Check
from pneumonia.errors import CorruptImageError, UnsupportedImageError
from pneumonia.imaging import dicom_description, dicom_greyscale
from pneumonia.imaging.dicom_description import DATES, SECONDARY_CAPTURE_WARNING, describe, take_age
from pneumonia.imaging.dicom_greyscale import find_padding, to_grey
from pneumonia.imaging.dicom_pixels import can_decode, decode_frame, holds_frame, without_unused_bits
from pneumonia.imaging.dicom_values import PYDICOM_ERRORS, code, first, integer, quiet_pydicom, require_sane_lengths
from pneumonia.imaging.parser_limits import BoundedBytes

TAGS = f"""
{dicom_description.TAGS} {dicom_greyscale.TAGS}
PhotometricInterpretation SamplesPerPixel PlanarConfiguration NumberOfFrames Rows Columns
BitsAllocated BitsStored HighBit PixelRepresentation RedPaletteColorLookupTableDescriptor
GreenPaletteColorLookupTableDescriptor BluePaletteColorLookupTableDescriptor RedPaletteColorLookupTableData
GreenPaletteColorLookupTableData BluePaletteColorLookupTableData FloatPixelData DoubleFloatPixelData PixelData
"""
COLOURS = "RGB YBR_FULL YBR_FULL_422 YBR_PARTIAL_420 YBR_PARTIAL_422 YBR_ICT YBR_RCT"  # all else is free text
SURPLUS_WARNING = (
    "The file holds more pixels than its header says: the picture may be cut off or skewed. Compare it with the "
    "original."
)
COLOURS_NOT_READ = "This DICOM file stores its colours in a way that is not read. Export it in grey."
# What no picture is decoded without, in words, and the values that it can have where these are few.
NEEDED = {
    "Rows": ("how high its picture is", ()),
    "Columns": ("how wide its picture is", ()),
    "SamplesPerPixel": ("whether it is grey or in colour", (1, 3)),
    "PhotometricInterpretation": ("whether its lowest values are black or white, or colours", ()),
    "BitsAllocated": ("how many bits a pixel takes", ()),
    "BitsStored": ("how many bits of a pixel hold its value", ()),
    "PixelRepresentation": ("whether its values have a sign", (0, 1)),
    "PlanarConfiguration": ("in which order its colours are stored", (0, 1)),
}
# How the pixels of a compressed file begin, that end at a delimiter.
_UNDELIMITED = tuple(b"\xe0\x7f\x10\0" + vr + b"\0\0\xff\xff\xff\xff" for vr in (b"OB", b"OW"))


@dataclass(frozen=True, eq=False)
class DicomImage:
    """A checked header whose pixels are still encoded.

    Attributes:
        dataset: the tags in `TAGS` that the file holds, without the dates.
        width, height: size in pixels, not yet judged.
        bits: bits stored per sample.
        facts: what may be shown of the header.
    """

    dataset: Dataset
    syntax: UID
    width: int
    height: int
    bits: int
    photometric: str
    facts: dict[str, Any]
    checks: tuple[Check, ...]


@dataclass(frozen=True, eq=False)
class DicomPixels:
    """Decoded pixels.

    Attributes:
        values: float32 (H, W) in [0, 1], 0 black, for MONOCHROME1 and 2; uint8 or uint16 (H, W, 3) in RGB for colour.
        checks: warnings.
        padding, clipped: as in `dicom_greyscale.GreyScale`; None for colour.
    """

    values: np.ndarray
    checks: tuple[Check, ...]
    padding: np.ndarray | None = None
    clipped: np.ndarray | None = None


def read_header(data: bytes) -> DicomImage:
    """Read and judge the header of a DICOM file, decoding no pixel.

    Args:
        data: the file's bytes, with the 128-byte preamble.

    Raises:
        UnsupportedImageError: no image, several frames, a transfer syntax that is not read, or a header that
            says this is no frontal chest radiograph.
        CorruptImageError: the header cannot be parsed or contradicts itself.
    """
    quiet_pydicom()
    syntax = _transfer_syntax(data)
    with _as_corrupt("The header of this DICOM file is damaged. Export the file again."):
        dataset = dcmread(BoundedBytes(data), specific_tags=[*TAGS.split(), *DATES.split()])
        require_sane_lengths(dataset)
        years = take_age(dataset)
        _require_one_image(dataset, syntax, data)
        facts, warnings = describe(dataset, years)
        _require_needed(dataset)
        width, height = integer(dataset, "Columns"), integer(dataset, "Rows")
        allocated, bits = integer(dataset, "BitsAllocated"), integer(dataset, "BitsStored")
        samples, high_bit = integer(dataset, "SamplesPerPixel"), integer(dataset, "HighBit", bits - 1)
        photometric = code(dataset, "PhotometricInterpretation")
        dataset.PhotometricInterpretation = photometric  # some write it in small letters
    if allocated not in (8, 16) or not 8 <= bits <= allocated or high_bit != bits - 1:
        raise UnsupportedImageError(
            f"This DICOM file stores {bits} bits in {allocated} (high bit {high_bit}), which is not read. "
            "Export it with 8 to 16 bits."
        )
    grey = photometric in ("MONOCHROME1", "MONOCHROME2", "PALETTE COLOR")
    if not grey and photometric not in COLOURS.split():
        raise UnsupportedImageError(COLOURS_NOT_READ)
    if samples != (1 if grey else 3):
        raise CorruptImageError("This DICOM file contradicts itself about its colours. Export it again.")
    if not photometric.startswith("MONOCHROME"):
        warnings["secondary-capture"] = SECONDARY_CAPTURE_WARNING
    checks = tuple(Check(name, "warn", message) for name, message in warnings.items())
    facts |= {"bits": bits, "photometric": photometric, "transfer_syntax": syntax.name}
    return DicomImage(dataset, syntax, width, height, bits, photometric, facts, checks)


def to_file(dataset: Dataset) -> bytes:
    """The needed part of a data set, as the bytes of a DICOM file.

    Raises:
        UnsupportedImageError: it does not say how its pixels are stored.
        CorruptImageError: it holds what no file can.
    """
    syntax = getattr(getattr(dataset, "file_meta", None), "TransferSyntaxUID", None)
    if not syntax:
        raise UnsupportedImageError(
            "This data set does not say how its pixels are stored (file_meta.TransferSyntaxUID). Give its file."
        )
    with _as_corrupt("This data set cannot be written as a DICOM file. Give its file."):
        part = Dataset()
        for keyword in (*TAGS.split(), *DATES.split()):
            if keyword in dataset:
                part.add(dataset[keyword])
        part.file_meta, part.preamble = FileMetaDataset(), bytes(128)
        part.file_meta.TransferSyntaxUID = syntax
        stream = BytesIO()
        dcmwrite(stream, part)
    return stream.getvalue()


def decode_pixels(image: DicomImage) -> DicomPixels:
    """Decode the pixels of a header whose size has been found acceptable.

    Raises:
        CorruptImageError: the pixel data is damaged or holds less than the header says.
        UnsupportedImageError: a colour space that is not read.
    """
    dataset = image.dataset
    surplus = _require_enough_data(image)
    undecodable = (
        f"The pixels of this DICOM file ({image.syntax.name}) cannot be decoded: they are damaged or of a "
        "rare variant. Export the file again, uncompressed."
    )
    # Padding may take bits that no picture does.
    all_bits = "PixelPaddingValue" in dataset and image.photometric.startswith("MONOCHROME")
    with _as_corrupt(undecodable):
        stored, photometric = decode_frame(dataset, image.syntax, all_bits)
    if stored.shape[:2] != (image.height, image.width):
        raise CorruptImageError(undecodable)
    if image.photometric.startswith("MONOCHROME"):
        padding = find_padding(dataset, stored)
        if all_bits:
            stored = without_unused_bits(stored, image.bits, image.syntax)
            padding = padding if padding is None else padding | find_padding(dataset, stored)
        grey = to_grey(dataset, stored, image.bits, padding)
        return DicomPixels(grey.pixels, (*grey.checks, *surplus), grey.padding, grey.clipped)
    if image.photometric == "PALETTE COLOR":
        with _as_corrupt("The palette of this DICOM file is damaged or missing. Export it in grey."):
            if not dataset.original_encoding[1]:  # pydicom takes the words of every palette for little endian
                for colour in ("Red", "Green", "Blue"):
                    words = dataset[f"{colour}PaletteColorLookupTableData"]
                    words.value = np.frombuffer(words.value, ">u2").astype("<u2").tobytes()
            stored = apply_color_lut(stored, dataset)[..., :3]
    elif photometric != "RGB" or stored.dtype.kind != "u":
        raise UnsupportedImageError(COLOURS_NOT_READ)
    return DicomPixels(stored, tuple(surplus))


def _transfer_syntax(data: bytes) -> UID:
    """Find the transfer syntax before anything is inflated or decoded; raises when it is not read."""
    with _as_corrupt("The beginning of this DICOM file is damaged. Export the file again."):
        stream = BoundedBytes(data)
        read_preamble(stream, force=False)
        meta = read_dataset(stream, False, True, stop_when=lambda tag, vr, length: tag >> 16 != 2)
        syntax = UID(str(meta.get("TransferSyntaxUID") or ""))
    if not syntax:
        raise CorruptImageError("This DICOM file does not say how its pixels are stored. Export it again.")
    advice = "Export the file uncompressed (Explicit VR Little Endian)."
    if syntax == DeflatedExplicitVRLittleEndian:
        raise UnsupportedImageError(f"Deflated DICOM is not read ({syntax.name}). {advice}")
    if not can_decode(syntax):
        # An identifier that pydicom does not know is free text and is not repeated.
        name = syntax.name if syntax.name != syntax else "unknown"
        raise UnsupportedImageError(f"This DICOM file's transfer syntax is not read ({name}). {advice}")
    return syntax


def _require_one_image(dataset: Dataset, syntax: UID, data: bytes) -> None:
    if "FloatPixelData" in dataset or "DoubleFloatPixelData" in dataset:
        raise UnsupportedImageError("This DICOM file stores floating point pixels, which no radiograph does.")
    if not dataset.get("PixelData"):
        # pydicom leaves out what has no end.
        if syntax.is_encapsulated and any(begin in data for begin in _UNDELIMITED):
            raise CorruptImageError(
                "The pixels of this DICOM file have no end: its last delimiter is missing, so it is truncated or was "
                "written wrongly. Export the file again."
            )
        raise UnsupportedImageError(
            "This DICOM file holds no pixel data (a report, a plan or an index). Choose the image itself."
        )
    frames = integer(dataset, "NumberOfFrames", 1)
    if frames > 1:
        raise UnsupportedImageError(f"This DICOM file holds {frames} frames. Export the one frontal view.")
    if frames < 1:
        raise CorruptImageError("This DICOM file says that it holds no frame (NumberOfFrames). Export it again.")


def _require_needed(dataset: Dataset) -> None:
    for keyword, (tells, allowed) in NEEDED.items():
        value = first(dataset, keyword)
        if keyword == "PlanarConfiguration" and integer(dataset, "SamplesPerPixel") == 1:
            continue
        if value is None or (allowed and value not in allowed):
            lacks = f"lacks {keyword}" if value is None else f"holds no valid {keyword}"
            raise CorruptImageError(
                f"The header of this DICOM file {lacks}: it does not tell {tells}. Export it again."
            )


def _require_enough_data(image: DicomImage) -> list[Check]:
    """Compare what the header promises with what is there, before a decoder allocates anything; returns warnings."""
    surplus = []
    message = (
        f"This DICOM file says it holds {image.width} x {image.height} pixels but its pixel data does not: "
        "it is truncated or damaged. Export the file again."
    )
    data: bytes = image.dataset.PixelData
    samples = 1 if image.photometric.startswith(("MONOCHROME", "PALETTE")) else 3
    with _as_corrupt(message):
        plane = image.width * image.height * (integer(image.dataset, "BitsAllocated") // 8)
        if not image.syntax.is_encapsulated:
            expected = plane * (2 if image.photometric == "YBR_FULL_422" else samples)
            enough = len(data) >= expected
            if len(data) > expected + expected % 2:
                surplus = [Check("pixel-data", "warn", SURPLUS_WARNING)]
        else:
            enough = holds_frame(data, image.syntax, (image.height, image.width, samples), plane * samples)
    if not enough:
        raise CorruptImageError(message)
    return surplus


@contextmanager
def _as_corrupt(message: str) -> Iterator[None]:
    """Turn what pydicom raises on damaged files, which may quote them, into one sentence without its cause."""
    try:
        yield
    except PYDICOM_ERRORS:
        raise CorruptImageError(message) from None
