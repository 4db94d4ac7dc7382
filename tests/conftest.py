"""Fixtures shared by all tests."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from pneumonia.inference.chest_check import ChestCheck
from pneumonia.inference.predictor import Predictor
from tests.fixtures.browsing import address, brighter, browser, chest, page  # noqa: F401
from tests.fixtures.tiny import SIZE, write_tiny_bundle, write_tiny_data

# The same examples in every run; pytest --hypothesis-profile=long draws others, and many.
_ANY_TIME = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("quick", max_examples=40, derandomize=True, database=None, **_ANY_TIME)
settings.register_profile("long", max_examples=1000, **_ANY_TIME)
settings.load_profile("quick")


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
    from pneumonia.weights.folder import read_bundle

    return Predictor.from_bundle(read_bundle(tiny_weights))


@pytest.fixture
def any_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is refused as no chest radiograph: for tests that read discs and noise."""
    monkeypatch.setattr(ChestCheck, "judge", lambda *_: None)


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory):
    """The decoded images of a tiny training folder; not to be changed."""
    from pneumonia.data.manifest import read_training_folder
    from pneumonia.data.pipeline import load_images
    from pneumonia.inference.input_transform import Preprocessing
    from pneumonia.inference.preprocessor import Preprocessor

    folder = tmp_path_factory.mktemp("data")
    write_tiny_data(folder)
    return load_images(read_training_folder(folder).records, Preprocessor(Preprocessing(size=SIZE)))
