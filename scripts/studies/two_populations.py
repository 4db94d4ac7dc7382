"""A network that was trained on two populations, with the images of its training again."""

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np

from pneumonia.cli.arguments import add_patients
from pneumonia.cli.training_arguments import add_populations
from pneumonia.data.manifest import Manifest
from pneumonia.data.pipeline import ImageSet
from pneumonia.errors import DataError
from pneumonia.inference.input_transform import Preprocessing
from pneumonia.inference.preprocessor import Preprocessor
from pneumonia.training.parts import load_parts
from pneumonia.training.shared_head import SharedHeads, shared_heads, two_views
from pneumonia.variants.registry import get_variant
from pneumonia.weights.folder import KERAS_MODEL, read_bundle


def add_trained_options(parser: argparse.ArgumentParser) -> None:
    """Options that name a trained network and the data of its training."""
    parser.add_argument("--weights", type=Path, required=True, help="weights folder of a training on two populations")
    parser.add_argument("--data", nargs="+", type=Path, required=True, help="as in the training")
    add_patients(parser)
    add_populations(parser)


class TrainedOnTwo(NamedTuple):
    """A trained network and its images.

    Attributes:
        model: that is in the folder.
        preprocessor: prepares its input.
        train: images of the main population, trained with.
        validation: images of the same.
        others: images of the other population.
        inverse_penalty: of the head that was fitted to both.
        seed: of the training.
        config: of the folder.
        weights_sha256: hash of what is served of it.
    """

    model: keras.Model
    preprocessor: Preprocessor
    train: ImageSet
    validation: ImageSet
    others: ImageSet
    inverse_penalty: float
    seed: int
    config: dict[str, Any]
    weights_sha256: str

    def views(self) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """Pooled features of `train` and of `others`, as `two_views` gives them."""
        of_both = (two_views(self.model, images, self.preprocessor, self.seed) for images in (self.train, self.others))
        return tuple(of_both)

    def heads(self) -> SharedHeads:
        """The heads that the training fitted, those of the folds too."""
        return shared_heads(self.train, self.others, *self.views(), self.inverse_penalty, self.seed)


def load_trained(folder: Path, manifest: Manifest) -> TrainedOnTwo:
    """Read a weights folder, and the images of its training.

    Raises:
        DataError: if the network or the images are not of two populations.
    """
    bundle = read_bundle(folder)
    variant, seed = get_variant(bundle.config["variant"]), bundle.config["training"]["seed"]
    preprocessor = Preprocessor(Preprocessing(**bundle.config["preprocessing"]))
    # Nothing is adapted again.
    plain = replace(variant, recipe=replace(variant.recipe, adaptation_epochs=0))
    parts = load_parts(plain, manifest, manifest.records, preprocessor, seed)
    if parts.others is None or variant.recipe.shared_head is None:
        raise DataError(f"{folder.name} has no head for a second population, or --data has images of one alone.")
    model = keras.models.load_model(folder / KERAS_MODEL, compile=False)
    images = (parts.train, parts.validation, parts.others)
    return TrainedOnTwo(
        model, preprocessor, *images, variant.recipe.shared_head, seed, bundle.config, bundle.weights_sha256
    )
