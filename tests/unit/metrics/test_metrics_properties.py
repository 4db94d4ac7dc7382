"""What holds of figures, intervals, calibration and thresholds whatever the images: facts of the measures."""

from datetime import date

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.special import expit, logit

from pneumonia.calibration.fit import fit_calibration, fix_operating_points
from pneumonia.calibration.platt import LEAST_SLOPE, fit_platt
from pneumonia.calibration.prevalence import at_prevalence, predictive_values
from pneumonia.calibration.recalibrate import recalibrate
from pneumonia.calibration.site import SiteCalibration
from pneumonia.core.labels import NORMAL, PNEUMONIA, UNCERTAIN
from pneumonia.core.operating_points import Interval, OperatingPoint
from pneumonia.metrics.bootstrap import resample_patients
from pneumonia.metrics.classification import auprc, auroc, brier, evaluate, expected_calibration_error, outcomes, rates
from pneumonia.metrics.intervals import auroc_interval, share_interval
from pneumonia.metrics.paired_comparison import compare
from pneumonia.metrics.scores import Scores
from tests.fixtures.fakes import FakePredictor

ROUNDING = 1e-12
MEASURES = (auroc, auprc, brier, expected_calibration_error)
shares = st.floats(0, 1)
# Probabilities of a network: never exactly 0 or 1, often the same.
inner_shares = st.integers(1, 19).map(lambda twentieth: twentieth / 20)


@st.composite
def read_images(draw: st.DrawFn, least: int = 2, most: int = 25) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Labels, both present; probabilities with many ties; patients, some with several images; each (N,)."""
    count = draw(st.integers(least, most))
    labels = draw(st.permutations([0, 1, *draw(st.lists(st.integers(0, 1), min_size=count - 2, max_size=count - 2))]))
    column = {"min_size": count, "max_size": count}
    probabilities = draw(st.lists(inner_shares, **column))
    patients = draw(st.lists(st.integers(0, count), **column))
    return np.array(labels), np.array(probabilities), np.array(patients)


def once(values: np.ndarray) -> np.ndarray:
    return np.ones((1, len(values)))


def value(measure, labels: np.ndarray, probabilities: np.ndarray) -> float:
    return float(measure(labels, probabilities, once(labels))[0])


def point(threshold: float, low: float, high: float) -> OperatingPoint:
    return OperatingPoint("balanced", threshold, low, high, Interval(0.9, 0.8, 1.0), Interval(0.8, 0.7, 0.9))


# === Figures of one set ===


@pytest.mark.promise("AUROC is the share of pairs in order, and half of the ties.", part="Figures")
@given(read_images())
def test_auroc_is_the_share_of_pairs_in_order_with_half_of_the_ties(images):
    labels, probabilities, _ = images
    pairs = [(p > n) + 0.5 * (p == n) for p in probabilities[labels == 1] for n in probabilities[labels == 0]]
    assert value(auroc, labels, probabilities) == pytest.approx(np.mean(pairs))


@given(images=read_images(), temperature=st.floats(0.1, 10), offset=st.floats(-5, 5))
def test_order_is_all_that_auroc_and_auprc_see_and_calibration_keeps_it(images, temperature, offset):
    labels, probabilities, _ = images
    calibrated = expit((logit(probabilities) + offset) / temperature)
    # Ties stay ties and others stay apart, if the calibration is not so steep that both become 1.
    for measure in (auroc, auprc):
        for mapped in (calibrated, probabilities**3, 2 * probabilities - 7):
            if len(np.unique(mapped)) == len(np.unique(probabilities)):
                assert value(measure, labels, mapped) == pytest.approx(value(measure, labels, probabilities))
    assert (np.diff(calibrated[np.argsort(probabilities)]) >= 0).all()


@given(read_images())
def test_auroc_of_swapped_classes_and_of_reversed_scores_is_the_rest(images):
    labels, probabilities, _ = images
    rest = 1 - value(auroc, labels, probabilities)
    assert value(auroc, 1 - labels, probabilities) == pytest.approx(rest)
    assert value(auroc, labels, 1 - probabilities) == pytest.approx(rest)


@given(read_images())
def test_errors_of_probabilities_lie_between_nothing_and_one_and_vanish_for_the_truth(images):
    labels, probabilities, _ = images
    for measure in (brier, expected_calibration_error):
        assert 0 <= value(measure, labels, probabilities) <= 1
        assert value(measure, labels, labels.astype(float)) == 0
        assert value(measure, labels, 1.0 - labels) == 1
    # Saying how frequent pneumonia is, of every image, is calibrated, and no better than chance.
    constant = np.full(len(labels), labels.mean())
    assert value(expected_calibration_error, labels, constant) == pytest.approx(0, abs=1e-12)
    assert value(auroc, labels, constant) == 0.5
    # The mean of squares is never below the square of the mean, nor is the calibration error within bins.
    assert (
        value(expected_calibration_error, labels, probabilities) <= np.sqrt(value(brier, labels, probabilities)) + 1e-12
    )


@given(images=read_images(), times=st.lists(st.integers(0, 3), min_size=25, max_size=25))
def test_an_image_that_counts_twice_is_as_good_as_two(images, times):
    labels, probabilities, _ = images
    weights = np.array(times[: len(labels)], float)
    again = np.repeat(np.arange(len(labels)), weights.astype(int))
    if len(set(labels[again])) == 2:
        for measure in MEASURES:
            expected = value(measure, labels[again], probabilities[again])
            assert measure(labels, probabilities, weights[None])[0] == pytest.approx(expected)


@given(images=read_images(), thresholds=st.tuples(shares, shares).map(sorted))
def test_every_image_is_one_outcome_and_a_higher_threshold_trades_sensitivity_for_specificity(images, thresholds):
    labels, probabilities, _ = images
    low, high = (rates(labels, probabilities >= threshold, once(labels)) for threshold in thresholds)
    assert low["sensitivity"] >= high["sensitivity"] and low["specificity"] <= high["specificity"]
    counts = outcomes(labels, probabilities >= thresholds[0])
    assert (counts.sum(axis=1) == 1).all()
    tp, fn, fp, tn = counts.sum(axis=0)
    assert (tp + fn, fp + tn) == (labels.sum(), (1 - labels).sum())
    # Accuracy is what sensitivity and specificity say of their classes, put together.
    share = labels.mean()
    together = share * low["sensitivity"][0] + (1 - share) * low["specificity"][0]
    assert low["accuracy"][0] == pytest.approx(together)
    swapped = rates(1 - labels, probabilities < thresholds[0], once(labels))
    for name, other in (("sensitivity", "specificity"), ("precision", "npv"), ("accuracy", "accuracy")):
        np.testing.assert_allclose(low[name], swapped[other])


@pytest.mark.promise("Every interval holds its value and lies between 0 and 1.", part="Figures")
@given(images=read_images(), threshold=inner_shares, width=st.floats(0, 0.5))
def test_all_figures_of_a_set_hold_together(images, threshold, width):
    labels, probabilities, patients = images
    at = point(threshold, max(0, threshold - width), min(1, threshold + width))
    figures = evaluate(labels, probabilities, patients, [at], "a command")
    measured = figures["operating_points"]["balanced"]
    matrix = measured["confusion_matrix"]
    assert sum(matrix.values()) == figures["n"] == len(labels)
    assert matrix["true_positive"] + matrix["false_negative"] == figures["positives"] == labels.sum()
    intervals = [figures[name] for name in ("auroc", "auprc", "brier", "ece")]
    intervals += [part for part in measured.values() if isinstance(part, dict) and "low" in part]
    for interval in intervals:
        if interval["value"] is not None:
            assert 0 <= interval["low"] <= interval["value"] + ROUNDING, interval
            assert interval["value"] - ROUNDING <= interval["high"] <= 1, interval
    right = matrix["true_positive"] + matrix["true_negative"]
    assert measured["accuracy"]["value"] == pytest.approx(right / len(labels))
    assert 0 <= measured["uncertain_share"] <= 1
    if not measured["uncertain_share"]:
        assert measured["accuracy_outside_uncertain"] == pytest.approx(measured["accuracy"]["value"])


# === Intervals ===


@given(patients=st.integers(1, 500), hits=st.integers(0, 500), wider=st.integers(2, 10))
def test_the_interval_of_a_share_holds_it_mirrors_it_and_narrows_with_patients(patients, hits, wider):
    share = min(hits, patients) / patients
    interval, other = share_interval(share, patients), share_interval(1 - share, patients)
    assert 0 <= interval.low <= share <= interval.high <= 1 and interval.low < interval.high
    assert (1 - other.high, 1 - other.low) == pytest.approx((interval.low, interval.high), abs=1e-9)
    more = share_interval(share, wider * patients)
    assert more.high - more.low < interval.high - interval.low


@given(ranked=shares, normal=st.integers(1, 500), diseased=st.integers(1, 500))
def test_the_interval_of_an_auroc_holds_it_and_mirrors_it(ranked, normal, diseased):
    interval, other = auroc_interval(ranked, normal, diseased), auroc_interval(1 - ranked, diseased, normal)
    assert 0 <= interval.low <= ranked <= interval.high <= 1 and interval.low < interval.high
    assert (1 - other.high, 1 - other.low) == pytest.approx((interval.low, interval.high), abs=1e-6)


@given(patients=st.lists(st.integers(0, 5), min_size=1, max_size=20), seed=st.integers(0, 2**31))
def test_images_of_a_patient_are_drawn_together_and_as_many_patients_as_there_are(patients, seed):
    patients = np.array(patients)
    weights = resample_patients(patients, seed, resamples=20)
    people, first = np.unique(patients, return_index=True)
    assert (weights[:, first].sum(axis=1) == len(people)).all()
    np.testing.assert_array_equal(weights, weights[:, first][:, np.searchsorted(people, patients)])


# === Two variants ===


@pytest.mark.promise("A comparison of two variants says the same from either side.", part="Figures")
@given(images=read_images(), others=st.data(), thresholds=st.tuples(inner_shares, inner_shares))
def test_a_comparison_says_the_same_from_either_side(images, others, thresholds):
    labels, first, patients = images
    second = np.array(others.draw(st.lists(inner_shares, min_size=len(labels), max_size=len(labels))))
    there = compare(labels, patients, (first, second), thresholds)
    back = compare(labels, patients, (second, first), thresholds[::-1])
    assert there["mcnemar_p"] == back["mcnemar_p"] and 0 < there["mcnemar_p"] <= 1
    assert (there["only_first_right"], there["only_second_right"]) == (
        back["only_second_right"],
        back["only_first_right"],
    )
    for name in ("auroc_difference", "accuracy_difference"):
        one, other = there[name], back[name]
        assert (one["value"], one["low"], one["high"]) == pytest.approx(
            (-other["value"], -other["high"], -other["low"]), abs=1e-12
        )
        assert -1 <= one["low"] <= one["value"] <= one["high"] <= 1


# === Operating points and calibration ===


@given(threshold=shares, reach=st.floats(0, 1), probability=shares)
def test_the_uncertain_zone_lies_around_the_threshold_and_decides_nothing(threshold, reach, probability):
    at = point(threshold, threshold * (1 - reach), threshold + (1 - threshold) * reach)
    finding = at.finding(probability)
    assert (finding == UNCERTAIN) == (at.low <= probability < at.high)
    # Outside of it, a finding is what it would be without a zone.
    if finding != UNCERTAIN:
        assert finding == point(threshold, threshold, threshold).finding(probability)
        assert finding == (PNEUMONIA if probability >= threshold else NORMAL)


# 4/7 of the normals above the one, 3/7 above the other, half of the pneumonias below either: equally good.
EQUALS = (
    np.array([0, 1, 0, 0, 0, 0, 0, 0, 1]),
    np.array([0.05, 0.05, 0.05, 0.05, 0.1, 0.15, 0.15, 0.15, 0.15]),
    np.arange(9),
)


@pytest.mark.promise(
    "Thresholds are in order, and the uncertain zones around them symmetric in logits.", part="Figures"
)
@example(images=EQUALS, temperature=1.0)
@given(images=read_images(), temperature=st.floats(0.2, 5))
def test_thresholds_fixed_by_rule_are_in_order_and_their_zones_symmetric_in_logits(images, temperature):
    labels, probabilities, patients = images
    logits = logit(probabilities)
    points = fix_operating_points(Scores(logits, labels, patients), temperature)
    screening, balanced, rule_in = (points[name] for name in ("screening", "balanced", "rule-in"))
    assert screening.threshold <= balanced.threshold <= rule_in.threshold
    assert screening.sensitivity.value >= balanced.sensitivity.value >= rule_in.sensitivity.value
    assert screening.specificity.value <= balanced.specificity.value <= rule_in.specificity.value
    for at in points.values():
        assert 0 <= at.low <= at.threshold <= at.high <= 1
        assert logit(at.low) + logit(at.high) == pytest.approx(2 * logit(at.threshold), abs=1e-6)
        for share in (at.sensitivity, at.specificity):
            assert 0 <= share.low <= share.value <= share.high <= 1
    # Classes and logits turned round turn the balanced point round.
    turned = fix_operating_points(Scores(-logits, 1 - labels, patients), temperature)["balanced"]
    assert turned.threshold == pytest.approx(1 - balanced.threshold, abs=1e-9)


@given(read_images(least=4))
def test_calibration_is_finite_keeps_the_order_and_makes_labels_no_less_likely(images):
    labels, probabilities, _ = images
    logits = logit(probabilities)
    temperature, offset = fit_calibration(logits, labels)
    assert temperature > 0 and np.isfinite(offset)
    # Turned round, the same calibration fits.
    assert fit_calibration(-logits, 1 - labels) == pytest.approx((temperature, -offset), rel=1e-2, abs=1e-2)

    def likelihood(at: np.ndarray) -> float:
        return float(np.log(np.clip(np.where(labels == 1, at, 1 - at), 1e-12, 1)).mean())

    assert likelihood(expit((logits + offset) / temperature)) >= likelihood(probabilities) - 1e-6


@pytest.mark.promise("A calibration to a site never turns the order of images round.", part="Figures")
@given(images=read_images(), seed=st.integers(0, 2**31))
def test_a_fit_to_a_site_keeps_the_order_and_is_turned_round_with_the_classes(images, seed):
    labels, probabilities, _ = images
    weights = np.vstack([once(labels), np.random.default_rng(seed).integers(0, 4, (5, len(labels)))])
    fits = fit_platt(logit(probabilities), labels, weights)
    assert np.isfinite(fits).all() and (fits[:, 0] >= LEAST_SLOPE).all()
    turned = fit_platt(-logit(probabilities), 1 - labels, weights)
    np.testing.assert_allclose(turned, fits * (1, -1), atol=1e-6)
    # An image that counts twice is as good as two.
    again = np.repeat(np.arange(len(labels)), weights[1].astype(int))
    alone = fit_platt(logit(probabilities[again]), labels[again], np.ones((1, len(again))))
    np.testing.assert_allclose(alone[0], fits[1], atol=1e-6)


@settings(max_examples=3)
@given(seed=st.integers(0, 2**31), shift=st.floats(-2, 2))
def test_a_site_calibration_survives_its_file_and_its_figures_hold_together(seed, shift):
    rng = np.random.default_rng(seed)
    labels = np.repeat([0, 1], 20)
    scores = Scores(rng.normal(shift, 1, 40) + 4 * labels, labels, np.arange(40).astype(str))
    site = recalibrate(FakePredictor("custom-cnn").calibration, scores, "a-site", date(2026, 1, 2))
    assert SiteCalibration.from_bytes(site.to_bytes()) == site and site.usable
    for _, name, before, after in site.comparison_rows:
        for interval in (before, after):
            assert 0 <= interval.low <= interval.value <= interval.high <= 1, name


# === Prevalence ===


@pytest.mark.promise("A probability carried to another prevalence and back is the same.", part="Figures")
@given(probability=inner_shares, measured=inner_shares, elsewhere=inner_shares, third=inner_shares)
def test_a_probability_carried_to_another_prevalence_and_back_is_the_same(probability, measured, elsewhere, third):
    there = at_prevalence(probability, measured, elsewhere)
    assert 0 < there < 1 and (elsewhere == measured or (there > probability) == (elsewhere > measured))
    assert at_prevalence(there, elsewhere, measured) == pytest.approx(probability)
    # By way of a third place, or straight there.
    assert at_prevalence(there, elsewhere, third) == pytest.approx(at_prevalence(probability, measured, third))
    # The other class is carried over likewise.
    assert at_prevalence(1 - probability, 1 - measured, 1 - elsewhere) == pytest.approx(1 - there)


@given(sensitivity=shares, specificity=shares, prevalences=st.tuples(inner_shares, inner_shares).map(sorted))
def test_predictive_values_are_bayes_rule_and_rise_with_prevalence(sensitivity, specificity, prevalences):
    at = OperatingPoint(
        "balanced", 0.5, 0.5, 0.5, *(Interval(s, s * 0.9, s + (1 - s) * 0.1) for s in (sensitivity, specificity))
    )
    rare, frequent = (predictive_values(at, prevalence) for prevalence in prevalences)
    for values in (rare, frequent):
        for ends in values:
            known = [end for end in (ends.low, ends.value, ends.high) if not np.isnan(end)]
            assert known == sorted(known) and all(0 <= end <= 1 for end in known)
    positive = sensitivity * prevalences[0], (1 - specificity) * (1 - prevalences[0])
    if sum(positive) > 1e-9:
        assert rare.positive.value == pytest.approx(positive[0] / sum(positive))
        assert rare.positive.value <= frequent.positive.value + 1e-9
    if specificity + sensitivity < 2 and specificity > 0:
        assert rare.negative.value >= frequent.negative.value - 1e-9
