#!/usr/bin/env python3
"""Fit the check that refuses what is no frontal chest radiograph, and write its weights folder."""

import argparse
from pathlib import Path

import cli

from pneumonia.bundle import require_replaceable


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--data", type=Path, required=True, help="folder of NORMAL and PNEUMONIA, or train/val of those"
    )
    parser.add_argument("--outside", type=Path, required=True, help="the same of another hospital; half fix the limits")
    parser.add_argument("--held-out", type=Path, required=True, help="the same; these patients are left out")
    parser.add_argument("--output", type=Path, required=True, help="weights folder to write")
    parser.add_argument("--seed", type=cli.seed, default=0)
    return parser.parse_args()


def main() -> int:
    arguments = parse_arguments()
    require_replaceable(arguments.output)
    cli.require_outside(arguments.data, arguments.output)
    from pneumonia.training.plausibility import PlausibilityJob, fit_plausibility

    command = cli.command_line("fit_plausibility.py", arguments)
    metrics = fit_plausibility(PlausibilityJob(**vars(arguments), command=command))
    for name, figures in metrics["sets"].items():
        print(f"{name}: {figures['n']} images, {figures['above_warn']} above the warning")
    return cli.DONE


if __name__ == "__main__":
    cli.run(main)
