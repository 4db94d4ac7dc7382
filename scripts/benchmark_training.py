#!/usr/bin/env python3
"""Time training steps with augmentation against the same steps on images already augmented in memory."""

import argparse
import statistics
import time
from collections.abc import Iterable
from pathlib import Path

import cli

from pneumonia.data.manifest import read_training_folder
from pneumonia.variants import DEFAULT, get_variant, list_variants


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="as for train.py")
    parser.add_argument("--variant", choices=list_variants(), default=DEFAULT)
    parser.add_argument("--steps", type=cli.positive, default=20, help="steps in each stretch that is timed")
    parser.add_argument("--rounds", type=cli.positive, default=5, help="stretches of each kind, in turn")
    return parser.parse_args()


def main() -> int:
    arguments = parse_arguments()
    records = read_training_folder(arguments.data)
    import keras

    from pneumonia.data.pipeline import load_images, training_batches
    from pneumonia.models import build_model
    from pneumonia.preprocessor import new_preprocessor

    variant = get_variant(arguments.variant)
    batch_size = variant.recipe.batch_size
    preprocessor = new_preprocessor(variant.image_size, variant.field)
    # Evenly from both classes; just enough for a stretch.
    images = load_images(records[:: max(len(records) // (arguments.steps * batch_size), 1)], preprocessor)
    model = build_model(variant)
    model.compile(keras.optimizers.AdamW(1e-4), keras.losses.BinaryCrossentropy(from_logits=True))

    def stretch(number: int) -> Iterable:
        return training_batches(images, preprocessor.record, batch_size, seed=0, epochs=range(number, number + 1))

    def seconds(batches: Iterable) -> float:
        started = time.perf_counter()
        for inputs, labels in batches:
            model.train_on_batch(inputs, labels)
        return time.perf_counter() - started

    in_memory = list(stretch(0))
    seconds(in_memory)  # the first pass also compiles
    ratios = [seconds(stretch(number)) / seconds(in_memory) for number in range(1, arguments.rounds + 1)]
    print(f"augmented / already augmented: median {statistics.median(ratios):.3f} of {len(ratios)} pairs", end=" ")
    print(f"({min(ratios):.3f} to {max(ratios):.3f})")
    return cli.DONE


if __name__ == "__main__":
    cli.run(main)
