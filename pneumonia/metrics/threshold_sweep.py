"""Sensitivity, specificity and other shares at any threshold on labelled images."""

import numpy as np
from scipy.special import expit, logit

from pneumonia.core.operating_points import CUSTOM, Interval, OperatingPoint
from pneumonia.metrics.bootstrap import draw_patients
from pneumonia.metrics.classification import outcomes_of_patients, share_intervals, shares
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

    def point(self, name: str, threshold: float) -> OperatingPoint:
        """The operating point at a threshold, in logits, with its sensitivity and specificity on these images.

        The images nearest to it in logits are uncertain, as many as the stated coverage leaves undecided.
        """
        logits = self.scores.logits
        intervals = self.shares(logits >= threshold)
        margin = float(np.quantile(np.abs(logits - threshold), 1 - COVERAGE))
        low, at, high = (
            float(expit(score / self._temperature)) for score in (threshold - margin, threshold, threshold + margin)
        )
        return OperatingPoint(
            name,
            at,
            low,
            high,
            intervals["sensitivity"],
            intervals["specificity"],
        )

    def custom_point(self, threshold: float) -> OperatingPoint:
        """The operating point at a reader's own threshold, a calibrated probability in (0, 1)."""
        return self.point(CUSTOM, self._temperature * float(logit(threshold)))

    def shares(self, positive: np.ndarray) -> dict[str, Interval]:
        """The shares of `classification.shares`, with the intervals of `classification.share_intervals`.

        Args:
            positive: (N,) bool, called pneumonia.
        """
        of_patients = outcomes_of_patients(self.scores.labels, positive, self._patient)
        return share_intervals(shares(self._draws @ of_patients), of_patients)
