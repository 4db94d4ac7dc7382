#!/usr/bin/env python3
"""Export the published networks in every form, and measure each on the validation images."""

import argparse
import json
import tempfile
from importlib.metadata import version
from pathlib import Path

from tqdm import tqdm

import cli

from pneumonia.bundle import WEIGHTS_FOLDER, json_bytes, read_bundle
from pneumonia.data.manifest import read_training_folder
from pneumonia.exports.formats import FORMATS
from pneumonia.variants import PUBLISHED

_CORES = 2


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder the networks were trained on")
    parser.add_argument("--variants", nargs="+", choices=PUBLISHED, default=PUBLISHED, help="default: all published")
    parser.add_argument("--rounds", type=cli.positive, default=50, help="how often one pass is timed (default: 50)")
    parser.add_argument("--output", type=Path, required=True, help="JSON file to write the figures to")
    return parser.parse_args()


def main() -> int:
    arguments = parse_arguments()
    for form in FORMATS:
        form.require_modules()
    records = read_training_folder(arguments.data)
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
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    for variant in arguments.variants:
        forms = tqdm(FORMATS, variant, unit="form", disable=None)
        with tempfile.TemporaryDirectory() as folder:
            measured = study(
                read_bundle(WEIGHTS_FOLDER / variant), records, forms, Path(folder), _CORES, arguments.rounds
            )
        # After each, because all of them take long; the others' figures stay.
        figures = json.loads(arguments.output.read_text()) if arguments.output.exists() else {}
        figures[variant] = {"command": _command(variant, arguments), **run, **measured}
        arguments.output.write_bytes(json_bytes({name: figures[name] for name in PUBLISHED if name in figures}))
    return cli.DONE


def _command(variant: str, arguments: argparse.Namespace) -> str:
    return (
        f"python scripts/evaluate_exports.py --data {cli.portable(arguments.data)} --variants {variant} "
        f"--rounds {arguments.rounds} --output {cli.portable(arguments.output)}"
    )


if __name__ == "__main__":
    cli.run(main)
