"""Score labelled radiographs at the locked operating points; no threshold is ever changed."""

import argparse
import sys
from pathlib import Path
from typing import Any

import numpy as np

from pneumonia.cli.arguments import add_data, add_network, add_population, output_file, patients_of, population_of
from pneumonia.cli.data_folders import report_left_out, require_ignored, require_outside
from pneumonia.cli.exit_codes import DONE, SOME_REJECTED
from pneumonia.cli.recorded_command import command_line
from pneumonia.cli.terminal import load_quietly, progress
from pneumonia.core.labels import CLASS_NAMES
from pneumonia.core.operating_points import BALANCED, OperatingPoint
from pneumonia.data.manifest import Record, read_classes, set_name
from pneumonia.data.reader_sets import judge_sets, reader_sets
from pneumonia.errors import DataError
from pneumonia.inference.population import population_of_all
from pneumonia.inference.prediction import Prediction
from pneumonia.inference.predictor import Predictor
from pneumonia.metrics.paired_comparison import compare
from pneumonia.utils.atomic_files import open_atomic
from pneumonia.utils.formatting import format_interval, too_few
from pneumonia.utils.json_values import write_json
from pneumonia.utils.safe_csv import CsvWriter
from pneumonia.variants.registry import list_variants
from pneumonia.weights.folder import trained_epochs

_FORM = "{:.4f}".format
# Readings shown with their heatmaps among the plots.
_SAMPLES = 8


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_data(parser)
    add_network(parser)
    add_population(parser, "of the patients; auto: as the table states, or as most pictures look")
    parser.add_argument("--output", type=output_file, help="JSON file to write the figures to")
    parser.add_argument("--scores", type=output_file, help="CSV file to write each image's probability to")
    parser.add_argument("--plots", type=Path, metavar="DIR", help="folder to write plots and sample readings to")
    parser.add_argument("--against", choices=list_variants(), help="second variant, compared image by image")


def run(arguments: argparse.Namespace) -> int:
    # Imported only now: the help needs neither, and what is not installed is told before anything is read.
    from sklearn.metrics import classification_report

    if arguments.plots:
        from pneumonia.publishing.plots import save_history_plot, save_plots, save_samples

        require_ignored(arguments.plots)
    require_outside(arguments.data, arguments.output, arguments.scores, arguments.plots)
    manifest = read_classes(arguments.data, patients_of(arguments))
    report_left_out(manifest.left_out, manifest.patient_unknown, len(manifest.records))
    records = manifest.records
    predictor = load_quietly(arguments.variant, arguments.weights)
    # Now, so that weights that are missing are told before anything is read.
    other = load_quietly(arguments.against) if arguments.against else None
    predictions, points = _read(predictor, records, population_of(arguments))
    rows = [(r, p) for r, p in zip(records, predictions, strict=True) if p.status == "read"]
    rejected = [(r, p) for r, p in zip(records, predictions, strict=True) if p.status == "rejected"]
    for record, prediction in rejected:
        print(f"rejected {record.place}: {prediction.error}", file=sys.stderr)
    if len({record.label for record, _ in rows}) < len(CLASS_NAMES):
        raise DataError("Both classes need at least one readable image.")

    command = command_line("evaluate.py", arguments, variant=predictor.variant)
    divided = reader_sets(set_name(arguments.data), [record for record, _ in rows])
    if not divided:
        raise DataError("None of the comparisons with radiologists has images of both classes.")
    sets = judge_sets(divided, rows, points.values(), command)
    name, figures = next(iter(sets.items()))
    if untold := len(rows) - int(np.any([of.chosen for of in divided.values()], axis=0).sum()):
        print(f"{untold:,} images that no radiologist judged are in no set", file=sys.stderr)
    _print(figures)
    for other_name, others in list(sets.items())[1:]:
        print(f"{other_name}: {_of_images(others)}, AUROC {format_interval(others['auroc'], _FORM)}")
    # What follows is of the first set.
    scored = rows
    rows = [row for row, chosen in zip(rows, divided[name].chosen, strict=True) if chosen]
    labels = np.array([record.label for record, _ in rows])
    probabilities = np.array([prediction.probability for _, prediction in rows])
    patients = np.array([record.patient for record, _ in rows])
    positive = probabilities >= points[BALANCED].threshold
    print("\n" + classification_report(labels, positive, target_names=CLASS_NAMES, zero_division=0))
    if other:
        again, other_points = _read(other, [record for record, _ in rows], population_of(arguments))
        thresholds = (points[BALANCED].threshold, other_points[BALANCED].threshold)
        both = (probabilities, np.array([prediction.probability for prediction in again]))
        _print_comparison(other.variant, compare(labels, patients, both, thresholds))
    if arguments.output:
        write_json(arguments.output, {"sets": sets})
    if arguments.scores:
        with open_atomic(arguments.scores) as file:
            CsvWriter(file, ("file", "label", "probability")).write_all(
                {"file": r.place, "label": CLASS_NAMES[r.label], "probability": p.probability} for r, p in scored
            )
    if arguments.plots:
        save_plots(arguments.plots, labels, probabilities, points[BALANCED])
        if epochs := trained_epochs(predictor.history):
            save_history_plot(arguments.plots / "history.png", epochs)
        chosen = np.random.default_rng(0).permutation(len(rows))[:_SAMPLES]
        samples = [(rows[i][0].path, CLASS_NAMES[rows[i][0].label], rows[i][1]) for i in chosen]
        save_samples(arguments.plots / "samples.png", samples, predictor.heatmap_scale)
    return SOME_REJECTED if rejected or manifest.left_out else DONE


def _read(
    predictor: Predictor, records: list[Record], chosen: str | None
) -> tuple[list[Prediction], dict[str, OperatingPoint]]:
    """Readings, all judged as of one population, and its operating points."""
    read = list(progress(predictor.predict_many((record.path for record in records), population=chosen), len(records)))
    if len(predictor.calibrations) == 1:
        return read, predictor.operating_points
    population = population_of_all(chosen, (r.stated.population for r in records), (p.population for p in read))
    print(f"judged as {population}", file=sys.stderr)
    calibration = predictor.calibration_for(population)
    points = calibration.operating_points
    return [prediction.with_calibration(calibration, points[BALANCED]) for prediction in read], points


def _print_comparison(against: str, result: dict[str, Any]) -> None:
    print(f"Against {against}, positive where the first is better")
    for name in ("auroc_difference", "accuracy_difference"):
        print(f"  {name.replace('_', ' '):20} {format_interval(result[name], _FORM)}")
    print(f"  only the first right {result['only_first_right']}, only {against} right {result['only_second_right']}")
    print(f"  McNemar p            {result['mcnemar_p']:.4g}")


def _of_images(figures: dict) -> str:
    most = "at most " if figures["patient_unknown"] else ""
    images = f"{figures['n']} images, {figures['positives']} with pneumonia, {most}{figures['patients']} patients"
    return images + too_few(figures)


def _print(figures: dict) -> None:
    print(_of_images(figures))
    for name in ("auroc", "auprc", "brier", "ece"):
        print(f"{name:12} {format_interval(figures[name], _FORM)}")
    for name, point in figures["operating_points"].items():
        print(f"\n{name}, threshold {point['threshold']:.4f}")
        for measure in ("accuracy", "sensitivity", "specificity", "precision", "npv", "f1"):
            print(f"  {measure:12} {format_interval(point[measure], _FORM)}")
        print("  " + ", ".join(f"{key.replace('_', ' ')} {count}" for key, count in point["confusion_matrix"].items()))
