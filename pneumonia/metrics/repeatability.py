"""The difference in score of two radiographs of one patient when nothing is known to have changed."""

import numpy as np

from pneumonia.metrics.scores import Scores

_SHARE = 0.95
# With fewer patients the highest of all pairs would stand for the share.
_LEAST_PATIENTS = 20


def repeatability_limit(scores: Scores) -> float | None:
    """The difference that 95 % of pairs stay within: two radiographs of one patient with one label.

    As the limit of Bland and Altman ("Statistical methods for assessing agreement", Lancet 1986), but read off the
    pairs themselves, whose differences are not normally distributed. Each patient counts once, however many pairs.

    Args:
        scores: of labelled images, several of some patients.

    Returns:
        In logits; None where too few patients have several images.
    """
    differences, weights = [], []
    for patient in np.unique(scores.patients):
        of_patient = []
        for label in (0, 1):
            logits = scores.logits[(scores.patients == patient) & (scores.labels == label)]
            first, second = np.triu_indices(len(logits), 1)
            of_patient += list(np.abs(logits[first] - logits[second]))
        differences += of_patient
        weights += [1 / len(of_patient) for _ in of_patient]
    if round(sum(weights)) < _LEAST_PATIENTS:
        return None
    return float(np.quantile(differences, _SHARE, weights=weights, method="inverted_cdf"))
