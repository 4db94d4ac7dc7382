"""The trained network that is exported, and the radiographs its exports are made and judged with."""

import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import keras
import numpy as np

from pneumonia.data.manifest import Record
from pneumonia.data.pipeline import load_images, prepare_inputs
from pneumonia.data.splits import validation_records
from pneumonia.exports.comparison import Readings
from pneumonia.exports.runtimes import read_keras
from pneumonia.exports.serving_graph import ServingModule
from pneumonia.imaging.decode import decode
from pneumonia.inference.input_transform import Preprocessing
from pneumonia.inference.preprocessor import Preprocessor
from pneumonia.weights.folder import KERAS_MODEL, Bundle

# Validation images on which an export is compared with its source.
CHECKED = 50
# Training images from which int8 takes the range of each layer's values.
_REPRESENTATIVE = 100


@dataclass(frozen=True)
class _Settings:
    """Values of config.json."""

    preprocessing: Preprocessing


@dataclass(frozen=True)
class _PopulationSettings:
    """Values that it holds of a population."""

    temperature: float
    offset: float = 0.0


@dataclass(frozen=True)
class SourceModel:
    """A weights folder whose network is exported.

    Attributes:
        bundle: the folder, verified.
        representative: float32 (N, S, S, 1) in [0, 1], training images; None where they are not at hand.
    """

    bundle: Bundle
    representative: np.ndarray | None = None

    @property
    def calibrations(self) -> dict[str, tuple[float, float]]:
        """Temperature and offset by population: the sigmoid is taken of (logit + offset) / temperature."""
        settings = self.bundle.population_settings(_PopulationSettings)
        return {name: (of.temperature, of.offset) for name, of in settings.items()}

    @property
    def temperature(self) -> float:
        """The least of them: under it, two logits differ most in their probability."""
        return min(temperature for temperature, _ in self.calibrations.values())

    @cached_property
    def model(self) -> keras.Model:
        """The Keras model."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / KERAS_MODEL
            path.write_bytes(self.bundle.contents[KERAS_MODEL])
            return keras.models.load_model(path, compile=False)

    @cached_property
    def serving(self) -> ServingModule:
        """The graph of logit and map."""
        return ServingModule(self.model)

    def read(self, images: np.ndarray) -> Readings:
        """Read images, float32 (N, S, S, 1) in [0, 1], preprocessed, with the Keras model."""
        return read_keras(self.model, images)


def preprocessor_of(bundle: Bundle) -> Preprocessor:
    """From pixels to the input of a bundle's network."""
    return Preprocessor(bundle.settings(_Settings).preprocessing)


def prepare_files(paths: Iterable[Path], preprocessor: Preprocessor) -> np.ndarray:
    """The network's input for some radiographs: float32 (N, S, S, 1) in [0, 1].

    Raises:
        ImageError: if one cannot be read.
    """
    return np.stack([preprocessor.apply(decode(path).pixels).image for path in paths])[..., None]


def representative_images(bundle: Bundle, records: list[Record]) -> np.ndarray:
    """Some of the images a network was trained on, drawn by a fixed seed.

    Args:
        records: of the folder it was trained on.

    Returns:
        float32 (N, S, S, 1) in [0, 1], preprocessed.

    Raises:
        DataError: if it was another folder.
    """
    validation = set(validation_records(bundle, records))
    train = [record for record in records if record not in validation]
    return _load_inputs(sample_records(train, _REPRESENTATIVE), bundle)


def checked_images(bundle: Bundle, records: list[Record]) -> np.ndarray:
    """Validation images on which an export is compared with its source; arguments and result as above."""
    return _load_inputs(sample_records(validation_records(bundle, records), CHECKED), bundle)


def sample_records(records: list[Record], count: int) -> list[Record]:
    """Up to so many of some images, in an order drawn at random by a fixed seed."""
    return [records[i] for i in np.random.default_rng(0).permutation(len(records))[:count]]


def _load_inputs(records: list[Record], bundle: Bundle) -> np.ndarray:
    preprocessor = preprocessor_of(bundle)
    return prepare_inputs(load_images(records, preprocessor), preprocessor)
