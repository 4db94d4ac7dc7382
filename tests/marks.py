"""Files in which whatever may name somebody is a mark that nothing else holds, so that it can be searched for."""

import functools
import re
import warnings
import zipfile
from collections.abc import Container, Iterable
from pathlib import Path

import numpy as np
from PIL import ExifTags, Image, TiffImagePlugin, TiffTags
from PIL.PngImagePlugin import PngInfo
from pydicom import Dataset, uid
from pydicom.datadict import DicomDictionary, RepeatersDictionary
from pydicom.encaps import encapsulate

from pneumonia.discretion import quiet_pydicom
from tests.making import deep, dicom_dataset, encode, lookup_table, photograph, radiograph, to_bytes

# Begins every mark inside a file; what follows it says where it stood. Capitals, as codes have.
INSIDE = "QZX7W"
# Begins the name of every file, folder and archive.
NAMED = "NKV3J"
_UID, _DATE, _TIME, _WHOLE, _DECIMAL = "2718284590", "18870713", "134659.271828", "1618033988", "16180339.887"
# A date may be written in another way than DICOM does.
_DATES = (_DATE, "1887-07-13", "1887/07/13", "1887:07:13", "13.07.1887", "07/13/1887")
PATTERN_INSIDE = "|".join([f"{INSIDE}[0-9A-Z]*", *map(re.escape, (_UID, *_DATES, _TIME, _WHOLE, _DECIMAL))])

# By value representation; the others hold numbers, ages, or bytes.
_FORMS = {
    **dict.fromkeys(("AE", "CS", "SH", "LO", "ST", "LT", "UT", "UC"), INSIDE + "{tag:08X}"),
    "PN": INSIDE + "{tag:08X}^JANE",
    "UR": f"http://{INSIDE}" + "{tag:08X}.invalid/",
    "UI": f"1.2.826.{_UID}" + ".{tag}",
    "DA": _DATE,
    "TM": _TIME,
    "DT": _DATE + _TIME,
    "IS": _WHOLE,
    "DS": _DECIMAL,
    "AS": "093Y",
}
PATIENT_AND_STUDY = (0x0008, 0x0010)
# Without these as they are, nothing is read.
_NEEDED = (
    *("PhotometricInterpretation", "NumberOfFrames", "RescaleSlope", "RescaleIntercept"),
    *("WindowCenter", "WindowWidth"),
)
# Commands, the file's own header, and the list of a folder do not belong into an image.
_OTHER_GROUPS = (0x0000, 0x0002, 0x0004)


def _known_tags() -> dict[int, tuple[str, str]]:
    """Value representation and keyword of every element that pydicom knows, of repeated ones the first."""
    repeated = {int(mask.replace("x", "0"), 16): entry for mask, entry in RepeatersDictionary.items()}
    return {tag: (entry[0], entry[4]) for tag, entry in {**DicomDictionary, **repeated}.items()}


def marked_elements(groups: Container[int] = range(0x10000)) -> dict[int, tuple[str, str]]:
    """Value representation and mark of every element of an image that holds text, in the given groups."""
    return {
        tag: (vr, _FORMS[vr].format(tag=tag))
        for tag, (vr, keyword) in _known_tags().items()
        if vr in _FORMS and keyword not in _NEEDED and tag >> 16 in groups and tag >> 16 not in _OTHER_GROUPS
    }


def marked_dataset(
    pixels: np.ndarray,
    syntax: uid.UID = uid.ExplicitVRLittleEndian,
    groups: Container[int] = range(0x10000),
    **elements: object,
) -> Dataset:
    """A radiograph with a mark in each element that holds text, in an item of each sequence, and in private elements.

    Args:
        pixels: as for `dicom_dataset`.
        syntax: of its pixels.
        groups: of the elements; what pydicom knows of them takes seconds.
        elements: as for `dicom_dataset`; they take the place of marks.
    """
    # pydicom complains of a character set that is a mark.
    quiet_pydicom()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dataset = dicom_dataset(pixels, syntax)
        for tag, (vr, mark) in marked_elements(groups).items():
            dataset.add_new(tag, vr, mark)
        for tag, (vr, keyword) in _known_tags().items():
            if vr == "SQ" and tag >> 16 in groups and keyword != "ModalityLUTSequence":
                item = Dataset()
                item.PatientName = f"{INSIDE}{tag:08X}"
                dataset.add_new(tag, vr, [item])
        table = lookup_table(np.linspace(0, 255, 256), 0, 8)
        dataset.VOILUTSequence = [_deep_item(0x00283010, table)]
        private = dataset.private_block(0x0011, f"{INSIDE} CREATOR", create=True)
        private.add_new(1, "LO", f"{INSIDE}PRIVATE")
        private.add_new(2, "OB", f"{INSIDE}BYTES".encode())
        private.add_new(3, "SQ", [_deep_item(0x00110003, Dataset())])
        dataset.EncapsulatedDocument = f"{INSIDE}DOCUMENT".encode() + b"\0"
        dataset.DataSetTrailingPadding = f"{INSIDE}PADDING".encode()
        meta = dataset.file_meta
        meta.ImplementationVersionName = meta.SourceApplicationEntityTitle = f"{INSIDE}META"
        meta.PrivateInformationCreatorUID = f"1.2.826.{_UID}"
        meta.PrivateInformation = f"{INSIDE}INFORMATION".encode()
        for keyword, value in elements.items():
            if value is None:
                del dataset[keyword]
            else:
                setattr(dataset, keyword, value)
    return dataset


def _deep_item(tag: int, item: Dataset) -> Dataset:
    """An item with a name, in which there is one with a name, in which there is one."""
    item.SpecificCharacterSet = f"{INSIDE}CHARSET"
    item.PatientName = f"{INSIDE}{tag:08X}"
    inner, innermost = Dataset(), Dataset()
    innermost.PatientID = f"{INSIDE}DEEP{tag:08X}"
    inner.PatientName, inner.ReferencedStudySequence = f"{INSIDE}INNER{tag:08X}", [innermost]
    item.ReferencedPatientSequence = [inner]
    return item


def marked_dicom(
    pixels: np.ndarray,
    syntax: uid.UID = uid.ExplicitVRLittleEndian,
    groups: Container[int] = PATIENT_AND_STUDY,
    **elements: object,
) -> bytes:
    """The file of a `marked_dataset`; its preamble is marked, too."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        data = to_bytes(marked_dataset(pixels, syntax, groups, **elements))
    return f"{INSIDE}PREAMBLE".encode().ljust(128, b" ") + data[128:]


def _exif() -> bytes:
    base, exif = ExifTags.Base, Image.Exif()
    for tag in (base.ImageDescription, base.Make, base.Model, base.Software, base.Artist, base.Copyright):
        exif[tag] = f"{INSIDE}{tag:04X}"
    exif[base.HostComputer], exif[base.DateTime] = f"{INSIDE}HOST", "1887:07:13 13:46:59"
    exif[base.XPAuthor] = f"{INSIDE}AUTHOR".encode("utf-16-le")
    details = exif.get_ifd(ExifTags.IFD.Exif)
    for tag in (base.CameraOwnerName, base.BodySerialNumber, base.LensModel, base.ImageUniqueID):
        details[tag] = f"{INSIDE}{tag:04X}"
    details[base.UserComment] = details[base.MakerNote] = f"{INSIDE}COMMENT".encode()
    places = exif.get_ifd(ExifTags.IFD.GPSInfo)
    places[ExifTags.GPS.GPSDateStamp] = "1887:07:13"
    places[ExifTags.GPS.GPSAreaInformation] = f"{INSIDE}PLACE".encode()
    return exif.tobytes()


_XMP = f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><dc:creator>{INSIDE}XMP</dc:creator></x:xmpmeta>'.encode()
_IPTC = b"\x1c\x02\x50\0\x0c" + f"{INSIDE}BY_LINE".encode()
# Names of the document, the maker and the like; the last is private.
_TIFF_TEXTS = (269, 270, 271, 272, 285, 305, 315, 316, 337, 33432, 65000)
_PROFILE = f"{INSIDE}PROFILE".encode().ljust(160, b"\0")


def marked_picture(pixels: np.ndarray, kind: str) -> bytes:
    """A file of Pillow's format `kind` with marks in its EXIF, XMP, IPTC, comments and texts, where it has these."""
    if kind == "PNG":
        texts = PngInfo()
        texts.add_text("Author", f"{INSIDE}TEXT")
        texts.add_text(f"{INSIDE}KEY", f"{INSIDE}PACKED" * 20, zip=True)
        texts.add_itxt("Description", f"{INSIDE}UNICODE", f"{INSIDE}LANGUAGE")
        texts.add_itxt("XML:com.adobe.xmp", _XMP.decode(), zip=True)
        return encode(pixels, kind, pnginfo=texts, exif=_exif(), icc_profile=_PROFILE)
    if kind == "JPEG":
        photoshop = b"Photoshop 3.0\x008BIM\x04\x04\0\0" + len(_IPTC).to_bytes(4, "big") + _IPTC
        app13 = b"\xff\xed" + (len(photoshop) + 2).to_bytes(2, "big") + photoshop
        comment = f"{INSIDE}COMMENT".encode()
        return encode(pixels, kind, exif=_exif(), xmp=_XMP, comment=comment, extra=app13, icc_profile=_PROFILE)
    if kind == "TIFF":
        tags = TiffImagePlugin.ImageFileDirectory_v2()
        for tag in _TIFF_TEXTS:
            tags[tag] = f"{INSIDE}{tag:04X}"
        tags[306] = "1887:07:13 13:46:59"
        tags[700], tags[33723] = _XMP, _IPTC
        for tag in (700, 33723):
            tags.tagtype[tag] = TiffTags.UNDEFINED
        return encode(pixels, kind, tiffinfo=tags, icc_profile=_PROFILE)
    if kind == "GIF":
        return encode(pixels, kind, comment=f"{INSIDE}COMMENT".encode())
    if kind == "WEBP":
        return encode(pixels, kind, lossless=True, exif=_exif(), xmp=_XMP, icc_profile=_PROFILE)
    return encode(pixels, kind) + f"{INSIDE}TAIL".encode()


@functools.cache
def readable() -> dict[str, bytes]:
    """Marked files that are read, by name."""
    pixels = radiograph()
    jpeg = encode(pixels, "JPEG", quality=95, comment=f"{INSIDE}COMMENT".encode())
    pictures = {f"{NAMED}{kind}": marked_picture(pixels, kind) for kind in ("PNG", "JPEG", "TIFF", "WEBP", "BMP")}
    # OpenCV reads what is deep and in colour.
    deep_png = deep(np.repeat(pixels[..., None].astype(np.uint16) << 8, 3, axis=2))
    text = marked_picture(pixels, "PNG")
    chunk = text[33 : text.index(b"IDAT") - 4]
    return {
        f"{NAMED}DICOM": marked_dicom(pixels, groups=range(0x10000)),
        f"{NAMED}PACKED.dcm": marked_dicom(pixels, uid.JPEGBaseline8Bit, PixelData=encapsulate([jpeg])),
        f"{NAMED}DEEP": deep_png[:33] + chunk + deep_png[33:],
        **pictures,
    }


@functools.cache
def refused() -> dict[str, bytes]:
    """Marked files that are not read, by name; each is refused for another reason."""
    pixels = radiograph()
    good = marked_dicom(pixels)
    jpeg = encode(pixels, "JPEG", comment=f"{INSIDE}COMMENT".encode())
    dicom = {
        "CUT": _cut(good),
        "PIXELS CUT": marked_dicom(pixels, PixelData=f"{INSIDE}PIXELS".encode() * 100),
        "NO PIXELS": marked_dicom(pixels, PixelData=None),
        "FRAMES": marked_dicom(pixels, NumberOfFrames="2"),
        "NO NUMBER": _replaced(good, "Rows", f"{INSIDE}!".encode()),
        "CT": marked_dicom(pixels, Modality="CT"),
        "KNEE": marked_dicom(pixels, BodyPartExamined="KNEE"),
        "LATERAL": marked_dicom(pixels, ViewPosition=f"LATERAL {INSIDE}"),
        "COLOURS": marked_dicom(pixels, PhotometricInterpretation=f"YBR {INSIDE}"),
        "UNKNOWN COLOURS": marked_dicom(pixels, PhotometricInterpretation=INSIDE),
        "BITS": marked_dicom(pixels, BitsStored=7),
        "DEFLATED": _with_syntax(good, uid.DeflatedExplicitVRLittleEndian),
        "SYNTAX": _with_syntax(good, f"1.2.826.{_UID}.1"),
        "BROKEN JPEG": marked_dicom(pixels, uid.JPEGBaseline8Bit, PixelData=encapsulate([_broken(jpeg)])),
        "BROKEN LOSSLESS": marked_dicom(pixels, uid.JPEGLosslessSV1, PixelData=encapsulate([_broken(jpeg)])),
        "BROKEN 2000": marked_dicom(pixels, uid.JPEG2000, PixelData=encapsulate([_broken(jpeg)])),
        "NO PREAMBLE": good[132:],
    }
    pictures = {f"{kind} CUT": _cut(marked_picture(pixels, kind)) for kind in ("PNG", "JPEG", "TIFF", "WEBP")}
    others = {
        "COLOUR": marked_picture(photograph(), "PNG"),
        "BLANK": marked_picture(np.zeros_like(pixels), "TIFF"),
        "SMALL": marked_picture(pixels[:90], "JPEG"),
        "LETTER": f"Dear {INSIDE}".encode(),
        "PDF": f"%PDF-1.7 /Author ({INSIDE})".encode(),
        "DRAWING": f"<svg><text>{INSIDE}</text></svg>".encode(),
    }
    return {f"{NAMED}{name}": data for name, data in {**dicom, **pictures, **others}.items()}


def _replaced(data: bytes, keyword: str, value: bytes) -> bytes:
    """A file in which an element of numbers holds letters, and says that it is text."""
    tag = next(tag for tag, entry in DicomDictionary.items() if entry[4] == keyword)
    start = (tag >> 16).to_bytes(2, "little") + (tag & 0xFFFF).to_bytes(2, "little") + b"US"
    at = data.rindex(start)
    text = start[:4] + b"IS" + len(value).to_bytes(2, "little") + value
    return data[:at] + text + data[at + 10 :]


def _with_syntax(data: bytes, syntax: str) -> bytes:
    """A file that names another transfer syntax of at most as many characters."""
    old = f"{uid.ExplicitVRLittleEndian}".encode() + b"\0"
    length = len(old).to_bytes(2, "little")
    new = syntax.encode() + b"\0" * (len(syntax) % 2)
    return data.replace(b"UI" + length + old, b"UI" + len(new).to_bytes(2, "little") + new, 1)


def _cut(data: bytes) -> bytes:
    return data[: 2 * len(data) // 3]


def _broken(jpeg: bytes) -> bytes:
    """A JPEG whose headers and end are there, and whose tables are not."""
    return jpeg.replace(b"\xff\xc4", b"\xff\xfe").replace(b"\xff\xdb", b"\xff\xfe")


def marked_archive(path: Path, files: Iterable[tuple[str, bytes]]) -> Path:
    """Write a ZIP archive with marks in its comment, in those of its files, and in their further fields."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.comment = f"{INSIDE}ARCHIVE".encode()
        for name, data in files:
            info = zipfile.ZipInfo(name)
            info.comment = f"{INSIDE}MEMBER".encode()
            field = f"{INSIDE}FIELD".encode()
            info.extra = b"\x75\x70" + len(field).to_bytes(2, "little") + field
            archive.writestr(info, data)
    return path


def write_files(folder: Path, files: dict[str, bytes]) -> list[Path]:
    """Write files into a folder; paths in their order."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return [folder / name for name in files]
