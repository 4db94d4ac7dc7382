"""Every file that pydicom ships: tomograms, reports, indices, charsets, palettes. None is a chest radiograph."""

from pathlib import Path

import pydicom
from pydicom.errors import InvalidDicomError

from pneumonia.imaging.dicom_values import quiet_pydicom
from scripts.studies.reliability.abuse.cases import Case, rejects

FOLDER = Path(pydicom.__file__).parent / "data"
OTHER_MODALITIES = ("CT", "MR", "NM", "RTDOSE", "SEG", "US")
# What the header says of these is not what keeps them from being read.
ODD = {
    "image_dfl.dcm": "Deflated",
    "MR_truncated.dcm": "too early",
    "badVR.dcm": "damaged",
    "nested_priv_SQ.dcm": "lacks Rows",
    "meta_missing_tsyntax.dcm": "how its pixels are stored",
    "SC_rgb_rle_32bit.dcm": "32 bits",
    "GDCMJ2K_TextGBR.dcm": "frontal chest radiograph",
}


def _reason(path: Path) -> str:
    """The reason to refuse it, by what pydicom reads in its header."""
    quiet_pydicom()
    try:
        header = pydicom.dcmread(path, stop_before_pixels=False)
    except (InvalidDicomError, EOFError, NotImplementedError):
        return "not read"
    if path.name in ODD:
        return ODD[path.name]
    if "PixelData" not in header:
        return "no pixel data"
    if header.get("NumberOfFrames", 1) > 1:
        return f"{header.NumberOfFrames} frames"
    if header.get("Modality") in OTHER_MODALITIES:
        return f"modality {header.Modality}"
    if header.get("BodyPartExamined"):
        return "another body part"
    return "at least 128" if min(header.Rows, header.Columns) < 128 else "blank"


def _cases() -> list[Case]:
    paths = sorted(path for path in FOLDER.rglob("*") if path.is_file() and path.suffix not in (".py", ".pyc"))
    return [
        rejects(f"pydicom's {path.relative_to(FOLDER)}", path.read_bytes, _reason(path), name=path.name)
        for path in paths
    ]


CASES = _cases()
