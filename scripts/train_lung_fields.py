#!/usr/bin/env python3
"""Train the lung-field segmentation and write its weights folder."""

import argparse
import shutil
import sys
from pathlib import Path

import cli

from pneumonia.bundle import require_replaceable
from pneumonia.errors import DataError


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--data", type=Path, required=True, help="folder of NORMAL and PNEUMONIA, or train/val of those"
    )
    parser.add_argument("--masks", type=Path, required=True, help="folder of PNG masks, each named as its image")
    parser.add_argument("--output", type=Path, required=True, help="weights folder to write")
    parser.add_argument("--epochs", type=cli.positive, help="passes over the images (default: as published)")
    parser.add_argument("--seed", type=cli.seed, default=0)
    parser.add_argument("--resume", action="store_true", help="take up an interrupted training by the same command")
    return parser.parse_args()


def main() -> int:
    arguments = parse_arguments()
    if not arguments.masks.is_dir():
        raise DataError("The folder named by --masks does not exist.")
    require_replaceable(arguments.output)
    cli.require_outside(arguments.data, arguments.output)
    command = cli.command_line("train_lung_fields.py", arguments)
    checkpoints = cli.checkpoint_folder(arguments.output, command, arguments.resume)
    from pneumonia.training.lung_fields import EPOCHS, LungFieldsJob, train_lung_fields

    result = train_lung_fields(
        LungFieldsJob(
            data=arguments.data,
            masks=arguments.masks,
            output=arguments.output,
            epochs=arguments.epochs or EPOCHS,
            seed=arguments.seed,
            command=command,
            checkpoints=checkpoints,
        )
    )
    shutil.rmtree(checkpoints)
    for name, reason in result.skipped:
        print(f"skipped {name}: {reason}", file=sys.stderr)
    figures = result.metrics["sets"]["validation"]
    dice = figures["dice"]
    print(f"Validation: Dice {dice['value']:.4f} ({dice['low']:.4f} to {dice['high']:.4f}), {figures['n']} images")
    print(f"Skipped {len(result.skipped)} unreadable files")
    return cli.SOME_REJECTED if result.skipped else cli.DONE


if __name__ == "__main__":
    cli.run(main)
