#!/usr/bin/env python3
"""Measure what the check for chest radiographs refuses, and write docs/inputs.json and docs/inputs.md.

Needs scikit-image for some of the pictures, as requirements-benchmark.txt has it.
"""

import argparse
from pathlib import Path

import cli
from report_inputs import FIGURES, render

from pneumonia.bundle import json_bytes, read_bundle
from pneumonia.data.manifest import read_classes
from pneumonia.plausibility import FILES, FITTED, PLAUSIBILITY_FOLDER


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="as for fit_plausibility.py, as are the next two")
    parser.add_argument("--outside", type=Path, required=True)
    parser.add_argument("--held-out", type=Path, required=True)
    parser.add_argument("--seed", type=cli.seed, default=2, help="of the pictures that are drawn, cut and turned")
    return parser.parse_args()


def main() -> int:
    arguments = parse_arguments()
    bundle = read_bundle(PLAUSIBILITY_FOLDER, FILES)
    from pneumonia.evaluation.plausibility import measure_others, measure_radiographs, pooled
    from pneumonia.training.plausibility import divide

    parts = divide(arguments.data, arguments.outside, arguments.held_out, bundle.config["fitting"]["seed"])
    native = read_classes(arguments.held_out).records
    # First, because a package may be missing.
    others = measure_others([*parts.reporting, *native], parts.reporting_outside, arguments.seed)
    sets = {
        "children-report": parts.reporting,
        "children-native": native,
        "adult-selection": parts.choosing_outside,
        "adult-report": parts.reporting_outside,
    }
    radiographs = {}
    for name, records in sets.items():
        radiographs |= measure_radiographs(name, records)
    result = {
        "command": cli.command_line("evaluate_plausibility.py", arguments),
        "fitted_sha256": bundle.config["files"][FITTED]["sha256"],
        "lung_fields_sha256": bundle.config["lung_fields"],
        "limits": bundle.config["limits"],
        "radiographs": radiographs,
        "others": others,
        "pooled": {
            "all": pooled(others),
            "not made of radiographs": pooled(row for row in others if not row["fitted"]),
            "first looked at afterwards": pooled(row for row in others if row["later"]),
            "made of radiographs": pooled(row for row in others if row["fitted"]),
        },
    }
    FIGURES.write_bytes(json_bytes(result))
    FIGURES.with_suffix(".md").write_text(render(result))
    for name, figures in result["pooled"].items():
        print(f"{name}: {figures['refused']['value']:.1%} of {figures['n']} refused")
    return cli.DONE


if __name__ == "__main__":
    cli.run(main)
