"""Calibrations of several populations."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pneumonia.calibration.calibration import Calibration, UndecidedCalibration
from pneumonia.core.labels import UNCERTAIN
from pneumonia.core.operating_points import OPERATING_POINTS
from pneumonia.core.populations import ADULTS, CHILDREN
from pneumonia.errors import WeightsError
from pneumonia.weights.folder import read_bundle, write_bundle
from tests.fixtures.fakes import POINTS, TwoPopulations
from tests.fixtures.tiny import tiny_config

CHILD = Calibration("custom-cnn", "0" * 64, 1.0, POINTS, population=CHILDREN)
ADULT = replace(CHILD, temperature=2.0, offset=-1.5, population=ADULTS)


@given(st.floats(-30, 30))
def test_probability_and_logit_are_inverse(logit):
    for calibration in (CHILD, ADULT):
        probability = calibration.probability(logit)
        assert calibration.probabilities(np.array([logit])) == pytest.approx(probability, abs=1e-15)
        if 1e-9 < probability < 1 - 1e-9:
            assert calibration.logit(probability) == pytest.approx(logit, abs=1e-4)
    assert CHILD.logit(0.0) == -math.inf and CHILD.logit(1.0) == math.inf


@given(st.floats(-30, 30))
def test_undecided_finds_what_both_find_and_else_nothing(logit):
    undecided = UndecidedCalibration.between((CHILD, ADULT))
    for name in OPERATING_POINTS:
        own = {c.judge(logit, c.operating_points[name])[1] for c in (CHILD, ADULT)}
        probability, finding = undecided.judge(logit, undecided.operating_points[name])
        # The edges of a zone are exact but for rounding.
        edges = [c.logit(getattr(c.operating_points[name], end)) for c in (CHILD, ADULT) for end in ("low", "high")]
        if min(abs(edge - logit) for edge in edges) > 1e-6 and probability < 1:
            assert finding == (own.pop() if len(own) == 1 else UNCERTAIN)
        assert probability == pytest.approx((CHILD.probability(logit) + ADULT.probability(logit)) / 2)


def test_undecided_states_the_lower_of_both_figures():
    worse = replace(POINTS["balanced"], sensitivity=replace(POINTS["balanced"].sensitivity, value=0.5))
    undecided = UndecidedCalibration.between((CHILD, replace(ADULT, operating_points={**POINTS, "balanced": worse})))
    point = undecided.operating_points["balanced"]
    assert point.sensitivity.value == 0.5 and point.specificity == POINTS["balanced"].specificity
    assert 0 < point.low < point.threshold < point.high < 1


def test_undecided_names_the_site_that_one_of_them_is_calibrated_to():
    here = object()
    undecided = UndecidedCalibration.between((CHILD, replace(ADULT, site=here)))
    assert undecided.site is here and UndecidedCalibration.between((CHILD, ADULT)).site is None


@given(st.floats(0.001, 0.999))
def test_undecided_probability_and_logit_are_inverse(probability):
    undecided = UndecidedCalibration.between((CHILD, ADULT))
    assert undecided.probability(undecided.logit(probability)) == pytest.approx(probability, abs=1e-9)


def test_a_predictor_judges_each_population_by_its_own():
    predictor = TwoPopulations("custom-cnn")
    assert predictor.populations == (CHILDREN, ADULTS)
    assert predictor.calibration_for(ADULTS).offset == -1.0
    assert isinstance(predictor.calibration_for(None), UndecidedCalibration)
    assert predictor.custom_point(0.3, ADULTS).threshold == pytest.approx(0.3)
    own = predictor.custom_point(0.3, None)
    assert own.low < 0.3 < own.high
    # What is shown as the threshold gives the same point again.
    assert own.threshold == pytest.approx(0.3, abs=1e-10)
    again = predictor.custom_point(own.threshold, None)
    assert (again.low, again.high) == pytest.approx((own.low, own.high), abs=1e-9)


def with_populations(tmp_path, tiny_weights, populations):
    config = {k: v for k, v in tiny_config().items() if k not in ("temperature", "operating_points", "calibration")}
    write_bundle(tmp_path / "w", read_bundle(tiny_weights).contents, {**config, "populations": populations})
    return read_bundle(tmp_path / "w")


def test_both_forms_of_a_config_are_read(tmp_path, tiny_weights):
    old = Calibration.from_bundle(read_bundle(tiny_weights))
    assert list(old) == [CHILDREN] and old[CHILDREN].offset == 0.0 and old[CHILDREN].sets == ("validation",)
    values = {key: tiny_config()[key] for key in ("temperature", "operating_points", "calibration")}
    bundle = with_populations(tmp_path, tiny_weights, {CHILDREN: values, ADULTS: {**values, "offset": 0.5}})
    new = Calibration.from_bundle(bundle)
    assert new[CHILDREN] == old[CHILDREN].__class__(**{**vars(old[CHILDREN]), "weights_sha256": bundle.weights_sha256})
    assert new[ADULTS].offset == 0.5 and new[ADULTS].population == ADULTS


@pytest.mark.parametrize("broken", ["another", "temperature", "points", "none"])
def test_a_broken_config_is_told(tmp_path, tiny_weights, broken):
    values = {key: tiny_config()[key] for key in ("temperature", "operating_points", "calibration")}
    populations = {
        "another": {"horses": values},
        "temperature": {CHILDREN: {**values, "temperature": 0.0}},
        "points": {CHILDREN: {**values, "operating_points": {}}},
        "none": {CHILDREN: 3},
    }[broken]
    with pytest.raises(WeightsError):
        Calibration.from_bundle(with_populations(tmp_path, tiny_weights, populations))
