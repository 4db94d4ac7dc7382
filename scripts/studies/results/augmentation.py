"""Cost of augmentation: training steps with it, timed against the same on images already augmented in memory."""

import argparse
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pneumonia.cli.arguments import positive
from pneumonia.data.manifest import read_training_folder
from pneumonia.variants.registry import DEFAULT, get_variant, list_variants
from scripts.studies.timing import spread

if TYPE_CHECKING:
    import tensorflow as tf


def add_options(parser: argparse.ArgumentParser) -> None:
    trained_in_phases = [name for name in list_variants() if get_variant(name).recipe.phases]
    parser.add_argument("--data", type=Path, required=True, help="as for train.py")
    parser.add_argument("--variant", choices=trained_in_phases, default=DEFAULT)
    parser.add_argument("--steps", type=positive, default=20, help="steps in each stretch that is timed")
    parser.add_argument("--rounds", type=positive, default=5, help="stretches of each kind, in turn")


def measure(arguments: argparse.Namespace) -> dict[str, Any]:
    """Time stretches of both kinds in turn.

    Returns:
        `ratio`: seconds with augmentation over those without, the spread over the rounds.

    Raises:
        DataError: if the images cannot be used.
    """
    records = read_training_folder(arguments.data).records
    from pneumonia.data.pipeline import load_images, lung_masks, training_batches
    from pneumonia.inference.lung_segmentation import load_lung_fields
    from pneumonia.inference.preprocessor import new_preprocessor
    from pneumonia.models.registry import build_model
    from pneumonia.training.evidence_penalty import add_evidence_penalty
    from pneumonia.training.fit import LUNG_MARGIN
    from pneumonia.training.optimization import compile_model, new_optimizer

    variant = get_variant(arguments.variant)
    recipe = variant.recipe
    preprocessor = new_preprocessor(variant)
    # Evenly from both classes; just enough for a stretch.
    images = load_images(records[:: max(len(records) // (arguments.steps * recipe.batch_size), 1)], preprocessor)
    model, lungs = build_model(variant, training=True), None
    if recipe.evidence_penalty:
        lungs = lung_masks(images, load_lung_fields(), LUNG_MARGIN)
        model = add_evidence_penalty(model, recipe.evidence_penalty)
    all_steps = 2 * (arguments.rounds + 1) * arguments.steps
    compile_model(model, new_optimizer(recipe, recipe.phases[-1], all_steps), recipe.label_smoothing)

    def stretch(number: int) -> "tf.data.Dataset":
        epochs = range(number, number + 1)
        return training_batches(
            images, preprocessor.record, recipe.batch_size, 0, epochs, augmentation=recipe.augmentation, lungs=lungs
        )

    def seconds(batches: "tf.data.Dataset") -> float:
        started = time.perf_counter()
        model.fit(batches, verbose=0)
        return time.perf_counter() - started

    in_memory = stretch(0).cache()
    seconds(in_memory)  # the first pass fills the memory and compiles
    ratios = [seconds(stretch(number)) / seconds(in_memory) for number in range(1, arguments.rounds + 1)]
    print(f"augmented / already augmented: median {spread(ratios)['median']:.3f} of {len(ratios)} pairs", end=" ")
    print(f"({min(ratios):.3f} to {max(ratios):.3f})")
    return {"ratio": spread(ratios)}
