"""What a finding means elsewhere: other thresholds, other prevalences, other images of the same patient."""

import numpy as np
import pytest
from scipy.special import expit, logit

from pneumonia import load_predictor
from pneumonia.calibration.prevalence import at_prevalence, predictive_values
from pneumonia.core.operating_points import CUSTOM, Interval, OperatingPoint
from pneumonia.metrics.repeatability import repeatability_limit
from pneumonia.metrics.scores import Scores
from pneumonia.metrics.threshold_sweep import ThresholdSweep
from pneumonia.variants.registry import PUBLISHED
from tests.fixtures.fakes import FakePredictor

POINT = OperatingPoint("balanced", 0.5, 0.4, 0.6, Interval(0.9, 0.8, 1.0), Interval(0.8, 0.7, 0.9))


def test_predictive_values_by_hand():
    positive, negative = predictive_values(POINT, 0.1)
    # Of 1000, 100 have it: 90 are called; of the 900 others, 180 are.
    assert positive.value == pytest.approx(90 / 270)
    assert negative.value == pytest.approx(720 / 730)
    assert positive.low == pytest.approx(80 / (80 + 270)) and positive.high == pytest.approx(100 / (100 + 90))
    assert negative.low == pytest.approx(630 / 650) and negative.high == 1.0


def test_nobody_called_has_no_predictive_value():
    nobody = OperatingPoint("own", 0.999, 0.99, 1.0, Interval(0.0, 0.0, 0.1), Interval(1.0, 0.9, 1.0))
    assert np.isnan(predictive_values(nobody, 0.5).positive.value)


def test_a_probability_is_carried_over_by_the_odds():
    assert at_prevalence(0.7, 0.5, 0.5) == pytest.approx(0.7)
    # Odds 1 at even prevalence become 1 : 9 at one in ten.
    assert at_prevalence(0.5, 0.5, 0.1) == pytest.approx(0.1)


def test_a_threshold_gives_what_is_counted():
    scores = Scores(np.array([-2.0, -1.0, 1.0, -0.5, 1.0, 2.0]), np.repeat([0, 1], 3), np.array(list("aabcde")))
    point = ThresholdSweep(scores, temperature=2.0).point(CUSTOM, 0.0)
    assert (point.name, point.threshold) == ("own", 0.5)
    assert point.sensitivity.value == point.specificity.value == pytest.approx(2 / 3)
    # The nearest image is uncertain: half a logit away, less what 98 % coverage leaves of it.
    assert 0.5 < point.high < expit(1.0 / 2) and point.low == pytest.approx(1 - point.high)


def test_where_all_patients_are_alike_the_interval_is_exact():
    """Drawing from them anew would give an interval without width."""
    scores = Scores(np.array([-1.0] * 10 + [1.0] * 4), np.repeat([0, 1], (10, 4)), np.arange(14).astype(str))
    point = ThresholdSweep(scores, 1.0).point(CUSTOM, 0.0)
    # Clopper and Pearson: 0.025 ** (1 / n).
    assert point.specificity.low == pytest.approx(0.025 ** (1 / 10))
    assert point.sensitivity.low == pytest.approx(0.025 ** (1 / 4))
    assert point.sensitivity.high == point.sensitivity.value == 1.0


@pytest.mark.parametrize("variant", PUBLISHED)
def test_the_stored_scores_give_the_stored_operating_points(variant):
    predictor = load_predictor(variant)
    thresholds = predictor.thresholds(predictor.calibration)
    for stored in predictor.operating_points.values():
        point = thresholds.point(stored.name, predictor.calibration.temperature * logit(stored.threshold))
        for end in ("threshold", "low", "high"):
            assert getattr(point, end) == pytest.approx(getattr(stored, end), abs=1e-3)
        for share in ("sensitivity", "specificity"):
            assert getattr(point, share).value == pytest.approx(getattr(stored, share).value, abs=1e-3)
            # Patients are drawn in another order.
            assert getattr(point, share).low == pytest.approx(getattr(stored, share).low, abs=5e-3)


def test_the_interval_of_a_predictive_value_holds_the_one_of_resampled_patients():
    sets = FakePredictor.metrics["sets"]
    validation = sets["validation"]["operating_points"]["balanced"]
    point = OperatingPoint(
        "balanced", 0.5, 0.5, 0.5, *(Interval(**validation[share]) for share in ("sensitivity", "specificity"))
    )
    prevalence = sets["validation"]["positives"] / sets["validation"]["n"]
    for value, name in zip(predictive_values(point, prevalence), ("precision", "npv"), strict=True):
        resampled = validation[name]
        assert value.value == pytest.approx(resampled["value"])
        # Where all are right, either is an exact one: of the share itself, or of those that it is worked out from.
        assert value.low <= resampled["low"] + 0.03 and value.high >= resampled["high"] - 0.01


def test_repeatability_counts_patients_once_and_labels_apart():
    # Forty patients whose two images differ by 1, and one whose ten differ by up to 9 in 45 pairs.
    logits = [0.0, 1.0] * 40 + list(range(10))
    patients = [str(number // 2) for number in range(80)] + ["many"] * 10
    scores = Scores(np.array(logits, float), np.zeros(90), np.array(patients))
    assert repeatability_limit(scores) == 1.0
    # Images under different labels do differ.
    scores = Scores(np.array(logits, float), np.array([0.0, 1.0] * 45), np.array(patients))
    assert repeatability_limit(scores) is None
