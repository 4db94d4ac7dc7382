"""Pictures that are no chest radiographs, out of installed packages: to judge what refuses them, never to fit it."""

import importlib.util
from pathlib import Path

import cv2
import numpy as np
import pydicom
from PIL import Image
from pydicom.data import get_testdata_file
from sklearn.datasets import load_digits

from pneumonia.errors import MissingExtraError
from pneumonia.utils.packages import install_command

_GRADIO = ("avatar.png", "cheetah.jpg", "cheetah1.jpg", "groot.jpeg", "lion.jpg", "tower.jpg")
_SKIMAGE = ("astronaut.png", "camera.png", "chelsea.png", "coffee.png", "motorcycle_left.png", "rocket.jpg")
_SCIENCE = (
    "cell.png", "coins.png", "hubble_deep_field.jpg", "ihc.png", "microaneurysms.png", "moon.png", "retina.jpg",
)  # fmt: skip
_DRAWN = ("chessboard_GRAY.png", "color.png", "horse.png", "logo.png", "page.png", "text.png")
# By kind: the package, the folder in it, and its files.
_FILES = {
    "photographs": (
        ("sklearn", "datasets/images", ("china.jpg", "flower.jpg")),
        ("matplotlib", "mpl-data/sample_data", ("grace_hopper.jpg", "Minduka_Present_Blue_Pack.png")),
        ("gradio", "media_assets/images", _GRADIO),
        ("gradio", "test_data", ("cheetah2.jpg",)),
        ("skimage", "data", _SKIMAGE),
    ),
    "scientific pictures": (("skimage", "data", _SCIENCE),),
    "photographed surfaces": (("skimage", "data", ("brick.png", "grass.png", "gravel.png")),),
    "printed and drawn": (
        ("matplotlib", "mpl-data/sample_data", ("logo2.png",)),
        ("matplotlib", "mpl-data/images", ("matplotlib_large.png",)),
        ("skimage", "data", _DRAWN),
    ),
}
# Slices, scans and screens of pydicom's own tests, one of each series: CT, MR, bone scan, ultrasound, heart, skull.
_DICOM = (
    "CT_small.dcm", "693_J2KI.dcm", "J2K_pixelrep_mismatch.dcm", "MR_small.dcm", "examples_overlay.dcm", "JPEG2000.dcm",
    "examples_jpeg2k.dcm", "examples_palette.dcm", "examples_ybr_color.dcm", "examples_rgb_color.dcm",
)  # fmt: skip
_FACES = _DIGITS = 40
# No smaller than what is read at all.
_SIDE = 256


def found_pictures() -> dict[str, list[np.ndarray]]:
    """All of them by kind: uint8 (H, W), grey.

    Raises:
        MissingExtraError: if a package that holds some is not installed.
    """
    pictures = {
        kind: [_picture(_folder(package) / folder / name) for package, folder, names in places for name in names]
        for kind, places in _FILES.items()
    }
    faces = np.load(_folder("skimage") / "data" / "lfw_subset.npy")[:_FACES]
    pictures["faces"] = [enlarged(np.rint(255 * face / face.max()).astype(np.uint8)) for face in faces]
    digits = load_digits().images[:_DIGITS]
    pictures["handwritten digits"] = [enlarged(np.rint(digit / 16 * 255).astype(np.uint8)) for digit in digits]
    pictures["tomograms and ultrasound"] = [_dicom(name) for name in _DICOM]
    return pictures


def parts(pictures: list[np.ndarray], count: int, rng: np.random.Generator) -> list[np.ndarray]:
    """Cuttings of a quarter to three quarters of the side, of one picture after the other."""
    cut = []
    for number in range(count):
        picture = pictures[number % len(pictures)]
        height, width = (round(side * rng.uniform(0.25, 0.75)) for side in picture.shape)
        top, left = rng.integers(0, picture.shape[0] - height), rng.integers(0, picture.shape[1] - width)
        cut.append(enlarged(picture[top : top + height, left : left + width]))
    return cut


def _folder(package: str) -> Path:
    found = importlib.util.find_spec(package)
    if found is None:
        needed = install_command("benchmark")
        raise MissingExtraError(f"{package} is not installed; its pictures are needed: {needed}")
    return Path(found.submodule_search_locations[0])


def _picture(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return enlarged(np.asarray(image.convert("RGB").convert("L")))


def _dicom(name: str) -> np.ndarray:
    dataset = pydicom.dcmread(get_testdata_file(name, download=False))
    values = np.asarray(dataset.pixel_array, np.float32)
    if values.ndim == 4:
        values = values[len(values) // 2]
    if values.ndim == 3:
        values = values.mean(axis=2)
    low, high = np.percentile(values, (0.5, 99.5))
    return enlarged(np.rint(np.clip((values - low) / (high - low), 0, 1) * 255).astype(np.uint8))


def enlarged(image: np.ndarray) -> np.ndarray:
    """A small picture at a size that is read: (H, W), its shorter side at least 256 pixels."""
    scale = max(_SIDE / min(image.shape), 1.0)
    height, width = (round(side * scale) for side in image.shape)
    return cv2.resize(image, (width, height), interpolation=cv2.INTER_CUBIC)
