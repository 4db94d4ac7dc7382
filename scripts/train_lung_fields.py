#!/usr/bin/env python3
"""Train the lung-field segmentation and write its weights folder."""

import argparse
import os
import shutil
import sys
from pathlib import Path

import cli

from pneumonia.errors import DataError


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--data", type=Path, required=True, help="folder of NORMAL and PNEUMONIA, or train/val of those"
    )
    parser.add_argument("--masks", type=Path, required=True, help="folder of PNG masks, each named as its image")
    parser.add_argument("--output", type=Path, required=True, help="weights folder to write")
    parser.add_argument("--epochs", type=_positive, help="passes over the images (default: as published)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--resume", action="store_true", help="take up an interrupted training of the same output")
    return parser.parse_args()


def main() -> int:
    arguments = parse_arguments()
    if not arguments.masks.is_dir():
        raise DataError("The folder named by --masks does not exist.")
    checkpoints = arguments.output.with_name(f".{arguments.output.name}-checkpoints")
    if checkpoints.exists() and not arguments.resume:
        shutil.rmtree(checkpoints)
    checkpoints.mkdir(parents=True, exist_ok=True)
    # tensorflow reads this when it is imported.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    from pneumonia.training.lung_fields import EPOCHS, LungFieldsJob, train_lung_fields

    result = train_lung_fields(
        LungFieldsJob(
            data=arguments.data,
            masks=arguments.masks,
            output=arguments.output,
            epochs=arguments.epochs or EPOCHS,
            seed=arguments.seed,
            command=_command(arguments),
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


def _command(arguments: argparse.Namespace) -> str:
    """The command that does the same training, without paths of this machine."""
    parts = ["python scripts/train_lung_fields.py"]
    for name, value in vars(arguments).items():
        if value is None or name == "resume":
            continue
        parts.append(f"--{name} {cli.portable(value) if isinstance(value, Path) else value}")
    return " ".join(parts)


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return value


if __name__ == "__main__":
    cli.run(main)
