"""Write a trained network in another form, after comparing the two on radiographs."""

import argparse
from pathlib import Path

from pneumonia.cli.arguments import add_network, add_patients
from pneumonia.cli.data_folders import require_outside
from pneumonia.cli.exit_codes import DONE
from pneumonia.cli.training_arguments import add_populations, read_data
from pneumonia.errors import ExportError
from pneumonia.exports.formats import NAMES, PRECISIONS, get_format
from pneumonia.variants.registry import DEFAULT
from pneumonia.weights.folder import PROJECT_FOLDER, WEIGHTS_FOLDER, Bundle, read_bundle

_EXAMPLES = PROJECT_FOLDER / "demo" / "examples"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_network(parser)
    parser.add_argument("--format", choices=NAMES, required=True)
    parser.add_argument("--precision", choices=PRECISIONS, default="float32", help="of tflite (default: float32)")
    parser.add_argument("--output", type=Path, required=True, help="file, or folder for saved_model, to write")
    parser.add_argument(
        "--data",
        type=Path,
        nargs="+",
        help="what the network was trained on: its training images set the ranges for int8, and on its validation "
        "images the two are compared (default: compared on the synthetic examples)",
    )
    add_populations(parser)
    add_patients(parser)


def run(arguments: argparse.Namespace) -> int:
    for place in arguments.data or ():
        require_outside(place, arguments.output)
    form = get_format(arguments.format, arguments.precision)
    form.require_modules()
    form.require_place(arguments.output)
    if form.precision == "int8" and arguments.data is None:
        raise ExportError("For int8, name with --data the folder the network was trained on: it sets the ranges.")
    if arguments.data is None and not _EXAMPLES.is_dir():
        raise ExportError(
            "The synthetic examples lie in a checkout of the project; here, name with --data the folder the network "
            "was trained on."
        )
    bundle = _bundle(arguments)
    records = read_data(arguments).records if arguments.data else None
    # Imported only now: what is wrong with the arguments is told without waiting for tensorflow.
    from pneumonia.exports import source_model
    from pneumonia.exports.export import export

    representative = None
    if records is None:
        paths = sorted(_EXAMPLES.glob("*.png"))
        images = source_model.prepare_files(paths, source_model.preprocessor_of(bundle))
    else:
        images = source_model.checked_images(bundle, records)
        if form.precision == "int8":
            representative = source_model.representative_images(bundle, records)
    source = source_model.SourceModel(bundle, representative)
    difference = export(source, form, arguments.output, images, source.read(images))
    kind = "synthetic examples" if records is None else "validation images"
    print(f"{arguments.output}: {bundle.config['variant']} as {form.title}, {_outputs(form.carries_map)}")
    for population, (temperature, offset) in source.calibrations.items():
        shifted = f"(logit + {offset:.6f})" if offset else "logit"
        print(f"probability of pneumonia ({population}) = 1 / (1 + exp(-{shifted} / {temperature:.6f}))")
    print(f"difference on {len(images)} {kind}: {difference}")
    return DONE


def _bundle(arguments: argparse.Namespace) -> Bundle:
    bundle = read_bundle(arguments.weights or WEIGHTS_FOLDER / (arguments.variant or DEFAULT))
    bundle.require_variant(arguments.variant)
    return bundle


def _outputs(carries_map: bool) -> str:
    return "with the outputs logit and cam" if carries_map else "with the logit alone"
