"""What the decoder refuses, and that nothing but `ImageError` comes out of it."""

import os
import subprocess
import sys
import warnings
from io import BytesIO

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from pydicom import uid
from pydicom.encaps import encapsulate

from pneumonia.errors import CorruptImageError, ImageError, ImageSizeError
from pneumonia.imaging.decode import MAX_BYTES, decode
from scripts.studies.reliability.abuse.image_inputs import of_runs
from scripts.studies.reliability.abuse.tiffs import tiff
from scripts.studies.reliability.outcomes import read_or_refuse
from scripts.studies.reliability.synthetic_images import dicom_bytes, encode, huge_png, radiograph
from tests.fixtures.decoding import refused

GREY = radiograph()
EXACT = GREY.astype(np.float32) / 255
STEP = 1 / 255


# === Damaged files ===


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


MEASURED = """
import resource, sys, time
from pneumonia.imaging import dicom, decode
from pneumonia.errors import ImageError

held, started = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
for path in sys.argv[1:]:
    try:
        decode.decode(path)
    except ImageError:
        continue
    sys.exit("was read")
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - held, time.process_time() - started)
"""


@pytest.mark.promise(
    "A picture of a hundred megapixels is refused by its header, in no time and no memory.",
    part="Whatever is uploaded",
)
def test_huge_headers_cost_neither_memory_nor_time(tmp_path):
    """100 and 3600 megapixels would take 0.1 and 3.6 GB at the least."""
    files = {f"{side}.png": huge_png(side, side) for side in (10_000, 60_000)}
    for syntax in (uid.RLELossless, uid.JPEG2000Lossless, uid.JPEGLosslessSV1):
        size = {"Rows": 60_000, "Columns": 60_000, "PixelData": encapsulate([bytes(100)])}
        files[f"{syntax}.dcm"] = dicom_bytes(GREY, syntax, **size)
    # 24 megapixels in tiles of one.
    size = {f"t{tag}": ("I", (4900,)) for tag in (256, 257)}
    files["tiles.tiff"] = tiff(GREY, tile=64, **size, t322=("I", (1,)), t323=("I", (1,)))
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    command = [sys.executable, "-c", MEASURED, *(str(tmp_path / name) for name in files)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    kilobytes, seconds = map(float, done.stdout.split())
    assert kilobytes < 30_000 and seconds < 0.5


def test_bomb_warning_raised_as_an_error_is_refused():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        refused(huge_png(10_000, 10_000), ImageSizeError)


def test_large_files_are_refused():
    assert "MB" in refused(encode(GREY, "PNG") + bytes(MAX_BYTES), ImageSizeError)


def test_a_bmp_of_more_runs_than_are_read_is_named():
    assert "run-length encoded" in refused(of_runs(np.tile(GREY, (3, 2))))


# === Frames ===


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "TIFF", "PNG"])
def test_several_frames_in_an_opened_image_are_refused_with_their_count(kind):
    frames = [Image.fromarray(radiograph(seed=seed)) for seed in range(3)]
    data = encode(frames[0], kind, save_all=True, append_images=frames[1:])
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

MANY = settings(max_examples=5 * settings().max_examples)

SEEDS = [
    encode(GREY, "JPEG", quality=60),
    encode(GREY, "PNG"),
    encode(GREY, "TIFF", compression="tiff_lzw"),
    encode(GREY, "GIF"),
    encode(GREY, "BMP"),
    encode(GREY, "WEBP"),
    encode(Image.fromarray(GREY).convert("CMYK"), "TIFF"),
]


@pytest.mark.promise("Any bytes give a sound radiograph, or one sentence.", part="Whatever is uploaded")
@pytest.mark.filterwarnings("ignore")
@MANY
@given(
    st.binary(max_size=600),
    st.sampled_from([b"", b"\xff\xd8\xff", b"II*\0", b"GIF89a", b"\0" * 128 + b"DICM"]),
)
def test_random_bytes(data, start):
    read_or_refuse(start + data)


@pytest.mark.filterwarnings("ignore")  # Pillow warns of damaged metadata
@MANY
@given(st.integers(0, len(SEEDS) - 1), st.data())
def test_damaged_pictures(seed, draw):
    data = bytearray(SEEDS[seed])
    for _ in range(draw.draw(st.integers(1, 8))):
        # Headers are short, and there the damage is done.
        limit = draw.draw(st.sampled_from([200, len(data)]))
        data[draw.draw(st.integers(0, limit - 1))] = draw.draw(st.integers(0, 255))
    read_or_refuse(bytes(data[: draw.draw(st.integers(len(data) // 2, len(data)))]))
