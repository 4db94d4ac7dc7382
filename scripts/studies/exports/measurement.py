"""A published network in every exported form, on the validation images."""

import argparse
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tqdm import tqdm

from pneumonia.cli.arguments import add_patients, patients_of, positive
from pneumonia.data.manifest import read_training_folder
from pneumonia.exports.formats import FORMATS
from pneumonia.variants.registry import PUBLISHED
from pneumonia.weights.folder import WEIGHTS_FOLDER, read_bundle
from scripts.studies.timing import keep_to_cores, processor

_CORES = 2


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=Path, required=True, help="folder the network was trained on")
    add_patients(parser)
    parser.add_argument("--variant", choices=PUBLISHED, required=True)
    parser.add_argument("--rounds", type=positive, default=50, help="how often one pass is timed (default: 50)")


def measure(arguments: argparse.Namespace) -> dict[str, Any]:
    """Export a network in every form, and measure each.

    Raises:
        DataError: if the images are not those of its training.
        PneumoniaError: if what a form needs is not installed.
    """
    for form in FORMATS:
        form.require_modules()
    records = read_training_folder(arguments.data, patients_of(arguments)).records
    keep_to_cores(_CORES)
    # Imported only now, when it can see no more cores than these.
    from pneumonia.training.outcome import versions
    from scripts.studies.exports.forms import study

    runtimes = {name: version(name) for name in ("ai-edge-litert", "onnxruntime", "tf2onnx")}
    bundle = read_bundle(WEIGHTS_FOLDER / arguments.variant)
    forms = tqdm(FORMATS, arguments.variant, unit="form", disable=None)
    with tempfile.TemporaryDirectory() as folder:
        measured = study(bundle, records, forms, Path(folder), _CORES, arguments.rounds)
    return {
        "machine": {"processor": processor(), "threads": _CORES, "versions": {**versions(), **runtimes}},
        "rounds": arguments.rounds,
        **measured,
    }
