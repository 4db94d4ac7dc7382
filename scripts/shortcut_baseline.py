#!/usr/bin/env python3
"""Measure what a classifier reaches from border and corner pixels alone, or from size and aspect ratio."""

import argparse
from pathlib import Path

import numpy as np

import cli

from pneumonia.bundle import json_bytes
from pneumonia.data.manifest import read_classes, read_training_folder
from pneumonia.data.pipeline import load_images
from pneumonia.data.splits import split_by_patient
from pneumonia.evaluation.metrics import auroc, resample_with_both_classes, to_interval
from pneumonia.evaluation.shortcuts import border_features, corner_features, score_by_shape, train_and_score
from pneumonia.images import decode
from pneumonia.preprocessing import Preprocessing
from pneumonia.preprocessor import Preprocessor
from pneumonia.written import measured


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="the training images")
    cli.add_patients(parser)
    parser.add_argument("--native", type=Path, help="images at native size: folder of NORMAL and PNEUMONIA")
    parser.add_argument("--seed", type=cli.seed, default=0, help="of the split; that of the training it is set beside")
    parser.add_argument("--output", type=cli.output_file, help="JSON file to write the figures to")
    return parser.parse_args()


def main() -> int:
    arguments = parse_arguments()
    cli.require_outside(arguments.data, arguments.output)
    preprocessor = Preprocessor(Preprocessing())
    native = read_classes(arguments.native).records if arguments.native else None
    split = split_by_patient(read_training_folder(arguments.data, cli.patients(arguments)).records, arguments.seed)
    train, validation = (load_images(records, preprocessor) for records in split)
    figures = {
        name: _auroc(
            validation.labels,
            train_and_score(features, (train.squares, train.labels), validation.squares),
            validation.patients,
        )
        for name, features in (("border", border_features), ("corners", corner_features))
    }
    if native:
        shapes = np.array([decode(record.path).pixels.shape for record in native])
        labels = np.array([record.label for record in native])
        patients = np.array([record.patient for record in native])
        figures["size and aspect ratio"] = _auroc(labels, score_by_shape(shapes, labels, patients), patients)
    for name, interval in figures.items():
        print(f"{name:22} AUROC {measured(interval)}")
    if arguments.output:
        command = cli.command_line("shortcut_baseline.py", arguments)
        arguments.output.write_bytes(json_bytes({"command": command, "figures": figures}))
    return cli.DONE


def _auroc(labels: np.ndarray, scores: np.ndarray, patients: np.ndarray) -> dict[str, float | None]:
    value = auroc(labels, scores, np.ones((1, len(labels))))[0]
    return to_interval(value, auroc(labels, scores, resample_with_both_classes(labels, patients)))


if __name__ == "__main__":
    cli.run(main)
