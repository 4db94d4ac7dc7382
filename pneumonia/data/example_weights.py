"""How much each image counts in training, and what an uncertain label stands for."""

from typing import NamedTuple

import numpy as np


class Examples(NamedTuple):
    """Images with certain labels.

    Attributes:
        images: int (M,), the number of the image of each.
        labels: float (M,), 0 or 1.
        weights: float (M,).
    """

    images: np.ndarray
    labels: np.ndarray
    weights: np.ndarray


def certain_examples(labels: np.ndarray, weights: np.ndarray) -> Examples:
    """Take each image of an uncertain label for two, one of each class, that count by how likely that class is.

    Args:
        labels: (N,), how likely each image shows pneumonia, in [0, 1].
        weights: (N,).

    Returns:
        The N images, then the normal halves of those whose label is uncertain.
    """
    is_uncertain = (labels > 0) & (labels < 1)
    uncertain = np.flatnonzero(is_uncertain)
    halves = np.where(is_uncertain, labels, 1)
    return Examples(
        np.concatenate([np.arange(len(labels)), uncertain]),
        np.concatenate([np.ceil(labels), np.zeros(len(uncertain))]),
        np.concatenate([weights * halves, weights[uncertain] * (1 - labels[uncertain])]),
    )


def balanced_weights(labels: np.ndarray, groups: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Weights under which each class of each group counts the same, (N,), 1 in the mean.

    Args:
        labels: (N,) of 0 and 1.
        groups: (N,).
        weights: (N,), how much each image counts beside others of its class and group.
    """
    cells = np.unique(np.stack([labels.astype(int).astype(str), groups.astype(str)]), axis=1, return_inverse=True)[1]
    balanced = weights / np.bincount(cells.ravel(), weights)[cells.ravel()]
    return balanced / balanced.mean()


def image_weights(labels: np.ndarray, weights: np.ndarray, class_weighted: bool) -> np.ndarray:
    """How much each image counts, float32 (N,), 1 in the mean.

    Args:
        labels: (N,), how likely each image shows pneumonia, in [0, 1].
        weights: (N,), above 0.
        class_weighted: whether both classes count the same, however many images they have.
    """
    if class_weighted:
        examples = certain_examples(labels, weights)
        balanced = balanced_weights(examples.labels, np.zeros(len(examples.labels)), examples.weights)
        weights = np.bincount(examples.images, balanced)
    return (weights / weights.mean()).astype(np.float32)
