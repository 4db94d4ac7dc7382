"""The Performance tab's handlers, on made figures."""

import re

import gradio as gr
import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from demo.shared.predictors import Predictors
from demo.tabs.performance import charts, texts
from demo.tabs.performance import views as figures
from demo.tabs.performance.handlers import PerformanceHandlers
from pneumonia.metrics.scores import Scores
from pneumonia.utils.formatting import UNDEFINED
from pneumonia.variants.registry import PUBLISHED, get_variant
from tests.fixtures.fakes import FakePredictor, TwoPopulations, load_all_but_frozen, load_fake

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
    _, mark, threshold, roc, precision_recall, reliability, training, table = handlers.on_variant_change(
        VARIANT, "adults", "rule-in"
    )
    scores = Scores.from_dict(SETS["adults"]["scores"])
    false_alarms, sensitivity = _line(roc, "observed")
    # Drawn to a tenth of a unit of 300 by 240.
    assert np.trapezoid(sensitivity, false_alarms) == pytest.approx(
        roc_auc_score(scores.labels, scores.logits), abs=0.001
    )
    assert threshold == 0.8 and "80.0%" in mark and "80.0%" in table
    for chart in (roc, precision_recall):
        assert chart.count('class="mark') == 3 and '<g class="mark chosen">' in chart
        assert all(f">{name}</text>" in chart for name in ("Screening", "Balanced", "Rule-in"))
    assert "Positive predictive value where 50% have pneumonia" in precision_recall
    # The set and its size stand in every title of what is measured on it.
    for chart in (roc, precision_recall, reliability):
        assert f"{texts.SETS['adults']}, {len(scores.labels)} images</figcaption>" in chart
    overview = handlers.on_set_change("adults", "rule-in")
    for titled in (overview, table):
        assert f"{texts.SETS['adults']}, {len(scores.labels)} images</h2>" in titled
    assert f"{SETS['validation']['n']} images</figcaption>" in training
    # The linear probe has no loss on training images.
    epochs, losses = _line(training, "training")
    assert epochs == pytest.approx([0.5, 1.0]) and losses == pytest.approx([1.0, 0.5 / 0.6], abs=0.001)
    assert _line(training, "validation")[1] == pytest.approx([0.4 / 0.6, 0.5], abs=0.001)


def test_each_bin_of_the_reliability_has_its_count_and_its_interval():
    labels = np.array([0.0, 1.0, 1.0, 1.0, 0.0])
    scores = Scores(np.zeros(5), labels, np.array(["a", "b", "c", "d", "e"]))
    bins = figures._reliability(scores, np.array([0.95, 0.95, 0.97, 0.97, 0.05]))
    assert [(mark.name, mark.x, mark.y) for mark in bins] == [
        ("1", pytest.approx(0.05), 0.0),
        ("4", pytest.approx(0.96), 0.75),
    ]
    # Three of four: the exact interval of Clopper and Pearson.
    assert (bins[1].low, bins[1].high) == (pytest.approx(0.194, abs=0.001), pytest.approx(0.994, abs=0.001))


def test_the_tab_opens_with_each_population_on_images_that_were_held_out():
    handlers = PerformanceHandlers(Predictors(TwoPopulations))
    table, *_ = handlers.on_variant_change(VARIANT, "adults", "balanced")
    assert table.count("<tr>") == 3 and "Children, 1 to 5 years" in table and ">Adults<" in table
    of_set = SETS["validation"]
    assert f"{texts.SETS['validation']}, {of_set['n']} images" in table.split("</h2>")[0]
    assert f"{of_set['n']} ({of_set['positives']})" in table and f"{of_set['auroc']['value']:.1%}" in table


def test_names_stand_beside_their_points_and_never_on_each_other():
    close = [charts.Mark(name, x, y, y, y) for name, x, y in (("a", 0.02, 0.96), ("b", 0.03, 0.98), ("c", 0.3, 0.5))]
    drawn = charts.Chart("", "", "", {}, close).to_html()
    names = {name: float(y) for y, name in re.findall(r'y="([0-9.]+)" text-anchor="start">([abc])<', drawn)}
    points = [float(y) for y in re.findall(r'<circle [^>]*cy="([0-9.]+)"', drawn)]
    assert [names[name] - y for name, y in zip("bac", points, strict=True)] == pytest.approx([13, 19.2, 13])
    assert names["a"] - names["b"] == pytest.approx(11) and drawn.count("L") == 1, "one name is led to its point"


def _line(chart: str, name: str) -> tuple[np.ndarray, np.ndarray]:
    """What a line of a chart shows, in shares of the axes."""
    (points,) = re.findall(f'<polyline class="line-{name}" points="([^"]*)"', chart)
    x, y = np.array([point.split(",") for point in points.split()], float).T
    return (x - charts._LEFT) / charts._WIDTH, 1 - (y - charts._ABOVE) / charts._HEIGHT


def test_another_threshold_counts_anew(handlers):
    scores = Scores.from_dict(SETS["validation"]["scores"])
    positive = scores.logits >= 0
    found = int(np.sum(positive & (scores.labels == 1)))
    table = handlers.on_threshold_change(0.5, VARIANT, "validation")
    assert f">{found}</td>" in table and f"{found / 30:.1%} (" in table
    # A predictive value holds for one prevalence alone.
    assert "Positive predictive value where 50% have pneumonia" in table
    assert "Negative predictive value where 50% have pneumonia" in table
    nothing = handlers.on_threshold_change(1.0, VARIANT, "validation")
    assert 'normal">30</td><td data-column="Called pneumonia">0</td>' in nothing, "nothing is called from 100 %"


def test_a_share_without_denominator_is_said_to_be_undefined(handlers):
    assert UNDEFINED in handlers.on_threshold_change(1.0, VARIANT, "validation")


def test_the_choice_of_sets_is_what_was_measured(handlers):
    choice = handlers.on_tab_select("no such set")
    assert choice["value"] == "validation" and [name for _, name in choice["choices"]] == list(SETS)
    assert handlers.on_tab_select("adults")["value"] == "adults"


def test_the_shortcut_baseline_is_shown_where_it_was_measured(tmp_path, monkeypatch):
    assert "97.4%" in figures.shortcut_baseline()
    monkeypatch.setattr(figures, "SHORTCUTS", tmp_path / "missing.json")
    assert figures.shortcut_baseline() == ""
