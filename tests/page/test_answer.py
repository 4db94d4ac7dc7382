"""The words of an answer, which hold at every operating point."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from demo.shared import texts
from demo.shared.answer import answer, evidence_sentences
from pneumonia import Prediction
from pneumonia.core.check import Check
from pneumonia.core.labels import NORMAL, PNEUMONIA, UNCERTAIN
from pneumonia.core.operating_points import CUSTOM, Interval, OperatingPoint
from pneumonia.records.receipt import JudgedPrediction
from tests.fixtures.fakes import LUNGS

_SHARE = Interval(0.9, 0.8, 0.95)


def points(screening: float, balanced: float, rule_in: float) -> dict[str, OperatingPoint]:
    named = {"screening": screening, "balanced": balanced, "rule-in": rule_in}
    return {name: OperatingPoint(name, at, 0.9 * at, (at + 1) / 2, _SHARE, _SHARE) for name, at in named.items()}


# As those of the published networks are, about.
CHILDREN = points(0.15, 0.67, 0.95)
ADULTS = points(0.003, 0.04, 0.47)


def judged(probability: float, point: OperatingPoint, of: dict[str, OperatingPoint], peak: float = 40.0):
    """A reading with all of its evidence in the right lower zone."""
    heatmap = np.zeros((10, 10), np.float32)
    heatmap[7, 2] = peak
    prediction = Prediction(
        "read",
        "custom-cnn",
        point.name,
        point.threshold,
        "ab" * 32,
        finding=point.finding(probability),
        probability=probability,
        heatmap=heatmap,
        lungs=LUNGS,
        in_lung_share=0.8 if peak >= 10 else None,
        population="children",
    )
    predictor = SimpleNamespace(calibration_for=lambda population: SimpleNamespace(operating_points=of))
    return JudgedPrediction(prediction, point, predictor)


@pytest.mark.parametrize("of", [CHILDREN, ADULTS], ids=["children", "adults"])
@pytest.mark.parametrize("peak", [0.0, 40.0])
def test_no_answer_contradicts_the_probability_or_the_picture(of, peak):
    for point in (*of.values(), OperatingPoint(CUSTOM, 0.3, 0.25, 0.35, _SHARE, _SHARE)):
        for probability in np.linspace(0.001, 0.999, 200):
            sentence, state = answer(judged(float(probability), point, of, peak))
            leans = probability >= 0.5
            assert not (leans and ("o signs" in sentence or "normal" in sentence or state == NORMAL)), sentence
            if state == PNEUMONIA:
                assert leans and peak
            # Below one half pneumonia is at most not ruled out.
            assert leans or not sentence.startswith(("Signs", "Leans to pneumonia")), sentence
            for name in (NORMAL, PNEUMONIA, UNCERTAIN):
                assert name not in sentence


@pytest.mark.parametrize(
    ("probability", "name", "of", "peak", "sentence", "state"),
    [
        (0.99, "balanced", CHILDREN, 40, "Signs of pneumonia, mostly right lower zone", PNEUMONIA),
        (0.99, "balanced", CHILDREN, 0, texts.LEANS_UNSEEN, UNCERTAIN),
        (0.9, "rule-in", CHILDREN, 40, texts.CLOSE_LEANS, UNCERTAIN),
        (0.8, "rule-in", CHILDREN, 40, texts.LEANS_NOT_RULED_IN, UNCERTAIN),
        (0.4, "rule-in", CHILDREN, 40, texts.NOT_RULED_IN, UNCERTAIN),
        (0.4, "balanced", CHILDREN, 40, texts.LEANS_NOT_RULED_OUT, UNCERTAIN),
        (0.3, "screening", CHILDREN, 40, texts.CLOSE, UNCERTAIN),
        (0.02, "balanced", CHILDREN, 0, texts.NO_SIGNS, NORMAL),
        (0.02, "rule-in", CHILDREN, 40, texts.HARDLY_ANY_SIGNS, NORMAL),
        (0.6, "screening", ADULTS, 0, texts.LEANS_UNSEEN, UNCERTAIN),
    ],
)
def test_what_is_said_where(probability, name, of, peak, sentence, state):
    point = of[name]
    assert answer(judged(probability, point, of, peak)) == (sentence, state)


def test_pneumonia_called_below_one_half_is_not_ruled_out():
    """As at the adults' screening point, called from 0.3 %."""
    called = judged(0.1, OperatingPoint("screening", 0.003, 0.0027, 0.0033, _SHARE, _SHARE), ADULTS, 0)
    assert called.prediction.finding == PNEUMONIA
    assert answer(called) == (texts.NOT_RULED_OUT, UNCERTAIN)


def test_where_nobody_knows_whose_it_is_the_answer_says_so():
    of = judged(0.7, CHILDREN["balanced"], CHILDREN)
    asked = replace(of.prediction, population=None, finding=UNCERTAIN, checks=(Check("population", "warn", "Whose?"),))
    assert answer(of._replace(prediction=asked)) == (texts.UNDECIDED, UNCERTAIN)


def test_the_evidence_is_told_by_strength_zone_and_share():
    prediction = judged(0.99, CHILDREN["balanced"], CHILDREN).prediction
    short, closer = evidence_sentences(prediction, 40.0)
    assert short.startswith("Strong evidence. Right lower zone: ") and short.endswith("Inside the lungs: 80%.")
    assert closer.startswith("Spread everywhere alike, 24% of it would lie inside the lungs.")
    assert evidence_sentences(prediction, 40.0, placed=False)[0] == "Strong evidence. Inside the lungs: 80%."
    assert evidence_sentences(prediction, 60.0)[0].startswith("Moderate")
    assert "not found" in evidence_sentences(replace(prediction, lungs=None), 40.0)[0]
    outside = np.zeros((10, 10), np.float32)
    outside[0, 0] = 40.0
    assert "outside the lungs" in evidence_sentences(replace(prediction, heatmap=outside, in_lung_share=0.0), 40.0)[0]
    assert evidence_sentences(replace(prediction, heatmap=0 * outside), 40.0) == (texts.NO_EVIDENCE, "")
