"""What a classifier reaches without looking at the lungs: a baseline for the networks' figures.

In the public set the classes differ in how the images were taken and exported. A network may read that
instead of disease (Zech et al., PLOS Medicine 2018); the better these baselines are, the less a high figure
on images of the same source says.
"""

from collections.abc import Callable

import cv2
import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

# Width of the border as a share of the side; the lungs of nearly all radiographs lie inside of it.
_BORDER = 1 / 14
# The border is described by the mean grey of this many stretches along each side.
_STRETCHES = 16
_FOLDS = 5


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
