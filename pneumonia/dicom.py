"""The DICOM part of the decoder: from a file's bytes to grey values in [0, 1].

Only the tags in `TAGS` are ever parsed. None of them names a person, a date, a place or a device; as any may be filled
with any text, only known terms are repeated. So identity cannot reach a result, a message or a log.

The grey-scale pipeline (modality LUT, VOI LUT or window, MONOCHROME1) follows DICOM PS3.3 C.11. It is worked out once
for every value that can be stored, at most 65,536, instead of for every pixel. It is written here because pydicom 3.0's
`apply_windowing` swaps black and white under a negative rescale slope and its `apply_voi_lut` wraps the index of 8-bit
tables with more than 256 entries.
"""

import re
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import numpy as np
from pydicom import Dataset, dcmread, dcmwrite
from pydicom.dataset import FileMetaDataset
from pydicom.errors import BytesLengthException, InvalidDicomError
from pydicom.filereader import read_dataset, read_preamble
from pydicom.multival import MultiValue
from pydicom.pixels import apply_color_lut
from pydicom.uid import UID, DeflatedExplicitVRLittleEndian

from pneumonia.bounded import BoundedBytes
from pneumonia.checks import Check
from pneumonia.codestreams import can_decode, decode_frame, holds_frame
from pneumonia.dicom_lengths import require_sane_lengths
from pneumonia.discretion import quiet_pydicom
from pneumonia.errors import CorruptImageError, UnsupportedImageError

# Sets of terms, separated by blanks.
TAGS = """
SOPClassUID Modality BodyPartExamined ViewPosition PatientOrientation PatientAge BurnedInAnnotation
PhotometricInterpretation SamplesPerPixel PlanarConfiguration NumberOfFrames Rows Columns
BitsAllocated BitsStored HighBit PixelRepresentation RescaleSlope RescaleIntercept ModalityLUTSequence
VOILUTSequence WindowCenter WindowWidth VOILUTFunction RedPaletteColorLookupTableDescriptor
GreenPaletteColorLookupTableDescriptor BluePaletteColorLookupTableDescriptor RedPaletteColorLookupTableData
GreenPaletteColorLookupTableData BluePaletteColorLookupTableData FloatPixelData DoubleFloatPixelData PixelData
"""
RADIOGRAPHY = "CR DX DR RG XA"
# Modalities that are never a plain projection of the chest (PS3.3 C.7.3.1.1.1).
NOT_RADIOGRAPHY = """
AR BDUS BI BMD CT DG DOC ECG EPS ES FID GM HC HD IO IVOCT IVUS KER KO LEN LS MG MR MS NM OAM OCT OP OPM OPT
OPV PLAN PR PT PX REG RESP RTDOSE RTIMAGE RTPLAN RTRECORD RTSTRUCT SEG SM SMR SR SRF STAIN TG US VA XC
"""
CHEST = "CHEST LUNG LUNGS THORAX HEART MEDIASTINUM RIB RIBS TORAX PULMON"
# Terms of Body Part Examined (PS3.16 annex L), and spellings in use, that name a part other than the chest.
NOT_CHEST = """
ABDOMEN ANKLE ARM BREAST CALCANEUS CERVICALSPINE COCCYX CSPINE ELBOW EXTREMITY EYE FACE FEMUR FINGER FOOT
FOREARM HAND HEAD HIP HUMERUS JAW KIDNEY KNEE LEG LIVER LOWEREXTREMITY LSPINE LSSPINE LUMBARSPINE MANDIBLE
MAXILLA NECK NOSE ORBIT PATELLA PELVIS RADIUS SACRUM SCAPULA SHOULDER SINUS SKULL SPINE SSPINE TEETH THIGH
THORACICSPINE THUMB TIBIA TOE TSPINE ULNA UPPEREXTREMITY WRIST
"""
FRONTAL_VIEWS = "AP PA"
LATERAL_VIEWS = "LATERAL LAT LL RL"
COLOURS = "RGB YBR_FULL YBR_FULL_422 YBR_PARTIAL_420 YBR_PARTIAL_422 YBR_ICT YBR_RCT"  # all else is free text
UNUSUAL_VIEWS = "LLD RLD LLO RLO LAO RAO LPO RPO OBLIQUE"  # decubitus and oblique
SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"  # SOP class, and the beginning of its multi-frame variants
SECONDARY_CAPTURE_WARNING = "This is a secondary capture (a copy or a scan); its grey values may be altered."
SURPLUS_WARNING = "The file holds more pixel data than its header says: the picture may be cut off or skewed."
TRAINING_YEARS = (1, 5)  # the training radiographs are of children of one to five years
OLDEST_SHOWN = 90  # an age above 89 counts as identifying (HIPAA Safe Harbor)
COLOURS_NOT_READ = "This DICOM file stores its colours in a way that is not read. Export it in grey."
# A window that leaves less contrast or fewer grey levels than this misses the picture.
MIN_SPREAD = 0.02
MIN_LEVELS = 16

# What pydicom and its plug-ins raise on damaged files.
PYDICOM_ERRORS = (
    *(ArithmeticError, AttributeError, EOFError, LookupError, MemoryError, OSError, RuntimeError, TypeError),
    *(ValueError, BytesLengthException, InvalidDicomError, struct.error),
)


@dataclass(frozen=True, eq=False)
class DicomImage:
    """A checked header whose pixels are still encoded.

    Attributes:
        dataset: the tags in `TAGS` that the file holds.
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
        dataset = dcmread(BoundedBytes(data), specific_tags=TAGS.split())
        require_sane_lengths(dataset)
        _require_one_image(dataset)
        facts, warnings = _describe(dataset)
        width, height = _integer(dataset, "Columns"), _integer(dataset, "Rows")
        allocated, bits = _integer(dataset, "BitsAllocated"), _integer(dataset, "BitsStored")
        samples, high_bit = _integer(dataset, "SamplesPerPixel", 1), _integer(dataset, "HighBit", bits - 1)
        photometric = _code(dataset, "PhotometricInterpretation")
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
    """What is needed of a data set, as the bytes of a DICOM file.

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
        for keyword in TAGS.split():
            if keyword in dataset:
                part.add(dataset[keyword])
        part.file_meta, part.preamble = FileMetaDataset(), bytes(128)
        part.file_meta.TransferSyntaxUID = syntax
        stream = BytesIO()
        dcmwrite(stream, part)
    return stream.getvalue()


def decode_pixels(image: DicomImage) -> tuple[np.ndarray, list[Check]]:
    """Decode the pixels of a header whose size has been found acceptable.

    Returns:
        float32 (H, W) in [0, 1], 0 black, for MONOCHROME1 and 2; uint8 or uint16 (H, W, 3) in RGB for colour; warnings.

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
    with _as_corrupt(undecodable):
        stored, photometric = decode_frame(dataset, image.syntax)
    if stored.shape[:2] != (image.height, image.width):
        raise CorruptImageError(undecodable)
    if image.photometric.startswith("MONOCHROME"):
        pixels, checks = _display(dataset, stored, image.bits)
        return (1 - pixels if image.photometric == "MONOCHROME1" else pixels), [*checks, *surplus]
    if image.photometric == "PALETTE COLOR":
        with _as_corrupt("The palette of this DICOM file is damaged or missing. Export it in grey."):
            if not dataset.original_encoding[1]:  # pydicom takes the words of every palette for little endian
                for colour in ("Red", "Green", "Blue"):
                    words = dataset[f"{colour}PaletteColorLookupTableData"]
                    words.value = np.frombuffer(words.value, ">u2").astype("<u2").tobytes()
            stored = apply_color_lut(stored, dataset)[..., :3]
    elif photometric != "RGB" or stored.dtype.kind != "u":
        raise UnsupportedImageError(COLOURS_NOT_READ)
    return stored, surplus


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


def _require_one_image(dataset: Dataset) -> None:
    if "FloatPixelData" in dataset or "DoubleFloatPixelData" in dataset:
        raise UnsupportedImageError("This DICOM file stores floating point pixels, which no radiograph does.")
    if not dataset.get("PixelData"):
        raise UnsupportedImageError(
            "This DICOM file holds no pixel data (a report, a plan or an index). Choose the image itself."
        )
    frames = _integer(dataset, "NumberOfFrames", 1)
    if frames > 1:
        raise UnsupportedImageError(f"This DICOM file holds {frames} frames. Export the one frontal view.")


def _describe(dataset: Dataset) -> tuple[dict[str, Any], dict[str, str]]:
    """Return what may be shown of the header, and warnings by name.

    Raises:
        UnsupportedImageError: the header says this is no frontal chest radiograph.
    """
    facts: dict[str, Any] = {}
    warnings: dict[str, str] = {}
    says = "The DICOM header says this"
    advice = "Choose a frontal chest radiograph."

    modality = _code(dataset, "Modality")
    if modality in NOT_RADIOGRAPHY.split():
        raise UnsupportedImageError(f"{says} is not a radiograph (modality {modality}). {advice}")
    if modality in RADIOGRAPHY.split():
        facts["modality"] = modality
    else:
        warnings["modality"] = "The DICOM header does not say that this is a radiograph."

    part = re.sub("[^A-Z]", "", _code(dataset, "BodyPartExamined"))
    if part in NOT_CHEST.split():
        raise UnsupportedImageError(f"{says} shows another body part ({part}). {advice}")
    if part in CHEST.split():
        facts["body_part"] = part
    elif part:
        warnings["body-part"] = "The DICOM header does not clearly say that this shows the chest."

    view = _code(dataset, "ViewPosition")
    lateral = "LATERAL" if "LATERAL" in view.split() else view  # words beside it are free text
    if lateral in LATERAL_VIEWS.split():
        raise UnsupportedImageError(f"{says} is a lateral view ({lateral}). {advice}")
    if view in (*FRONTAL_VIEWS.split(), *UNUSUAL_VIEWS.split()):
        facts["view"] = view
    frontal = view in FRONTAL_VIEWS.split()
    # Rows that run from front to back, or back to front, are those of a lateral view.
    rows_run_sideways = _code(dataset, "PatientOrientation").startswith(("A", "P"))
    if not frontal and (view or rows_run_sideways):
        warnings["view"] = "The DICOM header does not say that this is a plain frontal view."

    # Three digits by the standard, which not all who write one keep to.
    if age := re.fullmatch(r"(\d{1,3})([DWMY])", _code(dataset, "PatientAge")):
        years = int(age[1]) / {"D": 365.25, "W": 52.18, "M": 12, "Y": 1}[age[2]]
        facts["age_years"] = min(round(years, 2), OLDEST_SHOWN)
        youngest, oldest = TRAINING_YEARS
        if not youngest <= years < oldest + 1:
            ages = f"{youngest} to {oldest} years"
            warnings["population"] = f"The patient's age is outside {ages}, the ages learned from: be careful."

    if _code(dataset, "BurnedInAnnotation") == "YES":
        warnings["burned-in-text"] = "The DICOM header says that text is burned in. It may name the patient."
    if _code(dataset, "SOPClassUID").startswith(SECONDARY_CAPTURE):
        warnings["secondary-capture"] = SECONDARY_CAPTURE_WARNING
    return facts, warnings


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
        plane = image.width * image.height * (_integer(image.dataset, "BitsAllocated") // 8)
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


def _display(dataset: Dataset, stored: np.ndarray, bits: int) -> tuple[np.ndarray, list[Check]]:
    """Map stored values (H, W) to float32 (H, W) in [0, 1]: modality LUT, then VOI LUT or first window."""
    lowest = -(2 ** (bits - 1)) if stored.dtype.kind == "i" else 0
    highest = lowest + 2**bits - 1
    if stored.min() < lowest or stored.max() > highest:
        raise CorruptImageError(
            f"This DICOM file holds values beyond the {bits} bits its header states. Export the file again."
        )
    index = stored.astype(np.int32) - lowest
    values, scale, checks = _modality(dataset, np.arange(lowest, highest + 1, dtype=np.float64))
    table = (values - scale[0]) / (scale[1] - scale[0])
    try:
        windowed = _values_of_interest(dataset, values)
        if windowed is not None:
            sample = windowed[index[:: 1 + index.shape[0] // 256, :: 1 + index.shape[1] // 256]]
            if np.ptp(np.percentile(sample, (1, 99))) < MIN_SPREAD or len(np.unique(sample)) < MIN_LEVELS:
                raise ValueError("the window misses the picture")
            table = windowed
    except PYDICOM_ERRORS:
        message = "The display window in the DICOM header is unusable and was ignored."
        checks.append(Check("window", "warn", message))
    return table.astype(np.float32)[index], checks


def _modality(dataset: Dataset, values: np.ndarray) -> tuple[np.ndarray, tuple[float, float], list[Check]]:
    """Apply the modality LUT or rescale; returns the values, their full range, and warnings."""
    try:
        if dataset.get("ModalityLUTSequence"):
            item = dataset.ModalityLUTSequence[0]
            mapped, full_scale = _look_up(item, values, dataset.original_encoding[1])
            return mapped, (0.0, full_scale), []
        slope, intercept = _number(dataset, "RescaleSlope", 1.0), _number(dataset, "RescaleIntercept", 0.0)
        mapped = values * slope + intercept
        # A slope that is too small beside the intercept is as good as none.
        if not np.isfinite(mapped).all() or mapped.min() == mapped.max():
            raise ValueError("rescale without information")
        return mapped, (mapped.min(), mapped.max()), []
    except PYDICOM_ERRORS:
        message = "The rescale or modality table in the DICOM header is unusable and was ignored."
        return values, (values[0], values[-1]), [Check("window", "warn", message)]


def _values_of_interest(dataset: Dataset, values: np.ndarray) -> np.ndarray | None:
    """Apply the first VOI LUT or, without one, the first window (PS3.3 C.11.2).

    Returns:
        Values in [0, 1]; None where the header has neither.

    Raises:
        Any of `PYDICOM_ERRORS`: the table or the window is unusable.
    """
    if dataset.get("VOILUTSequence"):
        mapped, full_scale = _look_up(dataset.VOILUTSequence[0], values, dataset.original_encoding[1])
        return np.clip(mapped / full_scale, 0, 1)
    if _first(dataset, "WindowCenter") is None and _first(dataset, "WindowWidth") is None:
        return None
    center, width = _number(dataset, "WindowCenter"), _number(dataset, "WindowWidth")
    function = _code(dataset, "VOILUTFunction") or "LINEAR"
    if not (np.isfinite(center) and (1 if function == "LINEAR" else 0) < width < np.inf):
        raise ValueError("a window needs a centre and a width")
    if function == "LINEAR":
        return np.clip((values - (center - 0.5)) / (width - 1) + 0.5, 0, 1)
    if function == "LINEAR_EXACT":
        return np.clip((values - center) / width + 0.5, 0, 1)
    if function == "SIGMOID":
        return 1 / (1 + np.exp(np.clip(-4 * (values - center) / width, -50, 50)))
    raise ValueError("unknown VOI LUT function")


def _look_up(item: Dataset, values: np.ndarray, little_endian: bool) -> tuple[np.ndarray, float]:
    """Pass values through a modality or VOI LUT; returns the mapped values and the table's full scale."""
    entries, first, bits = (int(number) for number in item.LUTDescriptor)
    entries = entries or 2**16  # 0 stands for 65,536
    if first >= 2**15 and values[0] < 0:
        first -= 2**16  # a signed number read as an unsigned one
    data = item.LUTData
    if isinstance(data, bytes):
        entry_bytes = 2 if len(data) >= 2 * entries else 1
        data = np.frombuffer(data, dtype=f"{'<' if little_endian else '>'}u{entry_bytes}", count=entries)
    table = np.asarray(data, dtype=np.int64) & 0xFFFF
    if not 8 <= bits <= 16 or len(table) < entries or table.max() >= 2**bits:
        raise ValueError("lookup table shorter, or of more bits, than its descriptor says")
    index = np.clip(np.rint(values) - first, 0, entries - 1).astype(np.intp)
    return table[index].astype(np.float64), float(2**bits - 1)


def _first(dataset: Dataset, keyword: str) -> Any:
    """Return the first value of an element, None where it is absent or empty."""
    value = dataset.get(keyword)
    if isinstance(value, MultiValue):
        value = value[0] if value else None
    return None if value == "" else value


def _integer(dataset: Dataset, keyword: str, default: int | None = None) -> int:
    value = _first(dataset, keyword)
    if value is None and default is None:
        raise ValueError(f"{keyword} is missing")
    return int(default if value is None else value)


def _number(dataset: Dataset, keyword: str, default: float = float("nan")) -> float:
    value = _first(dataset, keyword)
    return default if value is None else float(value)


def _code(dataset: Dataset, keyword: str) -> str:
    value = _first(dataset, keyword)
    return "" if value is None else str(value).strip().upper()


@contextmanager
def _as_corrupt(message: str) -> Iterator[None]:
    """Turn what pydicom raises on damaged files, which may quote them, into one sentence without its cause."""
    try:
        yield
    except PYDICOM_ERRORS:
        raise CorruptImageError(message) from None
