"""Measure which radiographs and which other pictures the check for chest radiographs refuses."""

import argparse
from pathlib import Path
from typing import Any

from pneumonia.cli.arguments import seed
from pneumonia.data.manifest import read_classes
from pneumonia.inference.chest_check import CHEST_CHECK_FOLDER, FILES, FITTED
from pneumonia.weights.folder import read_bundle


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=Path, required=True, help="as for fit_chest_check, as are the next two")
    parser.add_argument("--outside", type=Path, required=True)
    parser.add_argument("--held-out", type=Path, required=True)
    parser.add_argument("--seed", type=seed, default=2, help="of the pictures that are drawn, cut and turned")


def measure(arguments: argparse.Namespace) -> dict[str, Any]:
    """Judge pictures of each kind, and radiographs of each set as they are and changed.

    Raises:
        DataError: if the images cannot be used, or a package that pictures are taken from is not installed.
    """
    bundle = read_bundle(CHEST_CHECK_FOLDER, FILES)
    from pneumonia.training.chest_check import divide
    from scripts.studies.chest_check.refusals import measure_others, measure_radiographs, pooled

    parts = divide(arguments.data, arguments.outside, arguments.held_out, bundle.config["fitting"]["seed"])
    native = read_classes(arguments.held_out).records
    # First, because a package may be missing.
    others = measure_others([*parts.reporting, *native], parts.reporting_external, arguments.seed)
    sets = {
        "children-report": parts.reporting,
        "children-native": native,
        "adult-selection": parts.choosing_external,
        "adult-report": parts.reporting_external,
    }
    radiographs = {}
    for name, records in sets.items():
        radiographs |= measure_radiographs(name, records)
    return {
        "fitted_sha256": bundle.sha256(FITTED),
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
