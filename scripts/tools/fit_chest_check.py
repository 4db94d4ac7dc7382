"""Fit the check that refuses what is no frontal chest radiograph, and write its weights folder."""

import argparse
from pathlib import Path

from pneumonia.cli.arguments import seed
from pneumonia.cli.data_folders import require_outside
from pneumonia.cli.exit_codes import DONE, run_command
from pneumonia.cli.recorded_command import command_line
from pneumonia.weights.folder import require_replaceable


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--data", type=Path, required=True, help="folder of NORMAL and PNEUMONIA, or train/val of those"
    )
    parser.add_argument("--outside", type=Path, required=True, help="the same of another hospital; half fix the limits")
    parser.add_argument("--held-out", type=Path, required=True, help="the same; these patients are left out")
    parser.add_argument("--output", type=Path, required=True, help="weights folder to write")
    parser.add_argument("--seed", type=seed, default=0, help="of what is drawn by chance (default: 0)")
    return parser.parse_args()


def main() -> int:
    arguments = parse_arguments()
    for folder in (arguments.data, arguments.outside, arguments.held_out):
        require_outside(folder, arguments.output)
    require_replaceable(arguments.output)
    from pneumonia.training.chest_check import fit_chest_check

    command = command_line("-m scripts.tools.fit_chest_check", arguments)
    metrics = fit_chest_check(**vars(arguments), command=command)
    for name, figures in metrics["sets"].items():
        print(f"{name}: {figures['n']} images, {figures['above_warn']} above the warning")
    return DONE


if __name__ == "__main__":
    run_command(main)
