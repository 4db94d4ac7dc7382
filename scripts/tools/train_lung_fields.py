"""Train the lung-field segmentation and write its weights folder."""

import argparse
import sys
from pathlib import Path

from pneumonia.cli.arguments import positive, seed
from pneumonia.cli.data_folders import require_outside
from pneumonia.cli.exit_codes import DONE, SOME_REJECTED, run_command
from pneumonia.cli.resume import add_resume, resumable
from pneumonia.errors import DataError
from pneumonia.weights.folder import require_replaceable


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--data", type=Path, required=True, help="folder of NORMAL and PNEUMONIA, or train/val of those"
    )
    parser.add_argument("--masks", type=Path, required=True, help="folder of PNG masks, each named as its image")
    parser.add_argument("--output", type=Path, required=True, help="weights folder to write")
    parser.add_argument("--epochs", type=positive, help="passes over the images (default: as published)")
    parser.add_argument("--seed", type=seed, default=0, help="of split, parameters and augmentation (default: 0)")
    add_resume(parser)
    return parser.parse_args()


def main() -> int:
    arguments = parse_arguments()
    require_outside(arguments.data, arguments.output)
    if not arguments.masks.is_dir():
        raise DataError("The folder named by --masks does not exist.")
    require_replaceable(arguments.output)
    with resumable("-m scripts.tools.train_lung_fields", arguments) as (command, checkpoints):
        from pneumonia.training.lungs.fields import EPOCHS, train_lung_fields

        result = train_lung_fields(
            data=arguments.data,
            masks=arguments.masks,
            output=arguments.output,
            epochs=arguments.epochs or EPOCHS,
            seed=arguments.seed,
            command=command,
            checkpoints=checkpoints,
        )
    for name, reason in result.skipped:
        print(f"skipped {name}: {reason}", file=sys.stderr)
    figures = result.metrics["sets"]["validation"]
    dice = figures["dice"]
    print(f"Validation: Dice {dice['value']:.4f} ({dice['low']:.4f} to {dice['high']:.4f}), {figures['n']} images")
    print(f"Skipped {len(result.skipped)} unreadable files")
    return SOME_REJECTED if result.skipped else DONE


if __name__ == "__main__":
    run_command(main)
