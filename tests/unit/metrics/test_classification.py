"""Figures, intervals, calibration and thresholds against numbers worked out by hand."""

import json

import numpy as np
import pytest
from scipy.special import expit
from scipy.stats import binomtest
from sklearn.metrics import average_precision_score, brier_score_loss, roc_auc_score

from pneumonia.calibration.fit import fit_calibration, fix_operating_points
from pneumonia.core.operating_points import Interval, OperatingPoint
from pneumonia.metrics.bootstrap import resample_patients
from pneumonia.metrics.classification import auprc, auroc, brier, evaluate, expected_calibration_error, rates
from pneumonia.metrics.intervals import drawn_share, share_interval
from pneumonia.metrics.paired_comparison import compare
from pneumonia.metrics.scores import Scores
from pneumonia.metrics.threshold_sweep import COVERAGE

SHARE = Interval(0.9, 0.8, 1.0)
LABELS = np.array([0, 0, 0, 1, 1])


def test_rates_by_hand():
    positive = np.array([False, False, True, True, False])
    shares = rates(LABELS, positive, np.ones((1, 5)))
    expected = {
        "accuracy": 3 / 5,
        "sensitivity": 1 / 2,
        "recall": 1 / 2,
        "specificity": 2 / 3,
        "precision": 1 / 2,
        "npv": 2 / 3,
        "f1": 1 / 2,
    }
    assert {name: value[0] for name, value in shares.items()} == pytest.approx(expected)


def test_calibration_error_by_hand():
    # Bin of 0.1: half are ill, off by 0.4. Bin of 0.9: all are ill, off by 0.1.
    error = expected_calibration_error(np.array([0, 1, 1, 1]), np.array([0.1, 0.1, 0.9, 0.9]), np.ones((1, 4)))[0]
    assert error == pytest.approx(0.25)


def test_resampling_draws_whole_patients():
    patients = np.array(["a", "a", "b", "c", "c", "c"])
    weights = resample_patients(patients, resamples=200)
    assert (weights[:, 0] == weights[:, 1]).all() and (weights[:, 3] == weights[:, 5]).all()
    assert (weights[:, [0, 2, 3]].sum(axis=1) == 3).all()
    assert weights.std() > 0


def test_evaluate_reports_perfect_and_reversed_scores():
    points = [OperatingPoint("balanced", 0.5, 0.45, 0.55, SHARE, SHARE)]
    labels = np.array([0] * 20 + [1] * 20)
    scores = np.linspace(0.01, 0.99, 40)
    patients = np.arange(40).astype(str)
    perfect = evaluate(labels, scores, patients, points, "a command")
    # All draws are right as well: how far that goes, the number of patients tells.
    assert perfect["auroc"]["value"] == perfect["auroc"]["high"] == 1.0 and 0.85 < perfect["auroc"]["low"] < 0.95
    at = perfect["operating_points"]["balanced"]
    assert at["sensitivity"] == {"value": 1.0, "low": pytest.approx(0.025 ** (1 / 20)), "high": 1.0}
    assert at["accuracy"]["low"] == pytest.approx(0.025 ** (1 / 40)) and at["npv"] == at["specificity"]
    assert at["confusion_matrix"] == {
        "true_negative": 20,
        "false_positive": 0,
        "false_negative": 0,
        "true_positive": 20,
    }
    assert at["uncertain_share"] == pytest.approx(4 / 40) and perfect["command"] == "a command"
    reversed_ = evaluate(labels, 1 - scores, patients, points, "")
    assert reversed_["auroc"]["value"] == 0 and reversed_["operating_points"]["balanced"]["f1"]["value"] == 0


def test_weighted_images_count_as_repeated_ones_do():
    labels, scores = np.array([0, 0, 1, 1, 0]), np.array([0.1, 0.6, 0.4, 0.9, 0.7])
    points = [OperatingPoint("balanced", 0.5, 0.5, 0.5, SHARE, SHARE)]
    often = np.array([3, 1, 2, 1, 2])
    weighted = evaluate(labels, scores, np.arange(5).astype(str), points, "", often.astype(float))
    repeated = evaluate(labels.repeat(often), scores.repeat(often), np.arange(5).astype(str).repeat(often), points, "")
    for name in ("auroc", "auprc", "brier", "ece"):
        assert weighted[name]["value"] == pytest.approx(repeated[name]["value"])
    assert weighted["operating_points"]["balanced"]["specificity"] == pytest.approx(
        repeated["operating_points"]["balanced"]["specificity"]
    )


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("label", [0, 1])
def test_what_a_set_of_one_class_cannot_tell_is_left_undefined(label):
    points = [OperatingPoint("balanced", 0.5, 0.45, 0.55, SHARE, SHARE)]
    figures = evaluate(np.full(20, label), np.linspace(0.01, 0.99, 20), np.arange(20).astype(str), points, "")
    for name in ("auroc", "auprc", "ece"):
        assert figures[name] == {"value": None, "low": None, "high": None}
    assert sum(figures["operating_points"]["balanced"]["confusion_matrix"].values()) == figures["n"] == 20


def test_intervals_widen_when_images_share_patients():
    rng = np.random.default_rng(0)
    labels = np.repeat(rng.integers(0, 2, 40), 10)
    scores = np.clip(np.repeat(rng.normal(0, 0.2, 40), 10) + 0.3 + 0.3 * labels, 0.001, 0.999)
    points = [OperatingPoint("balanced", 0.5, 0.5, 0.5, SHARE, SHARE)]

    def width(patients):
        auroc = evaluate(labels, scores, patients, points, "")["auroc"]
        return auroc["high"] - auroc["low"]

    assert width(np.repeat(np.arange(40), 10)) > 2 * width(np.arange(400))


@pytest.mark.parametrize(("true_temperature", "true_offset"), [(0.5, 0.0), (1.0, 1.0), (4.0, -2.0)])
def test_temperature_and_offset_are_found(true_temperature, true_offset):
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 3, 20000)
    labels = (rng.random(20000) < expit((logits + true_offset) / true_temperature)).astype(int)
    temperature, offset = fit_calibration(logits, labels)
    assert temperature == pytest.approx(true_temperature, rel=0.1)
    assert offset == pytest.approx(true_offset, abs=0.15)


def test_calibration_of_separated_or_useless_logits_stays_finite():
    labels = np.repeat([0, 1], 50)
    assert np.isfinite(fit_calibration(np.where(labels == 1, 8.0, -8.0), labels)).all()
    assert np.isfinite(fit_calibration(np.zeros(100), labels)).all()


def test_scores_survive_their_written_form():
    scores = Scores(np.array([-1.5, 0.0, 20.25]), np.array([0.0, 1.0, 1.0], np.float32), np.array(["b", "a", "b"]))
    written = scores.to_dict()
    assert written == {"labels": "0 1 1", "logits": "-1.500000 0.000000 20.250000", "patients": "1 0 1"}
    read = Scores.from_dict(json.loads(json.dumps(written)))
    np.testing.assert_array_equal(read.logits, scores.logits)
    np.testing.assert_array_equal(read.labels, scores.labels)
    assert list(read.patients) == ["1", "0", "1"]


def test_operating_points_follow_their_rules():
    rng = np.random.default_rng(0)
    logits = np.concatenate([rng.normal(-2, 1.5, 4000), rng.normal(2, 1.5, 4000)])
    labels = np.repeat([0, 1], 4000)
    points = fix_operating_points(Scores(logits, labels, np.arange(8000)), temperature=2.0)
    screening, balanced, rule_in = (points[name] for name in ("screening", "balanced", "rule-in"))
    assert screening.sensitivity.value == pytest.approx(0.99, abs=0.002)
    assert rule_in.specificity.value == pytest.approx(0.99, abs=0.002)
    assert balanced.sensitivity.value == pytest.approx(balanced.specificity.value, abs=0.002)
    assert balanced.threshold == pytest.approx(0.5, abs=0.02)
    probabilities = expit(logits / 2)
    for point in points.values():
        assert point.low < point.threshold < point.high
        assert point.sensitivity.low <= point.sensitivity.value <= point.sensitivity.high
        uncertain = np.mean([point.finding(p) == "UNCERTAIN" for p in probabilities])
        assert 1 - uncertain == pytest.approx(COVERAGE, abs=0.002)


def test_perfectly_separated_classes_get_the_middle():
    logits = np.array([-3.0, -2.0, -1.0, 3.0, 4.0, 5.0])
    points = fix_operating_points(Scores(logits, np.repeat([0, 1], 3), np.arange(6)), temperature=1.0)
    assert points["balanced"].threshold == pytest.approx(expit(1.0))
    assert points["screening"].threshold <= points["balanced"].threshold <= points["rule-in"].threshold


@pytest.mark.parametrize(
    ("probability", "finding"),
    [
        (0.0, "NORMAL"),
        (0.399, "NORMAL"),
        (0.4, "UNCERTAIN"),
        (0.599, "UNCERTAIN"),
        (0.6, "PNEUMONIA"),
        (1, "PNEUMONIA"),
    ],
)
def test_findings_at_the_edges_of_the_zone(probability, finding):
    assert OperatingPoint("balanced", 0.5, 0.4, 0.6, SHARE, SHARE).finding(probability) == finding


def test_comparison_of_two_variants_by_hand():
    labels = np.repeat([0, 1], 20)
    good = np.where(labels == 1, 0.9, 0.1)
    worse = good.copy()
    worse[:6] = 0.8  # six normals called pneumonia
    result = compare(labels, np.arange(40), (good, worse), (0.5, 0.5))
    assert (result["only_first_right"], result["only_second_right"]) == (6, 0)
    assert result["mcnemar_p"] == pytest.approx(2 * 0.5**6)
    assert result["accuracy_difference"]["value"] == pytest.approx(6 / 40)
    assert result["auroc_difference"]["value"] == 0  # the order is still perfect
    assert result["accuracy_difference"]["low"] > 0
    same = compare(labels, np.arange(40), (good, good), (0.5, 0.5))
    assert same["mcnemar_p"] == 1 and same["auroc_difference"] == {"value": 0, "low": 0, "high": 0}


def test_intervals_resample_what_scikit_learn_computes():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, 60)
    scores = rng.integers(0, 20, 60) / 20  # with ties
    weights = resample_patients(rng.integers(0, 30, 60), resamples=20)
    for ours, theirs in ((auroc, roc_auc_score), (auprc, average_precision_score), (brier, brier_score_loss)):
        expected = [theirs(labels, scores, sample_weight=w) for w in weights]
        np.testing.assert_allclose(ours(labels, scores, weights), expected)


def test_a_share_that_few_patients_miss_has_at_least_its_exact_interval():
    labels, patients = np.array([1] * 40 + [0] * 40), np.arange(80)
    probabilities = np.where(labels == 1, 0.9, 0.1)
    probabilities[:1] = 0.1  # one pneumonia is missed, by one patient
    probabilities[40:50] = 0.9  # ten patients have a false alarm
    point = OperatingPoint("balanced", 0.5, 0.5, 0.5, None, None)
    figures = evaluate(labels, probabilities, patients, [point], "")["operating_points"]["balanced"]
    low, high = binomtest(39, 40).proportion_ci(0.95, "exact")
    assert figures["sensitivity"] == {"value": 0.975, "low": pytest.approx(low), "high": 1.0}
    assert high < 1
    drawn = rates(labels, probabilities >= 0.5, resample_patients(patients))["specificity"]
    assert figures["specificity"]["low"] == pytest.approx(np.percentile(drawn, 2.5))


def test_an_exact_interval_does_not_hide_how_unlike_patients_are():
    # Three patients of a hundred images are wrong, a hundred of one are right: three decide all of it.
    right = np.repeat([False, True], [300, 100])
    patients = np.concatenate([np.repeat(np.arange(3), 100), np.arange(3, 103)])
    shares = np.append(right.mean(), [np.average(right, weights=w) for w in resample_patients(patients)])
    counted = (np.bincount(patients, right == kind) for kind in (True, False))
    interval, exact = drawn_share(shares, *counted), share_interval(0.25, 103)
    assert interval.low < exact.low and interval.high > exact.high


def test_the_interval_of_a_small_calibration_error_holds_its_value():
    rng = np.random.default_rng(0)
    scores = rng.random(300)
    labels = (rng.random(300) < scores).astype(int)
    points = [OperatingPoint("balanced", 0.5, 0.5, 0.5, SHARE, SHARE)]
    ece = evaluate(labels, scores, np.arange(300), points, "")["ece"]
    assert ece["low"] <= ece["value"] <= ece["high"] and ece["high"] > ece["low"]
