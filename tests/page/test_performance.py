"""The Performance tab's handlers, on made figures."""

import gradio as gr
import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from demo.shared.predictors import Predictors
from demo.tabs.performance import texts
from demo.tabs.performance import views as figures
from demo.tabs.performance.handlers import PerformanceHandlers
from demo.tabs.performance.layout import _COLOURS
from pneumonia.metrics.scores import Scores
from pneumonia.utils.formatting import UNDEFINED
from pneumonia.variants.registry import PUBLISHED, get_variant
from tests.fixtures.fakes import FakePredictor, load_all_but_frozen, load_fake

VARIANT = "custom-cnn"
SETS = FakePredictor.metrics["sets"]


@pytest.fixture
def handlers() -> PerformanceHandlers:
    return PerformanceHandlers(Predictors(load_fake))


def test_the_overview_has_every_variant_on_the_set_at_the_operating_point(handlers):
    table = handlers.on_set_change("validation", "screening")
    assert table.count("<tr>") == 1 + len(PUBLISHED)
    for variant in PUBLISHED:
        assert get_variant(variant).title in table
    value = SETS["validation"]["operating_points"]["screening"]["sensitivity"]["value"]
    assert f"{value:.1%} (" in table and handlers.on_set_change("adults", "screening") != table


def test_a_variant_without_weights_is_left_out_and_cannot_be_looked_at():
    handlers = PerformanceHandlers(Predictors(load_all_but_frozen))
    table = handlers.on_set_change("validation", "balanced")
    assert table.count("<tr>") == len(PUBLISHED) and "no weights folder" in table
    with pytest.raises(gr.Error, match="no weights folder"):
        handlers.on_variant_change("mobilenetv2-frozen", "validation", "balanced")


def test_curves_are_those_of_the_stored_scores(handlers):
    mark, threshold, roc, precision_recall, reliability, training, table = handlers.on_variant_change(
        VARIANT, "adults", "rule-in"
    )
    scores = Scores.from_dict(SETS["adults"]["scores"])
    area = np.trapezoid(roc[texts.SENSITIVITY], roc[texts.FALSE_ALARMS])
    assert area == pytest.approx(roc_auc_score(scores.labels, scores.logits))
    assert threshold == 0.8 and "80.0%" in mark and "80.0%" in table
    assert precision_recall[texts.PRECISION].between(0, 1).all()
    assert set(reliability[texts.LINE]) == {"observed", "perfect"}
    # The linear probe has no loss on training images.
    assert list(training[texts.EPOCH]) == [1, 1, 2, 2] and list(training[texts.LOSS]) == [0.6, 0.4, 0.5, 0.3]
    # Whether images were augmented or corrupted, the recipe decides.
    assert list(training[texts.LINE]) == ["training", "validation"] * 2 and set(training[texts.LINE]) <= set(_COLOURS)


def test_another_threshold_counts_anew(handlers):
    scores = Scores.from_dict(SETS["validation"]["scores"])
    positive = scores.logits >= 0
    found = int(np.sum(positive & (scores.labels == 1)))
    table = handlers.on_threshold_change(0.5, VARIANT, "validation")
    assert f"<td>{found}</td>" in table and f"{found / 30:.1%} (" in table
    assert "<td>30</td><td>0</td>" in handlers.on_threshold_change(1.0, VARIANT, "validation"), (
        "nothing is called from 100 %"
    )


def test_a_share_without_denominator_is_said_to_be_undefined(handlers):
    assert UNDEFINED in handlers.on_threshold_change(1.0, VARIANT, "validation")


def test_the_choice_of_sets_is_what_was_measured(handlers):
    choice = handlers.on_tab_select("no such set")
    assert choice["value"] == "validation" and [name for _, name in choice["choices"]] == list(SETS)
    assert handlers.on_tab_select("adults")["value"] == "adults"


def test_the_shortcut_baseline_is_shown_where_it_was_measured(tmp_path, monkeypatch):
    assert "0.974" in figures.shortcut_baseline()
    monkeypatch.setattr(figures, "SHORTCUTS", tmp_path / "missing.json")
    assert figures.shortcut_baseline() == ""
