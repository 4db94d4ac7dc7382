"""Figures of a classifier that does not look at the lungs: a baseline for the networks' figures.

In the public set the classes differ in how the images were taken and exported. A network may read that
instead of disease (Zech et al., PLOS Medicine 2018); the better these baselines are, the less a high figure
on images of the same source says. The study of the results tells the figures.
"""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from pneumonia.cli.arguments import add_patients, patients_of, seed
from pneumonia.data.manifest import read_classes, read_training_folder
from pneumonia.data.pipeline import load_images
from pneumonia.data.splits import split_by_patient
from pneumonia.imaging.decode import decode
from pneumonia.inference.input_transform import Preprocessing
from pneumonia.inference.preprocessor import Preprocessor
from pneumonia.metrics.classification import auroc_by_patients
from pneumonia.utils.formatting import format_interval
from scripts.studies.study import Measurement, Study

# Width of the border as a share of the side; the lungs of nearly all radiographs lie inside of it.
_BORDER = 1 / 14
# The border is described by the mean grey of this many stretches along each side.
_STRETCHES = 16
_FOLDS = 5


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=Path, required=True, help="the training images")
    add_patients(parser)
    parser.add_argument("--native", type=Path, help="images at native size: folder of NORMAL and PNEUMONIA")
    parser.add_argument("--seed", type=seed, default=0, help="of the split; that of the training it is set beside")


def measure(arguments: argparse.Namespace) -> dict[str, Any]:
    """Measure the AUROC of border and corner pixels alone and, with native images, of size and aspect ratio.

    Raises:
        DataError: if the images cannot be used.
    """
    preprocessor = Preprocessor(Preprocessing())
    native = read_classes(arguments.native).records if arguments.native else None
    split = split_by_patient(read_training_folder(arguments.data, patients_of(arguments)).records, arguments.seed)
    train, validation = (load_images(records, preprocessor) for records in split)
    figures = {
        name: auroc_by_patients(
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
        figures["size and aspect ratio"] = auroc_by_patients(labels, score_by_shape(shapes, labels, patients), patients)
    for name, interval in figures.items():
        print(f"{name:22} AUROC {format_interval(interval)}")
    return {"figures": figures}


def border_features(square: np.ndarray) -> np.ndarray:
    """Grey values along the four edges, corners included.

    Args:
        square: float32 (S, S) in [0, 1].

    Returns:
        float32 (64,): sixteen means along each of the top, bottom, left and right border.
    """
    width = max(round(_BORDER * square.shape[0]), 1)
    strips = (square[:width], square[-width:], square[:, :width].T, square[:, -width:].T)
    return np.concatenate(
        [cv2.resize(strip.mean(axis=0)[None], (_STRETCHES, 1), interpolation=cv2.INTER_AREA)[0] for strip in strips]
    )


def corner_features(square: np.ndarray) -> np.ndarray:
    """Sixteen grey values of each corner, where markers and collimation lie: float32 (64,)."""
    width = max(round(2 * _BORDER * square.shape[0]), 4)
    corners = (square[:width, :width], square[:width, -width:], square[-width:, :width], square[-width:, -width:])
    return np.concatenate([cv2.resize(corner, (4, 4), interpolation=cv2.INTER_AREA).ravel() for corner in corners])


def train_and_score(
    features: Callable[[np.ndarray], np.ndarray],
    train: tuple[np.ndarray, np.ndarray],
    squares: np.ndarray,
) -> np.ndarray:
    """Learn from shortcut features of training images, score others.

    Args:
        features: from a square to its features.
        train: float32 (N, S, S) and labels (N,).
        squares: float32 (M, S, S).

    Returns:
        (M,), probability of pneumonia.
    """
    model = HistGradientBoostingClassifier(random_state=0, class_weight="balanced")
    model.fit(np.stack([features(square) for square in train[0]]), train[1])
    return model.predict_proba(np.stack([features(square) for square in squares]))[:, 1]


def score_by_shape(shapes: np.ndarray, labels: np.ndarray, patients: np.ndarray) -> np.ndarray:
    """Score images by their size and aspect ratio alone, each by a model that has not seen its patient.

    Args:
        shapes: (N, 2) height and width in pixels.
        labels: (N,) of 0 and 1.
        patients: (N,) groups.

    Returns:
        (N,), probability of pneumonia.
    """
    height, width = shapes.T.astype(float)
    features = np.column_stack([np.log(width), np.log(height), np.log(width / height)])
    model = make_pipeline(StandardScaler(), LogisticRegression(class_weight="balanced"))
    folds = GroupKFold(_FOLDS)
    return cross_val_predict(model, features, labels, groups=patients, cv=folds, method="predict_proba")[:, 1]


STUDY = Study("shortcuts", __doc__, Measurement(add_options, measure))

if __name__ == "__main__":
    STUDY.run()
