"""What the decoder reads and what it says of it."""

import hashlib
import json
import os
import random
import struct
import time
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from pneumonia.data.manifest import read_classes
from pneumonia.data.splits import split_outside
from pneumonia.errors import ImageSizeError
from pneumonia.images import decode
from tests.making import dicom_bytes, encode, radiograph, refused, warned

GREY = radiograph()
EXACT = GREY.astype(np.float32) / 255
STEP = 1 / 255


def deep(pixels: np.ndarray, kind: str = ".png") -> bytes:
    return cv2.imencode(kind, pixels)[1].tobytes()


# === What is read ===


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "BMP", "WEBP", "GIF"])
@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_reads_common_files(kind, mode):
    options = {"JPEG": {"quality": 95}, "WEBP": {"lossless": True}}.get(kind, {})
    data = encode(Image.fromarray(GREY).convert(mode), kind, **options)
    result = decode(data)
    assert result.pixels.dtype == np.float32
    assert result.pixels.flags.c_contiguous
    np.testing.assert_allclose(result.pixels, EXACT, atol=0.06 if kind == "JPEG" else 1e-6)
    assert result.facts == {"format": kind, "width": 240, "height": 200, "bits": 8}
    assert result.sha256 == hashlib.sha256(data).hexdigest()
    assert result.checks == ()


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


def test_content_decides_not_the_name(tmp_path):
    data = encode(GREY, "PNG")
    for name in ["scan", "SCAN.JPG", "report.pdf", "röntgen 肺.dcm", "<img src=x>.png", "x" * 250]:
        path = tmp_path / name
        path.write_bytes(data)
        assert decode(path).facts["format"] == "PNG"
        assert decode(str(path)).sha256 == hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("kind", [".png", ".tiff"])
def test_sixteen_bit_files_are_scaled_by_the_smallest_depth_that_holds_them(bits, channels, kind):
    values = np.round(EXACT / EXACT.max() * (2**bits - 1)).astype(np.uint16)
    data = deep(np.dstack([values] * channels).squeeze(), kind)
    result = decode(data)
    assert result.facts["bits"] == bits
    np.testing.assert_allclose(result.pixels, values / (2**bits - 1), atol=1e-4)


def test_sixteen_bit_alpha_lies_over_black():
    values = GREY.astype(np.uint16) * 257
    alpha = np.full_like(values, 65535)
    alpha[:, :120] = 0
    pixels = decode(deep(np.dstack([values, values, values, alpha]))).pixels
    assert pixels[:, :120].max() == 0
    np.testing.assert_allclose(pixels[:, 120:], EXACT[:, 120:], atol=1e-4)


@pytest.mark.parametrize("mode", ["LA", "RGBA"])
def test_alpha_lies_over_black(mode):
    image = Image.fromarray(GREY).convert("RGBA")
    image.paste((255, 255, 255, 0), (0, 0, 120, 200))
    pixels = decode(encode(image.convert(mode), "PNG")).pixels
    assert pixels[:, :120].max() == 0
    np.testing.assert_allclose(pixels[:, 120:], EXACT[:, 120:], atol=STEP)


def test_transparent_palette_lies_over_black():
    image = Image.fromarray(GREY // 2).convert("P")
    data = encode(image, "PNG", transparency=int(GREY[100, 120] // 2))
    assert decode(data).pixels[100, 120] == 0


def test_cmyk_and_palette_are_converted():
    image = Image.fromarray(GREY).convert("RGB")
    cmyk = encode(image.convert("CMYK"), "JPEG", quality=95)
    palette = encode(Image.fromarray(GREY).convert("P"), "PNG")
    np.testing.assert_allclose(decode(cmyk).pixels, EXACT, atol=0.06)
    np.testing.assert_allclose(decode(palette).pixels, EXACT, atol=STEP)


def test_tiff_where_zero_is_white():
    for pixels, bits in ((GREY, 8), (GREY.astype(np.uint16) * 257, 16)):
        inverted = (2**bits - 1 - pixels).astype(pixels.dtype)
        data = bytearray(encode(inverted, "TIFF"))
        data[data.index(struct.pack("<HHIH", 262, 3, 1, 1)) + 8] = 0  # PhotometricInterpretation = WhiteIsZero
        np.testing.assert_allclose(decode(bytes(data)).pixels, EXACT, atol=STEP)


@pytest.mark.parametrize("orientation", range(2, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF"])
def test_exif_rotation_is_undone_with_a_warning(orientation, kind):
    turn = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }[orientation]  # as the camera held it: the inverse of what sets it upright
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"quality": 95} if kind == "JPEG" else {}
    result = decode(encode(Image.fromarray(GREY).transpose(turn), kind, exif=exif, **options))
    np.testing.assert_allclose(result.pixels, EXACT, atol=0.06 if kind == "JPEG" else 1e-6)
    assert {check.name for check in result.checks} == {"photograph"}


def test_camera_exposure_is_a_photograph():
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0x829D] = 2.8  # FNumber
    assert warned(encode(GREY, "JPEG", exif=exif)) == {"photograph"}


def test_phone_jpeg_with_a_preview_is_one_picture():
    image = Image.fromarray(GREY)
    data = encode(image, "MPO", save_all=True, append_images=[image.resize((130, 130))])
    assert decode(data).facts["width"] == 240


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


@pytest.mark.parametrize("mode", ["1", "F"])
def test_pil_images_without_grey_levels_are_refused(mode):
    refused(Image.fromarray(GREY).convert(mode))


def test_pil_images_of_32_bits():
    wide = GREY.astype(np.int32) * 257
    np.testing.assert_allclose(decode(Image.fromarray(wide)).pixels, EXACT, atol=1e-6)
    assert "16 bits" in refused(Image.fromarray(wide * 2))
    assert "16 bits" in refused(Image.fromarray(wide - 1000))


def test_what_is_no_image_at_all_is_refused():
    for source in (None, 7, ["a"]):
        assert "No image" in refused(source)


# === Judgements on the pixels ===


@pytest.mark.parametrize("value", [0, 128, 255])
def test_blank_images_are_refused(value):
    blank = np.full((200, 240), value, np.uint8)
    blank[:5, :5] = 255 - value  # a marker does not make a radiograph
    assert "blank" in refused(blank)
    noise = np.random.default_rng(0).integers(0, 3, blank.shape, np.uint8)
    assert "blank" in refused(encode(np.full_like(blank, max(value, 3)) - noise, "PNG"))


def test_drawings_with_few_grey_levels_are_refused():
    assert "few grey levels" in refused((GREY > 100).astype(np.uint8) * 255)


def colour_photograph() -> np.ndarray:
    y, x = np.mgrid[0:1:200j, 0:1:240j]
    return (np.dstack([0.5 + 0.4 * np.sin(9 * x), 0.3 + 0.5 * y, 0.6 - 0.4 * x * y]) * 255).astype(np.uint8)


def test_colour_photographs_are_refused():
    array = colour_photograph()
    for source in (encode(array, "JPEG"), array, array * np.uint16(257), deep(array * np.uint16(257))):
        assert "colour" in refused(source)


def test_tinted_scans_and_coloured_marks_are_read():
    tinted = np.dstack([EXACT * 255, EXACT * 245, EXACT * 220]).astype(np.uint8)
    np.testing.assert_allclose(decode(tinted).pixels, EXACT, atol=0.06)
    marked = np.dstack([GREY] * 3)
    marked[10:40, 10:60] = (255, 0, 0)
    assert warned(marked) == {"colour"}


def test_negative_is_warned_and_left_as_it_is():
    result = decode(255 - GREY)
    assert {check.name for check in result.checks} == {"polarity"}
    np.testing.assert_allclose(result.pixels, 1 - EXACT, atol=1e-6)


def test_low_contrast_is_warned():
    assert "exposure" in warned((GREY // 4).astype(np.uint8))


def test_wide_borders_are_warned():
    assert warned(np.pad(GREY, ((20, 20), (60, 60)))) == {"border"}
    assert warned(np.pad(GREY, 60, constant_values=255)) == {"border"}


def test_facts_are_json():
    for source in (GREY, encode(GREY, "PNG"), dicom_bytes(GREY)):
        json.dumps(decode(source).facts, allow_nan=False)


def test_decoding_a_large_jpeg_is_fast():
    data = encode(radiograph(1500, 2000), "JPEG")
    started = time.perf_counter()
    for _ in range(3):
        decode(data)
    assert (time.perf_counter() - started) / 3 < 0.5


# === Figures stated in pneumonia/images.py ===


def warned_share(paths: list[Path], name: str, negative: bool) -> float:
    arrays = (np.asarray(Image.open(path).convert("L")) for path in paths)
    return sum(name in warned(255 - array if negative else array) for array in arrays) / len(paths)


def test_polarity_rates_on_real_radiographs():
    folder = Path(os.environ.get("PNEUMONIA_DATA", ""))
    if "PNEUMONIA_DATA" not in os.environ or not folder.is_dir():
        pytest.skip("set PNEUMONIA_DATA to measure the polarity check on radiographs")
    children = random.Random(0).sample(sorted((folder / "chest_xray" / "train").glob("*/*")), 400)
    adults = [record.path for record in split_outside(read_classes(folder / "adult"))[0]]
    assert warned_share(children, "polarity", negative=False) == 0
    assert warned_share(adults, "polarity", negative=False) <= 0.01
    assert warned_share(children, "polarity", negative=True) >= 0.98
    assert warned_share(adults, "polarity", negative=True) >= 0.94
    for name in ("exposure", "border"):
        assert warned_share(children, name, negative=False) <= 0.01
        assert warned_share(adults, name, negative=False) <= 0.01
