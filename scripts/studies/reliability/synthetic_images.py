"""Images made by code: a radiograph-like picture and the files that hold it."""

import struct
import zlib
from io import BytesIO
from typing import Any

import cv2
import numpy as np
from PIL import Image, ImageDraw
from pydicom import Dataset
from pydicom.config import disable_value_validation
from pydicom.dataset import FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian, generate_uid

from scripts import ROOT

EXAMPLE = ROOT / "demo" / "examples" / "synthetic-pneumonia-1.png"
PATIENT = "DOE^JANE"
PATIENT_ID = "MRN-4711"


def radiograph(height: int = 200, width: int = 240, seed: int = 0) -> np.ndarray:
    """Draw a chest: dark air, grey body, dark lungs, bright mediastinum and ribs; uint8 (height, width)."""
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    image = np.where(np.abs(x) < 0.85 - 0.2 * (y < -0.7), 0.55, 0.05)
    for side in (-0.42, 0.42):
        lung = ((x - side) / 0.3) ** 2 + (y / 0.7) ** 2 < 1
        image[lung] = 0.22 + 0.06 * (np.sin(y[lung] * 25) > 0.3)
    image[np.abs(x) < 0.12 + 0.06 * y] = 0.8  # wider below, where the heart lies
    image += np.random.default_rng(seed).normal(0, 0.01, image.shape)
    return (np.clip(image, 0, 1) * 255).astype(np.uint8)


def synthetic_chest(side: int = 256) -> np.ndarray:
    """One of the page's examples, which the check for chest radiographs lets pass: uint8 (side, side)."""
    with Image.open(EXAMPLE) as image:
        return np.asarray(image.convert("L").resize((side, side), Image.Resampling.BOX))


def encode(pixels: np.ndarray | Image.Image, kind: str, **options: Any) -> bytes:
    """Write a picture file with Pillow."""
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    stream = BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def deep(pixels: np.ndarray, kind: str = ".png") -> bytes:
    """Write a picture file of 16 bits; colours are given as BGR."""
    return cv2.imencode(kind, pixels)[1].tobytes()


def png_chunk(name: bytes, body: bytes) -> bytes:
    """One chunk of a PNG."""
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def huge_png(width: int, height: int) -> bytes:
    """Write a PNG whose header promises more than follows."""
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress(bytes((width + 1) * 1000), 9)
    return b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header) + png_chunk(b"IDAT", rows) + png_chunk(b"IEND", b"")


def exif(tag: int, value: object) -> Image.Exif:
    """EXIF data of one tag."""
    tags = Image.Exif()
    tags[tag] = value
    return tags


def camera() -> Image.Exif:
    """EXIF data of an exposure."""
    tags = Image.Exif()
    tags.get_ifd(0x8769)[0x829D] = 2.8  # FNumber
    return tags


def photograph() -> np.ndarray:
    """Draw what is coloured all over; uint8 (200, 240, 3)."""
    y, x = np.mgrid[0:1:200j, 0:1:240j]
    return (np.dstack([0.5 + 0.4 * np.sin(9 * x), 0.3 + 0.5 * y, 0.6 - 0.4 * x * y]) * 255).astype(np.uint8)


def cartoon() -> Image.Image:
    """Draw a face."""
    image = Image.new("RGB", (320, 240), (120, 200, 250))
    draw = ImageDraw.Draw(image)
    draw.ellipse((90, 40, 230, 200), (250, 220, 60), "black", 5)
    draw.arc((120, 90, 200, 170), 20, 160, "black", 5)
    return image


def screenshot() -> Image.Image:
    """Draw a desktop with a window of text."""
    image = Image.new("RGB", (640, 480), (40, 90, 170))
    draw = ImageDraw.Draw(image)
    draw.rectangle((60, 60, 500, 400), "white")
    for line in range(80, 380, 18):
        draw.text((80, line), "Patient list, ward 3, sorted by name", "black")
    return image


def dicom_dataset(pixels: np.ndarray, syntax: UID = ExplicitVRLittleEndian, **elements: Any) -> Dataset:
    """Make a DX image of integers (H, W) or (H, W, 3); an element given as None is left out."""
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = syntax
    dataset.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.1.1"
    dataset.file_meta.MediaStorageSOPInstanceUID = generate_uid(entropy_srcs=["synthetic"])  # the same file each time
    bits = 8 * pixels.dtype.itemsize
    defaults: dict[str, Any] = {
        "SOPClassUID": dataset.file_meta.MediaStorageSOPClassUID,
        "SOPInstanceUID": dataset.file_meta.MediaStorageSOPInstanceUID,
        "PatientName": PATIENT,
        "PatientID": PATIENT_ID,
        "PatientBirthDate": "20200102",
        "InstitutionName": "General Hospital",
        "Modality": "DX",
        "Rows": pixels.shape[0],
        "Columns": pixels.shape[1],
        "SamplesPerPixel": 1 if pixels.ndim == 2 else 3,
        "PhotometricInterpretation": "MONOCHROME2" if pixels.ndim == 2 else "RGB",
        "BitsAllocated": bits,
        "BitsStored": bits,
        "HighBit": (elements.get("BitsStored") or bits) - 1,
        "PixelRepresentation": int(pixels.dtype.kind == "i"),
    }
    if pixels.ndim == 3:
        defaults["PlanarConfiguration"] = 0
    # Values that the standard forbids are written as they are met with, and without a word.
    with disable_value_validation():
        for keyword, value in (defaults | elements).items():
            if value is not None:
                setattr(dataset, keyword, value)
    if "PixelData" not in elements:
        dataset.PixelData = pixels.tobytes() + b"\0" * (pixels.nbytes % 2)
        dataset["PixelData"].VR = "OB" if bits == 8 else "OW"
    return dataset


def dicom_bytes(pixels: np.ndarray, syntax: UID = ExplicitVRLittleEndian, **elements: Any) -> bytes:
    """Write `dicom_dataset` as a DICOM file."""
    return to_bytes(dicom_dataset(pixels, syntax, **elements))


def to_bytes(dataset: Dataset) -> bytes:
    """Write a data set as a DICOM file with its preamble."""
    stream = BytesIO()
    dataset.save_as(stream, enforce_file_format=True)
    return stream.getvalue()


def lookup_table(values: np.ndarray, first: int, bits: int, vr: str = "US") -> Dataset:
    """An item of a modality or VOI LUT sequence that begins at the stored value `first`."""
    item = Dataset()
    item.LUTDescriptor = [len(values) % 65536, first, bits]
    data = [int(value) for value in values] if vr == "US" else np.asarray(values, "<u2").tobytes()
    item.add_new("LUTData", vr, data)
    return item


def coded(value: str, scheme: str = "SCT", meaning: str = "", **elements: Any) -> Dataset:
    """An item of a code sequence; what it means is left to its code unless it is given."""
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, meaning
    for keyword, content in elements.items():
        setattr(item, keyword, content)
    return item
