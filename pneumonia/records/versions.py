"""Versions and hashes of all that a reading is made with besides the weights of its variant."""

from collections.abc import Callable
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from platform import machine, python_version

from pneumonia._version import __version__
from pneumonia.errors import WeightsError
from pneumonia.inference.chest_check import load_chest_check
from pneumonia.inference.lung_segmentation import load_lung_fields
from pneumonia.inference.lung_shape import load_lung_shape

# Packages that decode, resize and run the networks; OpenCV comes as one of two.
_PACKAGES = (
    *("ai-edge-litert", "numpy", "opencv-python-headless", "opencv-python", "pillow"),
    *("pydicom", "pylibjpeg-openjpeg", "python-gdcm"),
)
_SHARED: dict[str, Callable] = {
    "lung-fields": load_lung_fields,
    "plausibility": load_chest_check,
    "lung-shape": load_lung_shape,
}


@cache
def serving_versions() -> dict[str, str]:
    """Versions of this program, of Python and of the packages that decode and run; and the kind of processor."""
    versions = {"pneumonia": __version__, "python": python_version(), "machine": machine()}
    for package in _PACKAGES:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            continue  # an optional decoder, or the other OpenCV
    return versions


def shared_weights() -> dict[str, str | WeightsError]:
    """Hashes of the weights that all variants share for their checks, by name; why, where one cannot be loaded."""
    hashes: dict[str, str | WeightsError] = {}
    for name, load in _SHARED.items():
        try:
            hashes[name] = load().weights_sha256
        except WeightsError as error:
            hashes[name] = error
    return hashes


def shared_hashes() -> dict[str, str | None]:
    """Hashes of `shared_weights`, with None for what cannot be loaded."""
    return {name: sha256 if isinstance(sha256, str) else None for name, sha256 in shared_weights().items()}
