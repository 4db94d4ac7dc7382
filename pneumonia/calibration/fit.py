"""Temperature, offset, thresholds and the uncertain zone, fixed on validation data by rules written here.

The rules were written before any figure was looked at. They see the pooled validation images: the plain
ones and each fixed corruption of them (`pneumonia.data.corruptions`), because a threshold fixed on plain
images of one hospital is known not to hold elsewhere.
"""

import numpy as np
from scipy.optimize import minimize
from scipy.special import log_expit

from pneumonia.core.operating_points import BALANCED, RULE_IN, SCREENING, OperatingPoint
from pneumonia.metrics.scores import Scores
from pneumonia.metrics.threshold_sweep import ThresholdSweep

_SCREENING_SENSITIVITY = 0.99
_RULE_IN_SPECIFICITY = 0.99
# Values outside of these mean that training failed; the bounds keep the search finite.
_LOG_TEMPERATURE_BOUNDS = (np.log(0.05), np.log(20.0))
_OFFSET_BOUNDS = (-10.0, 10.0)


def fit_calibration(logits: np.ndarray, labels: np.ndarray) -> tuple[float, float]:
    """The divisor of the logits, and the number added to them before, under which the labels are likeliest.

    Platt, "Probabilistic Outputs for Support Vector Machines", 1999. The divisor alone is the temperature of Guo et
    al., "On Calibration of Modern Neural Networks", ICML 2017; a network trained with weighted classes needs the
    offset too, because it believes that both are equally frequent.

    Args:
        logits: (N,).
        labels: (N,) of 0 and 1.

    Returns:
        Temperature and offset: the probability of an image is `expit((logit + offset) / temperature)`.
    """
    signs = np.where(labels == 1, 1.0, -1.0)

    def loss(parameters: np.ndarray) -> float:
        log_temperature, offset = parameters
        return float(-log_expit(signs * (logits + offset) * np.exp(-log_temperature)).mean())

    fit = minimize(loss, x0=(0.0, 0.0), bounds=(_LOG_TEMPERATURE_BOUNDS, _OFFSET_BOUNDS), method="L-BFGS-B")
    return float(np.exp(fit.x[0])), float(fit.x[1])


def fix_operating_points(scores: Scores, temperature: float) -> dict[str, OperatingPoint]:
    """Three thresholds by rule; around each, the images nearest in logits are uncertain, as many as the stated
    coverage leaves undecided.

    Args:
        scores: of the pooled validation images.
        temperature: turns logits into probabilities.

    Returns:
        Operating points by name, with the sensitivity and specificity on these images.
    """
    sweep = ThresholdSweep(scores, temperature)
    thresholds = thresholds_by_rule(scores.logits, scores.labels)
    return {name: sweep.point(name, threshold) for name, threshold in thresholds.items()}


def thresholds_by_rule(logits: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """Balanced: sensitivity equals specificity. Screening: sensitivity 0.99, unless balanced has it already.
    Rule-in: specificity 0.99, likewise.

    Args:
        logits: (N,).
        labels: (N,) of 0 and 1, both present.

    Returns:
        Thresholds in logits, by name of the operating point.
    """
    normal, diseased = logits[labels == 0], logits[labels == 1]
    balanced = _equal_error(normal, diseased)
    return {
        SCREENING: min(float(np.quantile(diseased, 1 - _SCREENING_SENSITIVITY)), balanced),
        BALANCED: balanced,
        RULE_IN: max(float(np.quantile(normal, _RULE_IN_SPECIFICITY)), balanced),
    }


def _equal_error(normal: np.ndarray, diseased: np.ndarray) -> float:
    """The threshold at which as large a share of normals lies above as of pneumonias below."""
    candidates = np.unique(np.concatenate([normal, diseased]))
    # A network that gives every image the same logit has no middles; any threshold serves it equally.
    middles = (candidates[1:] + candidates[:-1]) / 2 if len(candidates) > 1 else candidates
    above = len(normal) - np.searchsorted(np.sort(normal), middles)
    below = np.searchsorted(np.sort(diseased), middles)
    # Shares over a common denominator: whole numbers, so that rounding does not decide between equals.
    gap = np.abs(above * len(diseased) - below * len(normal))
    # Where several do equally well, the middle of them stays farthest from both classes.
    return float(np.median(middles[gap == gap.min()]))
