"""Heatmaps of all published variants on validation images, with the served models."""

import argparse
from pathlib import Path
from typing import Any

import keras
from tqdm import tqdm

from pneumonia.cli.arguments import add_patients, patients_of, positive, seed
from pneumonia.cli.data_folders import require_ignored, require_outside
from pneumonia.core.populations import CHILDREN
from pneumonia.data.lung_masks import load_masked_images, with_masks
from pneumonia.data.manifest import Record, read_training_folder
from pneumonia.data.splits import validation_records
from pneumonia.errors import DataError
from pneumonia.inference.engine import Engine
from pneumonia.inference.input_transform import Preprocessing
from pneumonia.inference.lung_segmentation import load_lung_fields
from pneumonia.inference.preprocessor import Preprocessor
from pneumonia.variants.registry import PUBLISHED
from pneumonia.weights.folder import KERAS_MODEL, SERVED_MODEL, WEIGHTS_FOLDER, populations, read_bundle
from scripts.studies.heatmaps import comparison
from scripts.studies.heatmaps.cases import chosen, load_cases, measure_all
from scripts.studies.heatmaps.figures import figures, map_figures
from scripts.studies.heatmaps.peer_maps import peer_maps
from scripts.studies.heatmaps.pictures import save_case_pictures
from scripts.studies.peer_packages import require_peers


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=Path, required=True, help="the training images")
    add_patients(parser)
    parser.add_argument("--masks", type=Path, required=True, help="folder of hand-drawn lung masks (PNG)")
    parser.add_argument("--variants", nargs="+", choices=PUBLISHED, default=PUBLISHED, help="default: all published")
    parser.add_argument("--images", type=positive, default=300, help="validation images (default: 300)")
    parser.add_argument("--compared", type=positive, default=40, help="pneumonias for other maps (default: 40)")
    parser.add_argument("--peers", type=seed, default=0, help="of these, for other libraries' maps (default: none)")
    parser.add_argument("--pictures", type=Path, metavar="DIR", help="folder to write the best and worst cases to")


def measure(arguments: argparse.Namespace) -> dict[str, Any]:
    """Measure the heatmaps of each variant.

    Raises:
        DataError: if the images cannot be used, or pictures of patients would be written where they can be committed.
        PneumoniaError: if a library whose maps are compared is not installed.
    """
    if arguments.pictures:
        require_ignored(arguments.pictures)
    require_outside(arguments.data, arguments.pictures)
    if arguments.peers:
        require_peers()
    records = read_training_folder(arguments.data, patients_of(arguments)).records
    return {"variants": {variant: _evaluate(variant, records, arguments) for variant in arguments.variants}}


def _evaluate(variant: str, records: list[Record], arguments: argparse.Namespace) -> dict[str, Any]:
    folder = WEIGHTS_FOLDER / variant
    bundle = read_bundle(folder)
    validation = validation_records(bundle, records)
    pairs = load_masked_images(with_masks(validation, arguments.masks), arguments.masks)
    drawn = {record.path.stem: mask for record, mask in zip(pairs.images.records, pairs.masks, strict=True)}
    preprocessor = Preprocessor(Preprocessing(**bundle.config["preprocessing"]))
    cases = load_cases(chosen(validation, drawn, arguments.images), drawn, preprocessor, load_lung_fields())
    engine = Engine(bundle.contents[SERVED_MODEL])
    rows = list(tqdm(measure_all(engine, cases), variant, total=len(cases), unit="image", disable=None))
    measured = figures(bundle, cases, rows)
    if arguments.pictures:
        save_case_pictures(arguments.pictures / variant, cases, rows, bundle.config["heatmap_scale"])

    model = keras.models.load_model(folder / KERAS_MODEL, compile=False)
    diseased = [(case, row) for case, row in zip(cases, rows, strict=True) if "maps" in row][: arguments.compared]
    if not diseased:
        raise DataError("There is no pneumonia among the images.")
    kept, their_rows = (list(part) for part in zip(*diseased, strict=True))
    scores = [dict(row["maps"]) for row in their_rows]
    architecture = bundle.config["architecture"]["name"]
    jobs = [("sharper maps", kept, comparison.sharper_maps(model, architecture))]
    if arguments.peers:
        jobs.append(("peers' maps", kept[: arguments.peers], peer_maps(model)))
    for name, part, make in jobs:
        progress = tqdm(part, f"{variant}, {name}", unit="image", disable=None)
        for row, more in zip(scores, comparison.score_other_maps(engine, progress, make), strict=False):
            row.update(more)
    measured["compared"] = map_figures(kept, scores, populations(bundle.config)[CHILDREN]["temperature"])
    measured["randomised"] = comparison.under_randomisation(model, kept, their_rows)
    if architecture == comparison.DILATABLE:
        measured["dilated_logit"] = comparison.dilated_logits(model, kept, their_rows)
    progress = tqdm(kept, f"{variant}, support", unit="image", disable=None)
    measured["support"] = comparison.support_counts(engine, progress)
    return measured
