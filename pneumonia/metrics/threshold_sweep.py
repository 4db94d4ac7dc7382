"""Sensitivity, specificity and other shares at any threshold on labelled images."""

import numpy as np
from scipy.special import expit, logit

from pneumonia.core.operating_points import CUSTOM, Interval, OperatingPoint
from pneumonia.metrics.bootstrap import draw_patients
from pneumonia.metrics.classification import outcomes, shares
from pneumonia.metrics.intervals import share_interval, with_interval
from pneumonia.metrics.scores import Scores

# Share of the images that are decided at each threshold; the others, nearest to it, are uncertain. Selective
# classification at a stated coverage: Geifman and El-Yaniv, "Selective Classification for Deep Neural Networks",
# NeurIPS 2017.
COVERAGE = 0.98


class ThresholdSweep:
    """Figures of any threshold on the same images, quickly enough to follow a slider.

    Args:
        scores: of the images; kept as an attribute.
        temperature: turns logits into probabilities.
    """

    def __init__(self, scores: Scores, temperature: float) -> None:
        self.scores = scores
        self._temperature = temperature
        patients, self._patient = np.unique(scores.patients, return_inverse=True)
        # First the patients as they are, then the draws. A column a patient, not an image, keeps it small.
        self._draws = np.vstack([np.ones(len(patients)), draw_patients(len(patients))])
        self._diseased, self._normal = (len(np.unique(self._patient[scores.labels == label])) for label in (1, 0))

    def point(self, name: str, threshold: float) -> OperatingPoint:
        """The operating point at a threshold, in logits, with its sensitivity and specificity on these images.

        The images nearest to it in logits are uncertain, as many as the stated coverage leaves undecided.
        """
        logits = self.scores.logits
        drawn = self.shares(logits >= threshold)
        margin = float(np.quantile(np.abs(logits - threshold), 1 - COVERAGE))
        low, at, high = (
            float(expit(score / self._temperature)) for score in (threshold - margin, threshold, threshold + margin)
        )
        return OperatingPoint(
            name,
            at,
            low,
            high,
            _interval(drawn["sensitivity"], self._diseased),
            _interval(drawn["specificity"], self._normal),
        )

    def custom_point(self, threshold: float) -> OperatingPoint:
        """The operating point at a reader's own threshold, a calibrated probability in (0, 1)."""
        return self.point(CUSTOM, self._temperature * float(logit(threshold)))

    def shares(self, positive: np.ndarray) -> dict[str, np.ndarray]:
        """The shares of `classification.shares`, first of the images as they are, then of each draw of their patients.

        Args:
            positive: (N,) bool, called pneumonia.
        """
        of_patients = np.zeros((self._draws.shape[1], 4))
        np.add.at(of_patients, self._patient, outcomes(self.scores.labels, positive))
        return shares(self._draws @ of_patients)


def _interval(drawn: np.ndarray, patients: int) -> Interval:
    # Drawn from patients that are all alike, no draw differs: the exact interval knows better.
    return share_interval(drawn[0], patients) if drawn[0] in (0.0, 1.0) else with_interval(drawn)
