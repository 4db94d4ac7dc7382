"""Calibrate a variant to a site, from at least 30 labelled radiographs of it; one image a patient is best."""

import argparse
import shlex
import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import numpy as np
from tqdm import tqdm

from pneumonia.calibration.recalibrate import recalibrate, require_enough
from pneumonia.calibration.site import SiteCalibration, require_name
from pneumonia.calibration.site_store import SITES_FOLDER, require_place, save_site
from pneumonia.cli.arguments import add_patients, patients_of
from pneumonia.cli.data_folders import report_left_out, require_outside
from pneumonia.cli.exit_codes import DONE, SOME_REJECTED
from pneumonia.cli.native_messages import without_native_messages
from pneumonia.cli.recorded_command import portable
from pneumonia.core.notices import NOTICE
from pneumonia.data.labelled_images import images_in_folder, score_labelled
from pneumonia.inference.predictor import load_predictor
from pneumonia.utils.formatting import format_fitted
from pneumonia.variants.registry import DEFAULT, list_variants


def parse_arguments(argv: Sequence[str] | None, prog: str | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog=prog, description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of NORMAL and PNEUMONIA")
    add_patients(parser)
    parser.add_argument("--variant", choices=list_variants(), help=f"default: that of --weights, or {DEFAULT}")
    parser.add_argument("--weights", type=Path, help="weights folder (default: the one that comes with the project)")
    parser.add_argument("--name", required=True, help="of the site, for instance my-hospital")
    parser.add_argument(
        "--output", type=Path, metavar="DIR", default=SITES_FOLDER, help="folder to keep it in (default: weights/sites)"
    )
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None, prog: str | None = None) -> int:
    arguments = parse_arguments(argv, prog)
    require_name(arguments.name)
    today = date.today()
    images, left_out = images_in_folder(arguments.data, patients_of(arguments))
    require_outside(arguments.data, arguments.output)
    # Before anything is read. What cannot be read makes them fewer.
    require_enough(np.array([image.label for image in images]), np.array([image.patient for image in images]))
    with without_native_messages():
        predictor = load_predictor(arguments.variant, arguments.weights)
    require_place(arguments.output, predictor.variant, arguments.name, today.isoformat())
    readings = predictor.predict_many(image.source for image in images)
    scores, rejected = score_labelled(images, tqdm(readings, total=len(images), unit="image", disable=None))
    report_left_out(left_out, sum(not image.patient_known for image in images), len(images))
    for name, reason in rejected:
        print(f"rejected {name}: {reason}", file=sys.stderr)
    site = recalibrate(predictor.calibration, scores, arguments.name, today)
    _print(site)
    path = save_site(site, arguments.output)
    print(f"\nWritten to {portable(path)}. It is used only where it is asked for:")
    if arguments.weights:
        print(
            f"by predict.py and the page once these weights lie in weights/{site.variant}, and by a program that loads "
            "them, with pneumonia.load_site_calibration and Predictor.recalibrated."
        )
    else:
        named = site.name if arguments.output == SITES_FOLDER else shlex.quote(str(path))
        print(f"python scripts/predict.py IMAGE --variant {site.variant} --site {named}")
    print(NOTICE, file=sys.stderr)
    return SOME_REJECTED if rejected or left_out else DONE


def _print(site: SiteCalibration) -> None:
    print(
        f"{site.variant}, {site.images} images, {site.positives} with pneumonia, of {site.patients} patients as far as "
        "is known"
    )
    if site.patients < site.images:
        print("Several images of one patient are kept together, and count as one in the intervals.")
    print(f"AUROC {format_fitted(vars(site.auroc))}, which no calibration changes")
    if not site.usable:
        # Better probabilities of a network that tells nothing apart would look like a gain.
        return
    print(f"temperature {format_fitted(vars(site.temperature))}, offset {format_fitted(vars(site.offset))} logits")
    print(f"\n{'':24} {'as published':22} calibrated to {site.name}, cross-validated")
    for point, measure, before, after in site.comparison_rows:
        print(f"{point or '':10} {measure:13} {format_fitted(vars(before)):22} {format_fitted(vars(after))}")
    print(f"\n{site.advice}\n{site.prevalence_note}")
