"""What the decoder refuses, and that nothing but `ImageError` comes out of it."""

import os
import struct
import time
import warnings
import zlib
from io import BytesIO

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from pneumonia.errors import CorruptImageError, ImageError, ImageSizeError
from pneumonia.images import MAX_BYTES, decode
from tests.making import encode, radiograph, refused

GREY = radiograph()
EXACT = GREY.astype(np.float32) / 255
STEP = 1 / 255


# === Damaged files ===


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "BMP", "WEBP", "GIF"])
def test_truncated_files_are_refused(kind):
    data = encode(GREY, kind)
    for share in (0.1, 0.3, 0.5, 0.9, 0.97):
        assert refused(data[: int(len(data) * share)], CorruptImageError)


@pytest.mark.parametrize("progressive", [False, True])
def test_jpeg_without_its_last_bytes_is_refused(progressive):
    data = encode(radiograph(400, 500), "JPEG", quality=90, progressive=progressive)
    for cut in (2, 3, 10, 200, 2000):
        refused(data[:-cut], CorruptImageError)
        refused(data[:-cut] + bytes(cut), CorruptImageError)  # a download that stopped in a file of full length


def test_jpeg_with_a_thumbnail_must_end_too():
    exif = Image.Exif()
    exif[0x010E] = encode(GREY, "JPEG").decode("latin-1")  # holds its own end-of-image marker
    data = encode(GREY, "JPEG", exif=exif)
    decode(data)
    refused(data[:-2], CorruptImageError)


def test_png_with_a_changed_byte_or_without_its_end_is_refused():
    data = bytearray(encode(GREY, "PNG"))
    refused(bytes(data[:-12]), CorruptImageError)  # without IEND
    data[len(data) // 2] ^= 1
    refused(bytes(data), CorruptImageError)


# === Sizes ===


def huge_png(width: int, height: int) -> bytes:
    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress(bytes((width + 1) * 1000), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


@pytest.mark.parametrize("side", [5001, 10_000, 60_000])
@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_huge_headers_are_refused_before_decoding(side):
    data = huge_png(side, side)
    started = time.perf_counter()
    assert "megapixels" in refused(data, ImageSizeError)
    assert time.perf_counter() - started < 0.5


def test_bomb_warning_raised_as_an_error_is_refused():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        refused(huge_png(10_000, 10_000), ImageSizeError)


def test_small_files_are_refused():
    assert "at least 128" in refused(encode(radiograph(127, 300), "PNG"), ImageSizeError)
    decode(encode(radiograph(128, 128), "PNG"))


def test_large_files_are_refused():
    assert "MB" in refused(encode(GREY, "PNG") + bytes(MAX_BYTES), ImageSizeError)


# === Kinds that are refused by name ===


@pytest.mark.parametrize(
    "data, name",
    [
        (b"", "empty"),
        (b"%PDF-1.7\n", "PDF"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n", "EPS"),
        (b"\0\0\0\x18ftypheic" + bytes(100), "HEIC"),
        (b"\0\0\0\x18ftypmif1" + bytes(100), "HEIC"),
        (b"\0\0\0\x18ftypavif" + bytes(100), "AVIF"),
        (b"\0\0\0\x18ftypisom" + bytes(100), "video"),
        (b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>', "SVG"),
        (b"<!DOCTYPE html><html></html>", "text"),
        ("Röntgen: no finding.".encode(), "text"),
        (b"BMI is 22 and this is a text", "text"),
        (b"PK\x03\x04" + bytes(50), "ZIP"),
        (b"\x1f\x8b\x08" + bytes(50), "gzip"),
        (b"\0\0\0\x0cjP  \r\n\x87\n" + bytes(50), "JPEG 2000"),
        (bytes(1000), "unknown"),
        (b"\x7fELF" + bytes(range(256)), "unknown"),
    ],
)
def test_other_kinds_are_refused_by_name(data, name):
    message = refused(data)
    assert name in message
    assert "Export" in message


@pytest.mark.filterwarnings("ignore")  # Pillow warns of damaged metadata
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "GIF", "BMP", "WEBP"])
def test_header_without_an_image_is_refused(kind):
    refused(encode(GREY, kind)[:40], CorruptImageError)


def test_one_bit_and_float_files_are_refused():
    one_bit = Image.fromarray(GREY).convert("1")
    assert "black and white" in refused(encode(one_bit, "PNG"))
    assert "black and white" in refused(encode(one_bit, "TIFF"))
    assert "floating point" in refused(encode(EXACT, "TIFF"))


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "TIFF", "PNG"])
def test_several_frames_are_refused_with_their_count(kind):
    frames = [Image.fromarray(radiograph(seed=seed)) for seed in range(3)]
    data = encode(frames[0], kind, save_all=True, append_images=frames[1:])
    assert "3 frames" in refused(data)
    assert "3 frames" in refused(Image.open(BytesIO(data)))


# === Paths ===


def test_paths_that_are_no_readable_file(tmp_path):
    assert "no such file" in refused(tmp_path / "missing.png", ImageError)
    assert "regular file" in refused(tmp_path)
    assert "cannot be opened" in refused("a\0b", ImageError)
    os.mkfifo(tmp_path / "pipe")
    assert "regular file" in refused(tmp_path / "pipe")
    assert "regular file" in refused("/dev/zero")


def test_no_message_holds_the_path(tmp_path):
    path = tmp_path / "secret-name.png"
    path.write_bytes(b"text")
    for source in (path, tmp_path / "secret-missing", tmp_path):
        with pytest.raises(ImageError) as caught:
            decode(source)
        assert "secret" not in str(caught.value) and str(tmp_path) not in str(caught.value)


# === Nothing but ImageError comes out ===

SEEDS = [
    encode(GREY, "JPEG", quality=60),
    encode(GREY, "PNG"),
    encode(GREY, "TIFF", compression="tiff_lzw"),
    encode(GREY, "GIF"),
    encode(GREY, "BMP"),
    encode(GREY, "WEBP"),
    encode(Image.fromarray(GREY).convert("CMYK"), "TIFF"),
]
FUZZING = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def read_or_refuse(data: bytes) -> None:
    try:
        result = decode(data)
    except ImageError as error:
        assert str(error)
    else:
        assert np.isfinite(result.pixels).all()
        assert 0 <= result.pixels.min() <= result.pixels.max() <= 1


@pytest.mark.filterwarnings("ignore")
@FUZZING
@given(
    st.binary(max_size=600),
    st.sampled_from([b"", b"\xff\xd8\xff", b"II*\0", b"GIF89a", b"\0" * 128 + b"DICM"]),
)
def test_random_bytes(data, start):
    read_or_refuse(start + data)


@pytest.mark.filterwarnings("ignore")  # Pillow warns of damaged metadata
@FUZZING
@given(st.integers(0, len(SEEDS) - 1), st.data())
def test_damaged_pictures(seed, draw):
    data = bytearray(SEEDS[seed])
    for _ in range(draw.draw(st.integers(1, 8))):
        # Headers are short, and there the damage is done.
        limit = draw.draw(st.sampled_from([200, len(data)]))
        data[draw.draw(st.integers(0, limit - 1))] = draw.draw(st.integers(0, 255))
    read_or_refuse(bytes(data[: draw.draw(st.integers(len(data) // 2, len(data)))]))
