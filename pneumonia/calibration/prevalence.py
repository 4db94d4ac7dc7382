"""Predictive values where pneumonia is rarer, or more frequent, than among the images a network was measured on."""

from typing import NamedTuple

from scipy.special import expit, logit

from pneumonia.core.operating_points import Interval, OperatingPoint


class PredictiveValues(NamedTuple):
    """Shares in [0, 1] at one prevalence.

    Attributes:
        positive: of those called pneumonia, how many have it.
        negative: of those not called pneumonia, how many do not have it.
    """

    positive: Interval
    negative: Interval


def predictive_values(point: OperatingPoint, prevalence: float) -> PredictiveValues:
    """Bayes' rule with the sensitivity and specificity that were measured at an operating point.

    Both values rise with either, so their intervals run from the lower ends of both to the upper ends of both. That is
    somewhat wider than 95 %, since the two are measured on different patients.

    Args:
        point: where pneumonia is called.
        prevalence: share with pneumonia among those whose radiographs are read, in (0, 1).
    """
    ends = [(getattr(point.sensitivity, end), getattr(point.specificity, end)) for end in ("value", "low", "high")]
    return PredictiveValues(
        Interval(
            *(
                _share(sensitivity * prevalence, (1 - specificity) * (1 - prevalence))
                for sensitivity, specificity in ends
            )
        ),
        Interval(
            *(
                _share(specificity * (1 - prevalence), (1 - sensitivity) * prevalence)
                for sensitivity, specificity in ends
            )
        ),
    )


def at_prevalence(probability: float, measured: float, prevalence: float) -> float:
    """A calibrated probability, carried over to another prevalence.

    Only right where nothing else differs: where pneumonias look alike in both places, and normals too. Saerens,
    Latinne and Decaestecker, "Adjusting the Outputs of a Classifier to New a Priori Probabilities", Neural Computation
    2002.

    Args:
        probability: of pneumonia, in (0, 1).
        measured: prevalence among the images that it was calibrated on, in (0, 1).
        prevalence: the other, in (0, 1).
    """
    return float(expit(logit(probability) + logit(prevalence) - logit(measured)))


def _share(right: float, wrong: float) -> float:
    """NaN where no one is called so."""
    return right / (right + wrong) if right + wrong else float("nan")
