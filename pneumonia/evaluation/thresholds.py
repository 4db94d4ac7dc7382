"""What any threshold gives on labelled images."""

import numpy as np
from scipy.special import expit

from pneumonia.evaluation.metrics import draw_patients, outcomes, shares
from pneumonia.evaluation.scores import Scores
from pneumonia.operating_points import Interval, OperatingPoint

# Share of the images that are decided at each threshold; the others, nearest to it, are uncertain. Selective
# classification at a stated coverage: Geifman and El-Yaniv, "Selective Classification for Deep Neural Networks",
# NeurIPS 2017.
COVERAGE = 0.98


class Thresholds:
    """What each threshold gives on the same images, quickly enough to follow a slider.

    Args:
        scores: of the images.
        temperature: turns logits into probabilities.
    """

    def __init__(self, scores: Scores, temperature: float) -> None:
        self._scores = scores
        self._temperature = temperature
        patients, self._patient = np.unique(scores.patients, return_inverse=True)
        # First the patients as they are, then the draws. A column a patient, not an image, keeps it small.
        self._draws = np.vstack([np.ones(len(patients)), draw_patients(len(patients))])

    def point(self, name: str, threshold: float) -> OperatingPoint:
        """The operating point at a threshold, in logits, with its sensitivity and specificity on these images.

        The images nearest to it in logits are uncertain, as many as the stated coverage leaves undecided.
        """
        logits = self._scores.logits
        of_patients = np.zeros((self._draws.shape[1], 4))
        np.add.at(of_patients, self._patient, outcomes(self._scores.labels, logits >= threshold))
        drawn = shares(self._draws @ of_patients)
        margin = float(np.quantile(np.abs(logits - threshold), 1 - COVERAGE))
        low, at, high = (
            float(expit(logit / self._temperature)) for logit in (threshold - margin, threshold, threshold + margin)
        )
        diseased, normal = (self._patients_with(label) for label in (1, 0))
        return OperatingPoint(
            name, at, low, high, _interval(drawn["sensitivity"], diseased), _interval(drawn["specificity"], normal)
        )

    def _patients_with(self, label: int) -> int:
        return len(np.unique(self._patient[self._scores.labels == label]))


def _interval(drawn: np.ndarray, patients: int) -> Interval:
    """The share, first of those drawn, with the middle 95 % of the others."""
    value = float(drawn[0])
    # Drawn from patients that are all alike, no draw differs; Clopper and Pearson (Biometrika 1934) know better.
    missed = 1 - 0.025 ** (1 / patients)
    if value == 1.0:
        return Interval(value, 1 - missed, 1.0)
    if value == 0.0:
        return Interval(value, 0.0, missed)
    low, high = np.nanpercentile(drawn[1:], (2.5, 97.5))
    return Interval(value, float(low), float(high))
