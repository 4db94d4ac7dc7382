#!/usr/bin/env python3
"""Time training steps with augmentation against the same steps on images already augmented in memory."""

import argparse
import time
from pathlib import Path
from typing import TYPE_CHECKING

import cli

from pneumonia.bundle import json_bytes
from pneumonia.data.manifest import read_training_folder
from pneumonia.evaluation.speed import spread
from pneumonia.variants import DEFAULT, get_variant, list_variants

if TYPE_CHECKING:
    import tensorflow as tf


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    trained_in_phases = [name for name in list_variants() if get_variant(name).recipe.phases]
    parser.add_argument("--data", type=Path, required=True, help="as for train.py")
    parser.add_argument("--variant", choices=trained_in_phases, default=DEFAULT)
    parser.add_argument("--steps", type=cli.positive, default=20, help="steps in each stretch that is timed")
    parser.add_argument("--rounds", type=cli.positive, default=5, help="stretches of each kind, in turn")
    parser.add_argument("--output", type=cli.output_file, help="JSON file to write the ratios to")
    return parser.parse_args()


def main() -> int:
    arguments = parse_arguments()
    cli.require_outside(arguments.data, arguments.output)
    records = read_training_folder(arguments.data).records
    from pneumonia.data.pipeline import load_images, lung_masks, training_batches
    from pneumonia.lung_fields import load_lung_fields
    from pneumonia.models import build_model
    from pneumonia.models.evidence import guided
    from pneumonia.preprocessor import new_preprocessor
    from pneumonia.training.loop import LUNG_MARGIN
    from pneumonia.training.objective import compile_model, new_optimizer

    variant = get_variant(arguments.variant)
    recipe = variant.recipe
    preprocessor = new_preprocessor(variant)
    # Evenly from both classes; just enough for a stretch.
    images = load_images(records[:: max(len(records) // (arguments.steps * recipe.batch_size), 1)], preprocessor)
    model, lungs = build_model(variant, training=True), None
    if recipe.evidence_penalty:
        lungs = lung_masks(images, load_lung_fields(), LUNG_MARGIN)
        model = guided(model, recipe.evidence_penalty)
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
    if arguments.output:
        command = cli.command_line("benchmark_training.py", arguments)
        arguments.output.write_bytes(json_bytes({"command": command, "ratio": spread(ratios)}))
    print(f"augmented / already augmented: median {spread(ratios)['median']:.3f} of {len(ratios)} pairs", end=" ")
    print(f"({min(ratios):.3f} to {max(ratios):.3f})")
    return cli.DONE


if __name__ == "__main__":
    cli.run(main)
