#!/usr/bin/env python3
"""Fit calibrations to many draws of local images and score them on others, from the scores stored with the weights."""

import argparse

from tqdm import tqdm

import cli

from pneumonia.bundle import json_bytes
from pneumonia.evaluation.recalibration_study import DRAWS, MADE_SHIFT, sites_of, study
from pneumonia.predictor import load_predictor
from pneumonia.variants import PUBLISHED

FIGURES = cli.ROOT / "docs" / "results" / "recalibration.json"


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=cli.output_file, default=FIGURES, help="JSON file to write the figures to")
    return parser.parse_args()


def main() -> int:
    arguments = parse_arguments()
    predictors = {variant: load_predictor(variant) for variant in PUBLISHED}
    sites = {variant: sites_of(predictor) for variant, predictor in predictors.items()}
    jobs = [(site, variant) for site in sites[PUBLISHED[0]] for variant in PUBLISHED]
    figures: dict[str, dict] = {}
    for site, variant in tqdm(jobs, unit="study", disable=None):
        figures.setdefault(site, {})[variant] = study(predictors[variant], *sites[variant][site])
    arguments.output.write_bytes(
        json_bytes(
            {
                "command": cli.command_line("evaluate_recalibration.py", arguments),
                "draws": DRAWS,
                "made_shift": MADE_SHIFT,
                "weights": {variant: predictor.version for variant, predictor in predictors.items()},
                "sites": figures,
            }
        )
    )
    return cli.DONE


if __name__ == "__main__":
    cli.run(main)
