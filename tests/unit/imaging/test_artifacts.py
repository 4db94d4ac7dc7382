"""Borders, other pictures and text beside or on a radiograph."""

import random
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from pneumonia.data.manifest import read_classes
from pneumonia.data.splits import split_external
from pneumonia.imaging.artifacts import find_artifacts, mean_cells, reduce
from scripts.studies.reliability.abuse.answers import CHEST


def found(image: np.ndarray, white: int = 255) -> set[str]:
    reduced = reduce(image)
    return set(find_artifacts(reduced, white, mean_cells(reduced) / np.float32(white)))


def written(image: np.ndarray, text: str, size: float, x: float = 0.02, y: float = 0.02) -> np.ndarray:
    """With a text in white, of a share of the longer side."""
    picture = Image.fromarray(image)
    font = ImageFont.load_default(max(9, size * max(picture.size)))
    ImageDraw.Draw(picture).text((x * picture.width, y * picture.height), text, 255, font)
    return np.asarray(picture)


def test_words_are_text_in_every_depth_and_single_letters_are_not():
    large = cv2.resize(CHEST, (1200, 1000), interpolation=cv2.INTER_CUBIC)
    word = written(large, "PORTABLE", 0.05)
    for image, white in ((word, 255), (word * np.uint16(257), 65535), (np.float32(word / 255), 1)):
        assert found(image, white) == {"text"}
    assert found(large) == found(written(large, "R", 0.08)) == found(written(large, "L  A", 0.05)) == set()


def test_a_seam_through_the_middle_is_a_montage_and_one_at_the_side_is_not():
    darker = CHEST // 3
    assert found(np.hstack([CHEST, darker])) == found(np.vstack([darker, CHEST])) == {"montage"}
    collimated = CHEST.copy()
    collimated[:, :30] = 0
    assert found(collimated) == set()


def test_texture_is_no_text():
    noise = np.random.default_rng(0).integers(0, 256, (1000, 1000), dtype=np.uint8)
    assert "text" not in found(noise)


@pytest.mark.parametrize("size", [(1200, 1000), (667, 300), (2000, 1500)])
def test_cells_are_nearly_means(size):
    reduced = reduce(cv2.resize(CHEST, size, interpolation=cv2.INTER_CUBIC))
    means = cv2.resize(reduced.astype(np.float32), (256, 256), interpolation=cv2.INTER_AREA)
    off = np.abs(mean_cells(reduced) - means) / 255
    assert off.mean() < 0.004 and np.percentile(off, 99) < 0.03


# === Figures stated in pneumonia/imaging/artifacts.py ===


def share(name: str, images: Iterable[np.ndarray]) -> float:
    answers = [name in found(image) for image in images]
    return sum(answers) / len(answers)


def sample(paths: Iterable[Path], count: int) -> list[np.ndarray]:
    return [np.asarray(Image.open(path).convert("L")) for path in random.Random(0).sample(sorted(paths), count)]


def joined(images: Sequence[np.ndarray], axis: int) -> Iterator[np.ndarray]:
    """Neighbours, two by two, with nothing between them."""
    squares = [cv2.resize(image, (224, 224), interpolation=cv2.INTER_AREA) for image in images]
    return (np.concatenate(pair, axis) for pair in zip(squares[::2], squares[1::2], strict=True))


@pytest.mark.slow
def test_rates_on_real_radiographs(data_dir):
    adults = [record.path for record in split_external(read_classes(data_dir / "adult").records)[0]]
    sets = {
        "training": sample((data_dir / "chest_xray" / "train").glob("*/*"), 400),
        "native": sample((data_dir / "native").glob("*/*.jpeg"), 100),
        "adults": sample(adults, 200),
    }
    for name, most_text in (("training", 0.01), ("native", 0.06), ("adults", 0.1)):
        names = [found(image) for image in sets[name]]
        for addition, most in (("border", 0.01), ("montage", 0.01), ("text", most_text)):
            assert sum(addition in of_one for of_one in names) <= most * len(names)
    for images in sets.values():
        for axis in (0, 1):
            assert share("montage", joined(images[:100], axis)) >= 0.9
    for name, least in (("native", 0.9), ("adults", 0.75)):
        for size in (0.025, 0.05):
            assert share("text", (written(image, "SUPINE 12:45", size) for image in sets[name][:60])) >= least
