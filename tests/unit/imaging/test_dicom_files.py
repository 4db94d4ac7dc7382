"""DICOM: transfer syntaxes, damaged files, and that nothing but `ImageError` comes out."""

import struct
import time
from functools import cache
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

import gdcm
import numpy as np
import pydicom
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom import Dataset
from pydicom.data import get_testdata_files
from pydicom.encaps import encapsulate
from pydicom.uid import (
    HTJ2K,
    HTJ2KLossless,
    HTJ2KLosslessRPCL,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    RLELossless,
)

from pneumonia.errors import CorruptImageError, ImageError
from pneumonia.imaging import dicom, dicom_description, quality
from pneumonia.imaging.decode import decode
from pneumonia.imaging.dicom_pixels import decode_frame, jpeg_shape, rle_unfolds_to
from scripts.studies.reliability import htj2k
from scripts.studies.reliability.outcomes import read_or_refuse
from scripts.studies.reliability.seeds import DICOM_SEEDS
from scripts.studies.reliability.synthetic_images import dicom_bytes, dicom_dataset, encode, radiograph, to_bytes
from tests.fixtures.decoding import refused, warned

GREY = radiograph()
EXACT = GREY.astype(np.float32) / 255
TWELVE = np.round(EXACT * 4095).astype(np.uint16)  # 12 bits in 16


def pixels(*args, **elements) -> np.ndarray:
    return decode(dicom_bytes(*args, **elements)).pixels


# === Transfer syntaxes ===


def recompressed(source: np.ndarray, syntax: "gdcm.TransferSyntax", folder: Path, **elements) -> bytes:
    (folder / "in.dcm").write_bytes(dicom_bytes(source, **elements))
    reader = gdcm.ImageReader()
    reader.SetFileName(str(folder / "in.dcm"))
    assert reader.Read()
    change = gdcm.ImageChangeTransferSyntax()
    change.SetTransferSyntax(gdcm.TransferSyntax(syntax))
    change.SetInput(reader.GetImage())
    assert change.Change()
    writer = gdcm.ImageWriter()
    writer.SetFileName(str(folder / "out.dcm"))
    writer.SetFile(reader.GetFile())
    writer.SetImage(change.GetOutput())
    assert writer.Write()
    return (folder / "out.dcm").read_bytes()


LOSSLESS = {
    "JPEG Lossless": "JPEGLosslessProcess14_1",
    "JPEG-LS Lossless": "JPEGLSLossless",
    "JPEG 2000": "JPEG2000Lossless",
    "RLE": "RLELossless",
    "Big Endian": "ExplicitVRBigEndian",
    "Implicit": "ImplicitVRLittleEndian",
}


@pytest.mark.parametrize("name", LOSSLESS)
@pytest.mark.parametrize("depth", ["8", "12", "16", "signed 16"])
def test_every_lossless_syntax_gives_the_same_pixels_and_score(name, depth, tmp_path, tiny_predictor):
    wide = GREY.astype(np.uint16) * 257
    signed = (wide.astype(np.int32) - 32768).astype(np.int16)
    source = {"8": GREY, "12": TWELVE, "16": wide, "signed 16": signed}[depth]
    elements = {"BitsStored": 12} if depth == "12" else {}
    data = recompressed(source, getattr(gdcm.TransferSyntax, LOSSLESS[name]), tmp_path, **elements)
    result = decode(data)
    assert name in result.facts["transfer_syntax"]
    plain = dicom_bytes(source, **elements)
    np.testing.assert_array_equal(result.pixels, decode(plain).pixels)
    assert tiny_predictor.predict(data).logit == tiny_predictor.predict(plain).logit


@pytest.mark.parametrize("syntax", [HTJ2KLossless, HTJ2KLosslessRPCL, HTJ2K])
@pytest.mark.parametrize("depth", htj2k.PIXELS)
def test_high_throughput_jpeg_2000_gives_the_same_pixels(depth, syntax):
    source, frame = htj2k.PIXELS[depth], htj2k.CODESTREAMS[depth]
    elements = {"BitsStored": 12} if depth == "12" else {}
    packed = {"PhotometricInterpretation": "YBR_RCT"} if depth == "colour" else elements
    result = decode(dicom_bytes(source, syntax, PixelData=encapsulate([frame]), **packed))
    assert "High-Throughput" in result.facts["transfer_syntax"]
    np.testing.assert_array_equal(result.pixels, pixels(source, **elements))
    refused(dicom_bytes(source, syntax, PixelData=encapsulate([frame[:-20]]), **packed), CorruptImageError)


@pytest.mark.parametrize("name", ["JPEGLosslessProcess14_1", "JPEGLSLossless"])
def test_colour_in_lossless_jpeg(name, tmp_path):
    rgb = np.dstack([GREY] * 3)
    data = recompressed(rgb, getattr(gdcm.TransferSyntax, name), tmp_path)
    np.testing.assert_array_equal(decode(data).pixels, pixels(rgb))


@pytest.mark.promise("A damaged frame that ends its decoder does not end the program.", part="Whatever is uploaded")
@pytest.mark.parametrize("offset, value", [(6, 255), (16, 0)])  # GDCM 3.2.6 dies of SIGSEGV and of SIGABRT
def test_a_frame_that_ends_gdcm_does_not_end_this_process(offset, value, tmp_path):
    data = bytearray(recompressed(GREY, gdcm.TransferSyntax.JPEGLosslessProcess14_1, tmp_path))
    data[data.index(b"\xff\xd8\xff\xc3") + offset] = value
    refused(bytes(data), CorruptImageError)


@pytest.mark.parametrize("syntax", [RLELossless, JPEG2000Lossless])
def test_syntaxes_written_by_pydicom(syntax):
    dataset = dicom_dataset(TWELVE, BitsStored=12)
    dataset.compress(syntax)
    np.testing.assert_array_equal(decode(to_bytes(dataset)).pixels, pixels(TWELVE, BitsStored=12))


@pytest.mark.parametrize("photometric, samples", [("YBR_FULL", 3), ("YBR_FULL_422", 2)])
def test_colours_become_those_of_pydicom(photometric, samples):
    """It converts all rows at once."""
    stored = np.random.default_rng(0).integers(0, 256, (600, 130 * samples), np.uint8).tobytes()
    shape = np.empty((600, 130, 3), np.uint8)
    data = dicom_bytes(shape, PhotometricInterpretation=photometric, PixelData=stored)
    image = dicom.read_header(data)
    values, converted = decode_frame(image.dataset, image.syntax)
    assert converted == "RGB"
    np.testing.assert_array_equal(values, pydicom.dcmread(BytesIO(data)).pixel_array)


# === Damaged and contradicting files ===


def test_codestream_of_another_size_is_refused():
    other = encode(radiograph(300, 400), "JPEG")
    refused(dicom_bytes(GREY, JPEGBaseline8Bit, PixelData=encapsulate([other])), CorruptImageError)
    dataset = dicom_dataset(TWELVE, BitsStored=12)
    dataset.compress(JPEG2000Lossless)
    frame = bytearray(dataset.PixelData)
    at = frame.index(b"\xff\x4f\xff\x51") + 8
    frame[at : at + 8] = struct.pack(">II", 60000, 60000)
    dataset.PixelData = bytes(frame)
    refused(to_bytes(dataset), CorruptImageError)


@pytest.mark.parametrize("name", [name for name in LOSSLESS if name not in ("Big Endian", "Implicit")])
def test_truncated_codestreams_are_refused(name, tmp_path):
    data = recompressed(GREY, getattr(gdcm.TransferSyntax, LOSSLESS[name]), tmp_path)
    dataset = pydicom.dcmread(tmp_path / "out.dcm")
    frame = pydicom.encaps.get_frame(dataset.PixelData, 0, number_of_frames=1)
    decode(data)
    for share in (0.3, 0.6, 0.95):
        dataset.PixelData = encapsulate([frame[: int(len(frame) * share)]])
        refused(to_bytes(dataset), CorruptImageError)


@pytest.mark.parametrize(
    ("keyword", "name"),
    [("VOILUTSequence", "window"), ("ViewCodeSequence", "view"), ("AnatomicRegionSequence", "body-part")],
)
def test_a_sequence_in_many_pieces_is_left_out_in_no_time(keyword, name):
    data = dicom_bytes(TWELVE, BitsStored=12, **{keyword: [Dataset()] * 50_000})
    started = time.process_time()
    assert warned(data) == {name}
    assert time.process_time() - started < 2


# === Nothing but ImageError comes out ===

MANY = settings(max_examples=5 * settings().max_examples)


@pytest.mark.filterwarnings("ignore")
def test_pydicom_test_files(monkeypatch):
    """As they are, and as if they were chests of any size: pixels that are read are those that pydicom reads."""
    # Files that pydicom would download are not in its package.
    inside = Path(pydicom.__file__).resolve().parent
    paths = [path for path in get_testdata_files() if Path(path).is_relative_to(inside)]
    assert len(paths) > 100 and answered(paths) == []
    monkeypatch.setattr(quality, "MIN_SIDE", 1)
    for words in ("NOT_RADIOGRAPHY", "NOT_CHEST"):
        monkeypatch.setattr(dicom_description, words, "")
    read = answered(paths)
    assert len(read) > 20
    for path in read:
        image = dicom.read_header(Path(path).read_bytes())
        np.testing.assert_array_equal(decode_frame(image.dataset, image.syntax)[0], pydicom.dcmread(path).pixel_array)


def answered(paths: list[str]) -> list[str]:
    """Decode files, each in time, and name those that were read without a picture in colour among them."""
    read = []
    for path in paths:
        started = time.process_time()
        try:
            if not {check.name for check in decode(path).checks} & {"colour", "secondary-capture"}:
                read.append(path)
        except ImageError as error:
            assert str(error).endswith(".")
        assert time.process_time() - started < 5
    return read


@pytest.mark.filterwarnings("ignore")
@MANY
@given(st.integers(0, len(DICOM_SEEDS) - 1), st.data())
def test_damaged_files(seed, draw):
    data = bytearray(DICOM_SEEDS[seed])
    for _ in range(draw.draw(st.integers(1, 6))):
        limit = draw.draw(st.sampled_from([1200, len(data)]))
        data[draw.draw(st.integers(132, limit - 1))] = draw.draw(st.integers(0, 255))
    read_or_refuse(bytes(data[: draw.draw(st.integers(len(data) // 2, len(data)))]))


@cache
def lossless_jpeg(name: str) -> bytes:
    with TemporaryDirectory() as folder:
        return recompressed(radiograph(128, 128), getattr(gdcm.TransferSyntax, name), Path(folder))


@settings(max_examples=settings().max_examples // 4)  # each starts a process
@given(
    name=st.sampled_from(["JPEGLosslessProcess14_1", "JPEGLSLossless"]),
    changes=st.lists(st.tuples(st.integers(2, 60), st.integers(0, 255)), min_size=1, max_size=3),
)
def test_damaged_frames_of_the_decoder_in_a_process_of_its_own(name, changes):
    data = bytearray(lossless_jpeg(name))
    start = data.rindex(b"\xff\xd8\xff")
    for offset, value in changes:
        data[start + offset] = value
    read_or_refuse(bytes(data))


# === Codestream headers by hand ===


def test_codestream_headers_by_hand():
    frame_header = struct.pack(">HBHHB", 17, 8, 300, 400, 3)
    assert jpeg_shape(b"\xff\xd8\xff\xe0\0\x04ab\xff\xff\xc0" + frame_header + bytes(9)) == (300, 400, 3)
    assert jpeg_shape(b"\xff\xd8\xff\xf7" + frame_header + bytes(9)) == (300, 400, 3)
    assert jpeg_shape(b"no jpeg at all") is None
    header = struct.pack("<16I", 2, 64, 70, *[0] * 13)
    segments = b"\x03abcd\x80" + b"\xfdx"  # four bytes as they are and nothing; one byte four times
    assert rle_unfolds_to(header + segments, 8)
    assert not rle_unfolds_to(header + segments, 9)
    assert not rle_unfolds_to(header + segments * 2000, 8)
