"""Figures stated in `pneumonia/imaging/dicom_greyscale.py`, `pneumonia/imaging/dicom_description.py` and
`pneumonia/inference/lung_checks.py`.

Real radiographs are made into DICOM files of 12 bits in which something about the grey values is wrong. A reading has
changed if its finding has, or its probability by over 0.1.
"""

import os
import random
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from pneumonia import Prediction, Predictor, load_predictor
from pneumonia.core.labels import NORMAL
from scripts.studies.reliability.synthetic_images import dicom_bytes

pytestmark = pytest.mark.slow
SENSIBLE = ((0.5, 99.5), (1, 99), (2, 98), (1, 95))  # percentiles
# Centre and width: stale, of half of the range, and far too narrow.
BAD = ((127, 255), (40, 400), (1024, 2048), (3072, 2048), (2048, 2048), (2048, 1024), (2048, 400), (600, 1200))


@pytest.fixture(scope="module")
def predictor() -> Predictor:
    """The default variant, with the project's own weights."""
    return load_predictor()


@pytest.fixture(scope="module")
def normals(predictor) -> list[tuple[np.ndarray, Prediction]]:
    """Forty radiographs of children without pneumonia, uint16 of 12 bits, half of them native; and their readings."""
    folder = Path(os.environ.get("PNEUMONIA_DATA", ""))
    if "PNEUMONIA_DATA" not in os.environ or not folder.is_dir():
        pytest.skip("set PNEUMONIA_DATA to measure on radiographs")
    paths = [
        path
        for place in (folder / "native", folder / "chest_xray" / "train")
        for path in random.Random(0).sample(sorted((place / NORMAL).iterdir()), 20)
    ]
    rng = np.random.default_rng(0)
    values = []
    for path in paths:
        grey = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
        shrink = min(1, 600 / max(grey.shape))
        grey = cv2.resize(grey, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
        values.append(np.floor((grey + rng.random(grey.shape)) * 16).astype(np.uint16))
    return [(stored, predictor.predict(dicom_bytes(stored, BitsStored=12))) for stored in values]


def changed(reading: Prediction, plain: Prediction) -> bool:
    return reading.finding != plain.finding or abs(reading.probability - plain.probability) > 0.1


def warned(reading: Prediction, *names: str) -> bool:
    return any(check.name in names for check in reading.checks)


def test_rates_of_windows_that_clip(predictor, normals):
    alarms, caught, missed, refused = 0, 0, 0, 0
    for stored, plain in normals:
        for low, high in (np.percentile(stored, ends) for ends in SENSIBLE):
            data = dicom_bytes(
                stored, BitsStored=12, WindowCenter=round((low + high) / 2), WindowWidth=round(high - low)
            )
            alarms += warned(predictor.predict(data), "clipped", "window")
        for center, width in BAD:
            data = dicom_bytes(stored, BitsStored=12, WindowCenter=center, WindowWidth=width)
            reading = predictor.predict(data)
            named = warned(reading, "clipped", "window")
            if reading.status == "rejected":
                refused += 1
                assert named
            elif changed(reading, plain):
                caught, missed = caught + named, missed + (not named)
    print(f"{alarms=} {caught=} {missed=} {refused=}")
    assert alarms == 0
    assert caught >= 0.98 * (caught + missed) and caught + missed > 100


def test_rates_of_padding(predictor, normals):
    """Round the picture, 3 % of it, without a window."""
    for stored, _ in normals:
        inner = tuple(slice(max(1, side // 130), -max(1, side // 130)) for side in stored.shape)
        edge = np.ones(stored.shape, bool)
        edge[inner] = False
        plain = predictor.predict(
            dicom_bytes(np.where(edge, 0, stored).astype(np.uint16), BitsStored=12, Modality="CR")
        )
        signed = np.where(edge, -32768, stored).astype(np.int16)
        unsigned = np.where(edge, 65535, stored).astype(np.uint16)
        inverted = np.where(edge, -32768, 4095 - stored.astype(np.int16)).astype(np.int16)
        for data in (
            dicom_bytes(signed, PixelPaddingValue=-32768, Modality="CR"),
            dicom_bytes(unsigned, PixelPaddingValue=65535, Modality="CR"),
            dicom_bytes(inverted, PixelPaddingValue=-32768, Modality="CR", PhotometricInterpretation="MONOCHROME1"),
        ):
            reading = predictor.predict(data)
            assert reading.finding == plain.finding and not warned(reading, "padding", "window", "clipped", "exposure")
            assert reading.probability == pytest.approx(plain.probability, abs=1e-3)


def test_rates_of_raw_data(predictor, normals):
    """In proportion to the exposure, and its logarithm before anything was done to it."""
    kinds: dict[str, Callable[[np.ndarray], np.ndarray]] = {
        **{f"linear {k}": lambda grey, k=k: (1 - np.exp(-k * grey)) / (1 - np.exp(-k)) for k in (2, 3, 4)},
        "logarithm": lambda grey: 0.25 + 0.5 * grey,
    }
    count = dict.fromkeys(kinds, 0)
    for stored, plain in normals:
        for kind, detect in kinds.items():
            raw = np.round(detect(stored / 4095) * 4095).astype(np.uint16)
            reading = predictor.predict(dicom_bytes(raw, BitsStored=12, PresentationIntentType="FOR PROCESSING"))
            assert warned(reading, "raw")
            count[kind] += changed(reading, plain)
    print(count)
    assert 35 <= sum(count.values()) <= 75 and count["logarithm"] == 0
