"""docs/recalibration.md says what its figures say, and these are of images that nothing was fitted to."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.special import expit

from pneumonia.core.operating_points import BALANCED
from pneumonia.metrics.scores import Scores
from scripts import ROOT
from scripts.studies.recalibration import document
from scripts.studies.recalibration.__main__ import STUDY
from scripts.studies.recalibration.measurement import SIZES, draw, sites_of, study


def made_scores(images: int, seed: int, shift: float = 0.0, knows: bool = True) -> Scores:
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 3, images)
    labels = (rng.random(images) < expit(logits * knows)).astype(np.float32)
    return Scores(logits + shift, labels, np.array([f"{seed} {number}" for number in range(images)]))


@pytest.fixture(scope="module")
def predictor() -> SimpleNamespace:
    """A network that is right at home, and knows nothing of adults."""
    sets = {
        "validation": made_scores(500, 1),
        "validation-dark": made_scores(500, 2),
        "validation-cropped": made_scores(500, 3),
        "adults": made_scores(600, 4, knows=False),
    }
    points = {BALANCED: SimpleNamespace(threshold=0.5)}
    return SimpleNamespace(
        calibration_for=lambda _: SimpleNamespace(temperature=1.0, offset=0.0, operating_points=points),
        metrics={"sets": {name: {"scores": scores.to_dict()} for name, scores in sets.items()}},
    )


def test_no_number_in_the_document_is_typed_by_hand():
    assert STUDY.document.read_text() == STUDY.render(STUDY.figures())


def test_the_document_is_about_the_weights_that_are_there():
    figures = STUDY.figures()
    for variant, version in figures["weights"].items():
        assert json.loads((ROOT / "weights" / variant / "config.json").read_text())["version"] == version
    assert set(figures["sites"]) == set(document._SITES)


def test_halves_have_no_patient_in_common(predictor):
    for name, (local, report) in sites_of(predictor).items():
        if name != "adults":
            assert not set(local.patients) & set(report.patients)
            assert len(local.labels) + len(report.labels) == 500


def test_a_draw_keeps_the_proportion_and_ten_of_each_class():
    rng = np.random.default_rng(0)
    labels = np.repeat([0.0, 1.0], [100, 300])
    for size, diseased in ((30, 20), (100, 75)):
        drawn = draw(labels, size, rng)
        assert len(set(drawn)) == size and labels[drawn].sum() == diseased


def test_a_made_shift_is_mended_and_no_knowledge_is_not(predictor):
    sites = sites_of(predictor)
    shifted = study(predictor, *sites["children, shifted"])
    many = shifted["recalibrated"][str(SIZES[-1])]
    assert many["ece"]["value"] < shifted["as_shipped"]["ece"]["value"] and many["kept"] == 1
    assert many["brier"]["value"] < shifted["as_shipped"]["brier"]["low"]
    chance = study(predictor, *sites["adults"])
    row = chance["recalibrated"][str(SIZES[-1])]
    assert row["ece"]["value"] < chance["as_shipped"]["ece"]["value"] / 2
    assert abs(row["accuracy"]["value"] - 0.5) < 0.06 and row["kept"] < 0.2
