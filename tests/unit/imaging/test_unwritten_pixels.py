"""No decoder hands on memory that it never wrote, whole or damaged as a file may be.

The C library fills what it allocates with a byte of one's choice. Two processes with two bytes decode the same files,
and must see the same pixels: whatever differs was never written.
"""

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from random import Random

import numpy as np
import pytest
from PIL import Image
from pydicom import uid
from pydicom.encaps import encapsulate

from pneumonia.imaging import decode as decode_module
from scripts import ROOT
from scripts.studies.reliability.abuse.answers import CHEST, COLOUR, PICTURE, SIXTEEN, TWELVE
from scripts.studies.reliability.abuse.tiffs import DEFLATE, JPEG, LZW, NONE, PACKBITS, ZSTD, tiff
from scripts.studies.reliability.outcomes import read_or_refuse
from scripts.studies.reliability.synthetic_images import deep, dicom_bytes, dicom_dataset, encode, to_bytes

SMALL = (slice(150), slice(140))  # little over the least size that is read, for the sake of time
SEED, DAMAGED, TWO_BYTES = 20240607, 1, (85, 170)


def corpus() -> Iterator[tuple[str, bytes]]:
    """A file of every kind that is read, by every decoder, and what damage makes of it."""
    random = Random(SEED)
    for what, data in _whole():
        yield what, data
        yield f"{what}, cut", data[: random.randrange(len(data) // 2, len(data) - 20)]
        for number in range(DAMAGED):
            changed = bytearray(data)
            for _ in range(random.randint(1, 6)):
                changed[random.randrange(len(data))] ^= random.randint(1, 255)
            yield f"{what}, damaged {number}", bytes(changed)
        blank = bytearray(data)
        middle = random.randrange(len(data) // 3, len(data) // 2)
        blank[middle : middle + len(data) // 4] = bytes(len(data) // 4)
        yield f"{what}, blanked", bytes(blank)


def _whole() -> Iterator[tuple[str, bytes]]:
    grey, colour, deep_grey = CHEST[SMALL], COLOUR[SMALL], SIXTEEN[SMALL]
    deep_colour = np.dstack([deep_grey] * 3)
    clear = np.full_like(deep_grey, 65535)
    for kind in ("JPEG", "PNG", "BMP", "WEBP", "GIF"):
        yield f"{kind} in grey", encode(grey, kind)
        yield f"{kind} in colour", encode(colour, kind)
    yield "progressive JPEG", encode(colour, "JPEG", progressive=True)
    yield "JPEG in CMYK", encode(Image.fromarray(colour).convert("CMYK"), "JPEG")
    yield "lossless WebP", encode(colour, "WEBP", lossless=True)
    yield "PNG with a palette", encode(PICTURE.convert("P"), "PNG")
    for pixels in (deep_grey, deep_colour, np.dstack([deep_colour, clear])):
        yield f"16-bit PNG of {pixels.shape}", deep(pixels)
    for kind, (compression, tile) in product(
        (grey, colour, deep_grey, deep_colour, np.dstack([deep_colour, clear]), np.dstack([deep_grey, clear])),
        ((NONE, None), (LZW, None), (DEFLATE, 64), (PACKBITS, None), (ZSTD, None), (JPEG, None)),
    ):
        if compression == JPEG and (kind.dtype != np.uint8):
            continue
        for planar in (1, 2)[: kind.ndim - 1]:
            what = f"TIFF of {kind.dtype} {kind.shape}, compression {compression}, planes {planar}"
            yield what, tiff(kind, compression=compression, planar=planar, tile=tile, order="<>"[planar - 1])
    for missing, planar in product((0, 2), (1, 2)):
        data = tiff(deep_colour, planar=planar, missing=missing, compression=LZW)
        yield f"16-bit TIFF, planes {planar}, without {missing} strips", data
    yield "TIFF of JPEG strips that are shorter than it says", tiff(grey, compression=JPEG, t278=("I", (75,)))
    twelve = TWELVE[SMALL]
    for pixels, bits in ((grey, 8), (twelve, 12)):
        yield f"DICOM of {bits} bits", dicom_bytes(pixels, BitsStored=bits)
        for syntax in (uid.RLELossless, uid.JPEG2000Lossless):
            dataset = dicom_dataset(pixels, BitsStored=bits)
            dataset.compress(syntax)
            yield f"DICOM, {syntax.name}, {bits} bits", to_bytes(dataset)
    baseline = encapsulate([encode(grey, "JPEG")])
    yield "DICOM, JPEG", dicom_bytes(grey, uid.JPEGBaseline8Bit, PixelData=baseline)


def fingerprints(folder: Path) -> Iterator[str]:
    """What came of each file, a line each."""
    for path in sorted(folder.iterdir()):
        radiograph = read_or_refuse(path.read_bytes())
        yield "refused" if radiograph is None else hashlib.sha256(radiograph.pixels).hexdigest()


def _run(folder: Path, filled_with: int) -> subprocess.Popen:
    environment = {**os.environ, "MALLOC_PERTURB_": str(filled_with), "PYTHONWARNINGS": "ignore"}
    command = [sys.executable, "-m", "tests.unit.imaging.test_unwritten_pixels", folder]
    return subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)


@pytest.mark.skipif(sys.platform != "linux", reason="the C library of Linux fills memory")
def test_no_pixel_depends_on_what_the_memory_held_before(tmp_path):
    names = []
    for number, (what, data) in enumerate(corpus()):
        names.append(what)
        (tmp_path / f"{number:04}").write_bytes(data)
    runs = [_run(tmp_path, byte) for byte in TWO_BYTES]
    first, second = (run.communicate()[0].splitlines() for run in runs)
    assert len(first) == len(second) == len(names) and len(names) - first.count("refused") > 100
    assert [name for name, *both in zip(names, first, second, strict=True) if both[0] != both[1]] == []


if __name__ == "__main__":
    # Blocks that are no larger than a picture: it takes long to fill those that the library asks for.
    decode_module.BLOCK_BYTES = 2**20
    for line in fingerprints(Path(sys.argv[1])):
        print(line)
