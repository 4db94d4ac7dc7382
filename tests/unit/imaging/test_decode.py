"""What the decoder reads and what it says of it."""

import gzip
import hashlib
import json
import os
import random
import struct
import time
import zipfile
from io import BytesIO, StringIO
from pathlib import Path
from threading import Thread

import numpy as np
import pytest
from PIL import Image
from pydicom import Dataset, dcmread, uid

from pneumonia.core.correction import INVERTED, Correction
from pneumonia.data.manifest import read_classes
from pneumonia.data.splits import split_external
from pneumonia.errors import CorruptImageError, ImageError, ImageSizeError, UnsupportedImageError
from pneumonia.explain.overlay import to_jpeg
from pneumonia.imaging.decode import decode
from pneumonia.imaging.quality import MAX_ASPECT
from scripts.studies.reliability.abuse.image_inputs import worded
from scripts.studies.reliability.abuse.tiffs import tiff
from scripts.studies.reliability.synthetic_images import deep, dicom_bytes, encode, exif, png_chunk, radiograph
from tests.fixtures.decoding import refused, warned

GREY = radiograph()
EXACT = GREY.astype(np.float32) / 255
STEP = 1 / 255


# === What is read: the form of it, as `test_inputs.py` says what ===


def test_a_radiograph_is_float_contiguous_and_knows_its_file():
    data = encode(GREY, "PNG")
    result = decode(data)
    assert result.pixels.dtype == np.float32 and result.pixels.flags.c_contiguous
    assert result.facts == {"format": "PNG", "width": 240, "height": 200, "bits": 8}
    assert result.sha256 == hashlib.sha256(data).hexdigest() and result.checks == ()
    assert decode(deep(GREY.astype(np.uint16) * 16)).facts["bits"] == 12


def test_same_pixels_in_every_file_agree():
    wide = GREY.astype(np.uint16) * 257
    sources = [
        encode(GREY, "PNG"),
        deep(wide),
        deep(wide, ".tiff"),
        dicom_bytes(GREY),
        dicom_bytes(wide),
        Image.fromarray(GREY),
        GREY,
        wide,
    ]
    for source in sources:
        np.testing.assert_allclose(decode(source).pixels, EXACT, atol=STEP)


# === Arrays and PIL images ===


def test_arrays_are_hashed_by_type_shape_and_pixels():
    hashes = [decode(array).sha256 for array in (GREY, GREY.astype(np.uint16), GREY.T, GREY ^ 1)]
    assert len(set(hashes)) == 4
    assert decode(Image.fromarray(GREY)).sha256 == hashes[0] == decode(GREY.copy()).sha256
    wide = GREY.astype(np.uint16) * 257
    assert decode(wide.astype(">u2")).sha256 == decode(wide).sha256 == decode(Image.fromarray(wide)).sha256
    assert decode(GREY).facts["format"] == "array"


def test_array_views_are_read():
    np.testing.assert_array_equal(decode(GREY[::-1, ::-1]).pixels, EXACT[::-1, ::-1])
    np.testing.assert_array_equal(decode(np.dstack([GREY] * 3)[..., ::-1]).pixels, EXACT)


@pytest.mark.parametrize("dtype", [bool, np.int16, np.int32, np.uint32, np.float32, np.float64, object])
def test_other_array_types_are_refused(dtype):
    assert "uint8 or uint16" in refused(GREY.astype(dtype))


@pytest.mark.parametrize("shape", [(200,), (200, 240, 1), (200, 240, 4), (1, 200, 240, 3)])
def test_other_array_shapes_are_refused(shape):
    assert "shape" in refused(np.zeros(shape, np.uint8))


def test_small_and_huge_arrays_are_refused():
    assert "127" in refused(np.zeros((127, 500), np.uint8), ImageSizeError)
    assert "megapixels" in refused(np.broadcast_to(np.uint8(0), (6000, 5000)), ImageSizeError)
    assert "0 x 0" in refused(np.zeros((0, 0), np.uint8), ImageSizeError)
    assert "proportions" in refused(np.zeros((130, 530), np.uint8), UnsupportedImageError)


@pytest.mark.promise("A picture whose EXIF data are damaged is read without them.", part="Whatever is uploaded")
@pytest.mark.parametrize(
    "damaged",
    [b"garbage here", b"Exif\0\0garbage here", exif(0x0112, 6).tobytes()[:-9]],
    ids=["words", "words behind the mark", "cut"],
)
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.filterwarnings("ignore")  # Pillow warns of damaged metadata
def test_a_picture_with_damaged_exif_data_is_read_without_them(kind, damaged):
    lossless = {"lossless": True} if kind == "WEBP" else {}
    plain, odd = (decode(encode(GREY, kind, **lossless, **also)) for also in ({}, {"exif": damaged}))
    assert plain.sha256 != odd.sha256
    np.testing.assert_array_equal(plain.pixels, odd.pixels)


def test_a_premultiplied_grey_picture_lies_over_black():
    # Of a grey of 200 that covers half, Pillow keeps half.
    alpha = np.full_like(GREY, 128)
    picture = Image.merge("LA", [Image.fromarray(GREY), Image.fromarray(alpha)])
    np.testing.assert_allclose(decode(picture.convert("La")).pixels, decode(picture).pixels, atol=2 * STEP)


@pytest.mark.parametrize("white", [255, 65535], ids=["8 bits", "16 bits"])
@pytest.mark.parametrize("make", [deep, lambda pixels: tiff(pixels, extra=2)], ids=["PNG", "TIFF"])
def test_what_is_half_seen_lies_over_black(make, white):
    values = GREY * np.array(white // 255, np.uint8 if white == 255 else np.uint16)
    pixels = np.dstack([values] * 3 + [np.full_like(values, white // 2 + 1)])
    np.testing.assert_allclose(decode(make(pixels)).pixels, EXACT / 2, atol=STEP)


def test_the_transparent_colour_of_a_deep_picture_is_black():
    data, colour = deep(DEEP), struct.pack(">H", DEEP[100, 100, 0])
    transparent = decode(data[:33] + png_chunk(b"tRNS", colour * 3) + data[33:]).pixels
    np.testing.assert_array_equal(transparent, np.where(DEEP[..., 0] == DEEP[100, 100, 0], 0, decode(data).pixels))


@pytest.mark.parametrize("mode", ["1", "F"])
def test_pil_images_without_grey_levels_are_refused(mode):
    refused(Image.fromarray(GREY).convert(mode))


def test_pil_images_of_32_bits():
    wide = GREY.astype(np.int32) * 257
    np.testing.assert_allclose(decode(Image.fromarray(wide)).pixels, EXACT, atol=1e-6)
    assert "16 bits" in refused(Image.fromarray(wide * 2))
    assert "16 bits" in refused(Image.fromarray(wide - 1000))


DEEP = np.dstack([GREY * np.uint16(16)] * 3)


@pytest.mark.parametrize(
    "data",
    [
        tiff(DEEP, planar=2),
        tiff(np.dstack([GREY, np.full_like(GREY, 255)]), planar=2, extra=2),
        tiff(GREY, t274=6),
        tiff(~GREY, photometric=0),
        deep(DEEP),
    ],
    ids=["TIFF of planes of 16 bits", "TIFF of planes of grey and alpha", "turned TIFF", "TIFF, 0 is white", "PNG"],
)
def test_an_opened_image_is_read_as_its_file_is(data):
    with Image.open(BytesIO(data)) as image:
        opened, file = decode(image), decode(data)
    np.testing.assert_array_equal(opened.pixels, file.pixels)
    assert opened.checks == file.checks and opened.facts == file.facts


def test_an_opened_overlay_is_refused_as_its_file_is():
    with Image.open(BytesIO(to_jpeg(np.dstack([GREY] * 3)))) as image:
        assert "an overlay" in refused(image)


def test_an_opened_tiff_that_lacks_a_strip_is_refused():
    with Image.open(BytesIO(tiff(GREY, missing=1))) as image:
        assert "damaged" in refused(image, CorruptImageError)


def test_what_is_no_image_at_all_is_refused():
    for source in (None, 7, ["a"]):
        sentence = refused(source)
        assert "No image" in sentence and type(source).__name__ in sentence


@pytest.mark.parametrize("make", [bytearray, memoryview, BytesIO], ids=lambda make: make.__name__)
def test_bytes_in_other_forms_are_read_as_they_are(make):
    data = encode(GREY, "PNG")
    assert decode(make(data)).sha256 == decode(data).sha256


@pytest.mark.parametrize("told", [0, 100])
def test_a_file_that_grew_after_its_size_was_told_is_read_whole(tmp_path, monkeypatch, told):
    """So do files of systems that tell no size."""
    path = tmp_path / "chest.png"
    path.write_bytes(encode(GREY, "PNG"))
    facts = os.stat_result((*os.stat(path)[:6], told, *os.stat(path)[7:]))
    expected = decode(path)
    monkeypatch.setattr("pneumonia.imaging.decode.os.stat", lambda _: facts)
    assert decode(path).sha256 == expected.sha256


def test_an_opened_file_is_read_as_its_path_is(tmp_path):
    path = tmp_path / "chest.png"
    path.write_bytes(encode(GREY, "PNG"))
    with path.open("rb") as file:
        assert decode(file).sha256 == decode(path).sha256
    assert "cannot be read" in refused(file, ImageError)
    assert "as text" in refused(StringIO("text"))


def test_a_pipe_gives_its_file_bit_by_bit():
    data, (reading, writing) = encode(radiograph(800, 900), "BMP"), os.pipe()

    def write() -> None:
        with os.fdopen(writing, "wb") as file:
            file.write(data)

    Thread(target=write).start()
    with os.fdopen(reading, "rb", buffering=0) as pipe:
        assert decode(pipe).sha256 == decode(data).sha256


@pytest.mark.parametrize("packed", ["cut", "changed"])
def test_an_archive_that_is_damaged_where_it_is_read_is_refused(packed):
    data = bytearray(gzip.compress(encode(GREY, "PNG")))
    data = data[:-2000] if packed == "cut" else data[:100] + bytes(len(data) - 100)
    with gzip.open(BytesIO(data)) as file:
        assert "cannot be read from" in refused(file, ImageError)
    stream = BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("x", encode(GREY, "PNG"))
    stream.getbuffer()[500] ^= 1
    with zipfile.ZipFile(stream) as archive, archive.open("x") as file:
        assert "cannot be read from" in refused(file, ImageError)


def test_a_data_set_is_read_as_its_file_is_and_stays_as_it_was():
    class OfAnotherLibrary(Dataset):
        pass

    for syntax in (uid.ExplicitVRLittleEndian, uid.ImplicitVRLittleEndian):
        data = dicom_bytes(GREY, syntax, ViewPosition="PA")
        given = OfAnotherLibrary(dcmread(BytesIO(data)))
        given.file_meta = dcmread(BytesIO(data)).file_meta
        before = given.to_json()
        read, file = decode(given), decode(data)
        np.testing.assert_array_equal(read.pixels, file.pixels)
        assert read.facts == file.facts and given.to_json() == before
    del given.file_meta
    assert "TransferSyntaxUID" in refused(given)


# === Judgements on the pixels ===


def test_facts_are_json():
    for source in (GREY, encode(GREY, "PNG"), dicom_bytes(GREY)):
        json.dumps(decode(source).facts, allow_nan=False)


def test_decoding_a_large_jpeg_is_fast():
    data = encode(radiograph(1500, 2000), "JPEG")
    started = time.process_time()
    for _ in range(3):
        decode(data)
    assert (time.process_time() - started) / 3 < 0.5


# === Figures stated in pneumonia/imaging/quality.py ===


def warned_share(paths: list[Path], name: str, negative: bool) -> float:
    arrays = (np.asarray(Image.open(path).convert("L")) for path in paths)
    return sum(name in warned(255 - array if negative else array) for array in arrays) / len(paths)


@pytest.mark.slow
def test_no_radiograph_is_nearly_as_long_as_one_that_is_refused(data_dir):
    sizes = [Image.open(path).size for path in data_dir.rglob("*") if path.suffix in (".jpeg", ".jpg", ".png")]
    assert len(sizes) > 5000 and max(max(size) / min(size) for size in sizes) < 0.75 * MAX_ASPECT


@pytest.mark.slow
def test_polarity_rates_on_real_radiographs():
    folder = Path(os.environ.get("PNEUMONIA_DATA", ""))
    if "PNEUMONIA_DATA" not in os.environ or not folder.is_dir():
        pytest.skip("set PNEUMONIA_DATA to measure the polarity check on radiographs")
    children = random.Random(0).sample(sorted((folder / "chest_xray" / "train").glob("*/*")), 400)
    adults = [record.path for record in split_external(read_classes(folder / "adult").records)[0]]
    assert warned_share(children, "polarity", negative=False) == 0
    assert warned_share(adults, "polarity", negative=False) <= 0.01
    assert warned_share(children, "polarity", negative=True) >= 0.98
    assert warned_share(adults, "polarity", negative=True) >= 0.94
    assert warned_share(children, "exposure", negative=False) <= 0.01
    assert warned_share(adults, "exposure", negative=False) <= 0.01


def test_what_was_seen_in_a_picture_is_looked_for_again_once_it_is_inverted():
    negative = 255 - np.asarray(worded())
    assert {check.name for check in decode(negative).checks} == {"polarity", "text"}
    inverted = decode(negative).corrected(Correction(inverted=True))
    assert [check.name for check in inverted.checks] == ["text", INVERTED.name]
    np.testing.assert_allclose(inverted.pixels, np.asarray(worded()) / 255, atol=1e-6)
