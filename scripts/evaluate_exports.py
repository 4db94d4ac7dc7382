#!/usr/bin/env python3
"""Export the published networks in every form, and measure each on the validation images."""

import argparse
import json
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tqdm import tqdm

import cli

from pneumonia.bundle import WEIGHTS_FOLDER, json_bytes, read_bundle
from pneumonia.data.manifest import read_training_folder
from pneumonia.errors import DataError
from pneumonia.exports.formats import FORMATS
from pneumonia.variants import PUBLISHED

_CORES = 2


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder the networks were trained on")
    cli.add_patients(parser)
    parser.add_argument("--variants", nargs="+", choices=PUBLISHED, default=PUBLISHED, help="default: all published")
    parser.add_argument("--rounds", type=cli.positive, default=50, help="how often one pass is timed (default: 50)")
    parser.add_argument("--output", type=cli.output_file, required=True, help="JSON file to write the figures to")
    return parser.parse_args()


def main() -> int:
    arguments = parse_arguments()
    cli.require_outside(arguments.data, arguments.output)
    for form in FORMATS:
        form.require_modules()
    _written(arguments.output)
    records = read_training_folder(arguments.data, cli.patients(arguments)).records
    cli.keep_to_cores(_CORES)
    # Imported only now, when it can see no more cores than these.
    from pneumonia.evaluation import speed
    from pneumonia.evaluation.exports import study
    from pneumonia.training.versions import versions

    runtimes = {name: version(name) for name in ("ai-edge-litert", "onnxruntime", "tf2onnx")}
    run = {
        "machine": {"processor": speed.processor(), "threads": _CORES, "versions": {**versions(), **runtimes}},
        "rounds": arguments.rounds,
    }
    for variant in arguments.variants:
        forms = tqdm(FORMATS, variant, unit="form", disable=None)
        with tempfile.TemporaryDirectory() as folder:
            measured = study(
                read_bundle(WEIGHTS_FOLDER / variant), records, forms, Path(folder), _CORES, arguments.rounds
            )
        # After each, because all of them take long; the others' figures stay.
        figures = _written(arguments.output)
        command = cli.command_line("evaluate_exports.py", arguments, variants=[variant])
        figures[variant] = {"command": command, **run, **measured}
        arguments.output.write_bytes(json_bytes({name: figures[name] for name in PUBLISHED if name in figures}))
    return cli.DONE


def _written(path: Path) -> dict[str, Any]:
    """The figures that are there already, by variant.

    Raises:
        DataError: if the file holds something else.
    """
    if not path.exists():
        return {}
    try:
        figures = json.loads(path.read_bytes())
    except ValueError:
        figures = None
    if not isinstance(figures, dict):
        raise DataError("The file named by --output is there and holds no figures; it was left alone.")
    return figures


if __name__ == "__main__":
    cli.run(main)
