"""Fixtures shared by all tests."""

import os
from pathlib import Path

import pytest

from pneumonia.predictor import Predictor
from tests.tiny import write_tiny_bundle


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The folder of real radiographs that PNEUMONIA_DATA names."""
    folder = os.environ.get("PNEUMONIA_DATA")
    if not folder or not Path(folder).is_dir():
        pytest.skip("PNEUMONIA_DATA does not name a folder of radiographs")
    return Path(folder)


@pytest.fixture(scope="session")
def tiny_weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A complete weights folder of a small untrained network; not to be changed."""
    folder = tmp_path_factory.mktemp("weights") / "custom-cnn"
    write_tiny_bundle(folder)
    return folder


@pytest.fixture(scope="session")
def tiny_predictor(tiny_weights: Path) -> Predictor:
    """A predictor on the tiny weights."""
    from pneumonia.bundle import read_bundle

    return Predictor(read_bundle(tiny_weights))
