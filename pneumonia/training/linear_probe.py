"""A linear head on pooled features, fitted in one go.

A backbone that gives an image and its augmentations the same features leaves a head little to gain from augmented
images, and its training is a convex problem with one solution.
"""

import keras
import numpy as np
from sklearn.linear_model import LogisticRegression

from pneumonia.data.example_weights import balanced_weights, certain_examples

_BATCH_SIZE = 64
_MOST_ITERATIONS = 2000
# Of the median among features that vary. One that hardly ever fires in training has a tiny deviation; scaled to one,
# it would be given a weight of thousands, and a radiograph in which it fires would be read by it alone.
_LEAST_DEVIATION = 0.5


def pooled_features(model: keras.Model, inputs: np.ndarray) -> np.ndarray:
    """What the logit layer of a network with a linear head takes.

    Args:
        model: a network.
        inputs: float32 (N, S, S, 1) in [0, 1], preprocessed.

    Returns:
        float32 (N, C).

    Raises:
        ValueError: if the head has hidden layers.
    """
    pool = keras.Model(model.input, model.get_layer("pool").output)
    if model.get_layer("logit").kernel.shape[0] != pool.output.shape[-1]:
        raise ValueError("A linear probe needs a head without hidden layers.")
    return pool.predict(inputs, batch_size=_BATCH_SIZE, verbose=0)


def fit_head(features: np.ndarray, labels: np.ndarray, weights: np.ndarray, inverse_penalty: float) -> np.ndarray:
    """Fit a head by logistic regression on scaled features.

    There is no intercept: the mean of the Grad-CAM map then is the logit itself, and a map without evidence
    means a logit of zero.

    Args:
        features: float32 (N, C).
        labels: (N,) of 0 and 1, both present.
        weights: (N,), how much each counts; 1 in the mean.
        inverse_penalty: the C of scikit-learn's `LogisticRegression`; smaller is a stronger penalty.

    Returns:
        float64 (C,), by which features are multiplied; the scaling is in it.
    """
    deviations = features.std(axis=0)
    scale = np.maximum(deviations, _LEAST_DEVIATION * np.median(deviations[deviations > 0]))
    regression = LogisticRegression(C=inverse_penalty, fit_intercept=False, max_iter=_MOST_ITERATIONS)
    return regression.fit(features / scale, labels, sample_weight=weights).coef_[0] / scale


def set_head(model: keras.Model, kernel: np.ndarray) -> None:
    """Give a network a linear head (C,) without a bias."""
    model.get_layer("logit").set_weights([kernel[:, None], np.zeros(1)])


def fit_linear_probe(
    model: keras.Model, inputs: np.ndarray, labels: np.ndarray, weights: np.ndarray, inverse_penalty: float
) -> None:
    """Fit the logit layer on the images as they are, both classes counting the same.

    Args:
        model: its head must be linear; only the layer `logit` is changed.
        inputs: float32 (N, S, S, 1) in [0, 1], preprocessed.
        labels: (N,), how likely each image shows pneumonia, in [0, 1].
        weights: (N,), how much each image counts beside others of its class.
        inverse_penalty: as for `fit_head`.

    Raises:
        ValueError: if the head has hidden layers.
    """
    chosen, certain, counted = certain_examples(labels, weights)
    balanced = balanced_weights(certain, np.zeros(len(certain)), counted)
    set_head(model, fit_head(pooled_features(model, inputs)[chosen], certain, balanced, inverse_penalty))
