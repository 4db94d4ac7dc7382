"""Fit the classifier of whose lungs these may be, a child's or an adult's, and write its weights folder."""

import argparse
from pathlib import Path

from pneumonia.cli.arguments import seed
from pneumonia.cli.data_folders import require_outside
from pneumonia.cli.exit_codes import DONE, run_command
from pneumonia.cli.recorded_command import command_line
from pneumonia.core.populations import POPULATIONS
from pneumonia.weights.folder import require_replaceable


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, nargs=2, required=True, help="folders or tables, as for pneumonia train")
    parser.add_argument("--populations", choices=POPULATIONS, nargs=2, required=True, help="of the patients of each")
    parser.add_argument("--output", type=Path, required=True, help="weights folder to write")
    parser.add_argument("--seed", type=seed, default=0, help="of the split (default: 0)")
    return parser.parse_args()


def main() -> int:
    arguments = parse_arguments()
    for place in arguments.data:
        require_outside(place, arguments.output)
    require_replaceable(arguments.output)
    from pneumonia.training.lungs.shape import fit_lung_shape

    command = command_line("-m scripts.tools.fit_lung_shape", arguments)
    metrics = fit_lung_shape(**vars(arguments), command=command)
    for name, figures in metrics["sets"].items():
        print(f"{name}: {figures['n']} images, {figures['children']} children's, {figures['adults']} adults'")
    return DONE


if __name__ == "__main__":
    run_command(main)
