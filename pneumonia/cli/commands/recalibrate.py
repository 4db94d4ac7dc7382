"""Calibrate a variant to a site, from at least 30 labelled radiographs of it; one image a patient is best."""

import argparse
import shlex
import sys
from datetime import date
from pathlib import Path

import numpy as np

from pneumonia.calibration.recalibrate import recalibrate, require_enough
from pneumonia.calibration.site import SiteCalibration, require_name
from pneumonia.calibration.site_store import SITES_FOLDER, require_place, save_site
from pneumonia.cli.arguments import add_data, add_network, add_population, patients_of, population_of
from pneumonia.cli.data_folders import report_left_out, require_outside
from pneumonia.cli.exit_codes import DONE, SOME_REJECTED
from pneumonia.cli.recorded_command import portable
from pneumonia.cli.terminal import load_quietly, progress
from pneumonia.core.notices import NOTICE
from pneumonia.data.labelled_images import images_of, score_labelled
from pneumonia.inference.population import population_of_all
from pneumonia.utils.formatting import format_fitted


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_data(parser)
    add_network(parser)
    add_population(parser, "of the patients, who must be of one; auto: as the table states, or as most pictures look")
    parser.add_argument("--name", required=True, help="of the site, for instance my-hospital")
    parser.add_argument(
        "--output", type=Path, metavar="DIR", default=SITES_FOLDER, help="folder to keep it in (default: weights/sites)"
    )


def run(arguments: argparse.Namespace) -> int:
    require_name(arguments.name)
    today = date.today()
    images, left_out = images_of(arguments.data, patients_of(arguments))
    require_outside(arguments.data, arguments.output)
    # Before anything is read. What cannot be read makes them fewer.
    require_enough(np.array([image.label for image in images]), np.array([image.patient for image in images]))
    predictor = load_quietly(arguments.variant, arguments.weights)
    require_place(arguments.output, predictor.variant, arguments.name, today.isoformat())
    chosen = population_of(arguments)
    readings = list(progress(predictor.predict_many(image.source for image in images), len(images)))
    scores, rejected = score_labelled(images, readings)
    calibration = predictor.calibration
    if len(predictor.calibrations) > 1:
        seen = (reading.population for reading in readings)
        calibration = predictor.calibrations[population_of_all(chosen, (image.population for image in images), seen)]
    report_left_out(left_out, sum(not image.patient_known for image in images), len(images))
    for name, reason in rejected:
        print(f"rejected {name}: {reason}", file=sys.stderr)
    site = recalibrate(calibration, scores, arguments.name, today)
    _print(site)
    path = save_site(site, arguments.output)
    print(f"\nWritten to {portable(path)}. It is used only where it is asked for:")
    argument = site.name if arguments.output == SITES_FOLDER else shlex.quote(str(path))
    network = f"--weights {shlex.quote(str(arguments.weights))}" if arguments.weights else f"--variant {site.variant}"
    print(f"pneumonia predict IMAGE {network} --site {argument}")
    if arguments.weights:
        print(f"and by the page once these weights lie in weights/{site.variant}.")
    print(NOTICE, file=sys.stderr)
    return SOME_REJECTED if rejected or left_out else DONE


def _print(site: SiteCalibration) -> None:
    print(
        f"{site.variant}, {site.population}, {site.images} images, {site.positives} with pneumonia, of {site.patients} "
        "patients as far as is known"
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
