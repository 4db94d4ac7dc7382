"""Draws of patients with replacement, as weights of their images."""

import numpy as np

_RESAMPLES = 1000


def resample_patients(patients: np.ndarray, seed: int = 0, resamples: int = _RESAMPLES) -> np.ndarray:
    """Bootstrap weights: patients are drawn with replacement, and all images of one come along.

    Args:
        patients: (N,) group of each image.
        seed: of the draws.
        resamples: number R of draws.

    Returns:
        (R, N), how often each image counts in each draw.
    """
    _, group = np.unique(patients, return_inverse=True)
    return draw_patients(group.max() + 1, seed, resamples)[:, group]


def draw_patients(patients: int, seed: int = 0, resamples: int = _RESAMPLES) -> np.ndarray:
    """Draws of `resample_patients` for patients by number: float64 (R, patients), how often each counts."""
    draws = np.random.default_rng(seed).multinomial(patients, np.full(patients, 1 / patients), resamples)
    return draws.astype(np.float64)


def resample_with_both_classes(labels: np.ndarray, patients: np.ndarray) -> np.ndarray:
    """Weights of `resample_patients`, without the draws that miss a class and so have no AUROC; they are rare."""
    resampled = resample_patients(patients)
    return resampled[(resampled @ labels > 0) & (resampled @ (1 - labels) > 0)]
