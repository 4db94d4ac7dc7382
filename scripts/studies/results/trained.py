"""The main figures of a weights folder that is not published, kept beside those that are."""

import argparse
from pathlib import Path
from typing import Any

from pneumonia.weights.folder import read_bundle

SHARES = ("accuracy", "sensitivity", "specificity")


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", type=Path, help="weights folder of a training")


def measure(arguments: argparse.Namespace) -> dict[str, Any]:
    """Keep the main figures of a training, with its own command."""
    return summary(arguments.folder)


def summary(folder: Path) -> dict[str, Any]:
    """Describe how a weights folder was trained, with its main figures."""
    bundle = read_bundle(folder)
    training = bundle.config["training"]
    return {
        "version": bundle.config["version"],
        "command": training["command"],
        "minutes": training["minutes"],
        "epochs": len(bundle.contents["history.csv"].decode().splitlines()) - 1,
        "planned_epochs": _planned_epochs(training["recipe"]),
        "sets": {
            name: {"auroc": s["auroc"], **{m: s["operating_points"]["balanced"][m] for m in SHARES}}
            for name, s in bundle.metrics["sets"].items()
        },
    }


def _planned_epochs(recipe: dict[str, Any]) -> int:
    """Count as many epochs as history.csv has rows where nothing stops early; the linear probe is one."""
    probe = recipe["linear_probe"] is not None
    return recipe["adaptation_epochs"] + probe + sum(phase["epochs"] for phase in recipe["phases"])
