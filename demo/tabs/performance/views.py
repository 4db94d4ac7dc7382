"""Views of `metrics.json` and `history.csv`: tables and charts as HTML."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from demo.shared import texts as shared_texts
from demo.shared.page_html import figures_table, paragraph
from demo.shared.predictors import title_of
from demo.tabs.performance import texts
from demo.tabs.performance.charts import Chart, Mark
from pneumonia import Predictor
from pneumonia.core.operating_points import OperatingPoint
from pneumonia.metrics.intervals import share_interval
from pneumonia.metrics.scores import Scores
from pneumonia.metrics.threshold_sweep import ThresholdSweep
from pneumonia.utils.formatting import format_interval, percent
from pneumonia.weights.folder import trained_epochs

# What networks reach that see no lungs, as `scripts/studies/shortcuts.py` wrote it.
SHORTCUTS = Path(__file__).parents[3] / "docs" / "studies" / "shortcuts.json"
_RELIABILITY_BINS = 10


def overview(name: str, figures: Mapping[str, Mapping[str, Any]], operating_point: str, missing: Sequence[str]) -> str:
    """Table of all variants on one set of images at one operating point.

    Args:
        name: of the set.
        figures: of the set, by variant.
        operating_point: its name.
        missing: why other variants are unavailable, a sentence each.
    """
    rows = []
    for variant, of_set in figures.items():
        point = of_set["operating_points"][operating_point]
        rows.append(
            [
                title_of(variant),
                format_interval(of_set["auroc"], percent),
                *(format_interval(point[measure], percent) for measure in ("accuracy", "sensitivity", "specificity")),
                format_interval(of_set["ece"], percent),
                percent(point["uncertain_share"]),
            ]
        )
    count = next((of_set["n"] for of_set in figures.values()), 0)
    heading = texts.OVERVIEW.format(images=_set_and_size(name, count))
    return (
        f"<h2>{escape(heading)}</h2>" + figures_table(texts.OVERVIEW_COLUMNS, rows) + "".join(map(paragraph, missing))
    )


def at_threshold(name: str, thresholds: ThresholdSweep, probabilities: np.ndarray, threshold: float) -> str:
    """Table of what a threshold would have given on one set, with 95 % intervals.

    Args:
        name: of the set.
        thresholds: of the set.
        probabilities: (N,) calibrated, of the same images.
        threshold: probability from which pneumonia is called.
    """
    labels, positive = thresholds.scores.labels, probabilities >= threshold
    shares = thresholds.shares(positive)
    with_pneumonia = percent(float(labels.mean()), 0)
    rows = [
        [title.format(share=with_pneumonia), format_interval(asdict(shares[name]), percent)]
        for name, title in texts.SHARES.items()
    ]
    counts = [
        [title, f"{np.sum((labels == label) & ~positive):,}", f"{np.sum((labels == label) & positive):,}"]
        for label, title in enumerate(texts.LABELLED)
    ]
    heading = texts.AT_THRESHOLD.format(threshold=percent(threshold), images=_set_and_size(name, len(labels)))
    return (
        f"<h2>{escape(heading)}</h2>"
        f'<div class="side-by-side">{figures_table(texts.SHARE_COLUMNS, rows)}'
        f"{figures_table(texts.CONFUSION_COLUMNS, counts)}</div>"
    )


def shortcut_baseline() -> str:
    """Table of what is reached from the border or the size of an image alone; nothing where it was not measured."""
    if not SHORTCUTS.is_file():
        return ""
    figures = json.loads(SHORTCUTS.read_text())["figures"]
    rows = [
        [texts.SHORTCUT_NAMES.get(name, name), format_interval(figure, percent)] for name, figure in figures.items()
    ]
    return f"<h2>{escape(texts.SHORTCUTS)}</h2>{paragraph(texts.SHORTCUTS_HELP)}" + figures_table(
        texts.SHORTCUT_COLUMNS, rows
    )


def populations(network: str, predictor: Predictor, operating_point: str) -> str:
    """Table of one network's figures for each population, on images that it did not learn from.

    Args:
        network: what it is called.
        predictor: of the network.
        operating_point: its name.
    """
    rows, sets = [], []
    for name, calibration in predictor.calibrations.items():
        of_set = predictor.metrics["sets"][calibration.sets[0]]
        sets.append(_set_and_size(calibration.sets[0], of_set["n"]))
        point = of_set["operating_points"][operating_point]
        rows.append(
            [
                texts.POPULATIONS.get(name, name),
                f"{of_set['n']:,} ({of_set['positives']:,})",
                format_interval(of_set["auroc"], percent),
                *(format_interval(point[measure], percent) for measure in ("sensitivity", "specificity")),
                percent(point["uncertain_share"]),
            ]
        )
    heading = texts.POPULATIONS_HEADING.format(
        network=network, point=shared_texts.POINTS[operating_point].lower(), images="; ".join(sets)
    )
    return f"<h2>{escape(heading)}</h2>" + figures_table(texts.POPULATION_COLUMNS, rows)


def _set_and_size(name: str, count: int) -> str:
    return texts.SET_AND_SIZE.format(images=texts.SETS.get(name, name), count=f"{count:,}")


def charts(
    name: str, scores: Scores, probabilities: np.ndarray, points: Mapping[str, OperatingPoint], chosen: str
) -> tuple[str, str, str]:
    """Charts of one set: ROC, precision and recall, reliability.

    Args:
        name: of the set.
        scores: of its images.
        probabilities: (N,) calibrated, of the same images.
        points: operating points, by name.
        chosen: the name of the one that stands out.
    """
    # Imported only here: the page starts without it.
    from sklearn.metrics import precision_recall_curve, roc_curve

    labels = scores.labels.astype(bool)
    false_alarms, sensitivity, _ = roc_curve(labels, probabilities)
    precision, recall, _ = precision_recall_curve(labels, probabilities)
    on_roc, on_precision_recall = [], []
    for point in points.values():
        called = probabilities >= point.threshold
        found, alarms = float(called[labels].mean()), float(called[~labels].mean())
        title, is_chosen = shared_texts.POINTS[point.name], point.name == chosen
        on_roc.append(Mark(title, alarms, found, found, found, is_chosen))
        if called.any():
            right = float(labels[called].mean())
            on_precision_recall.append(Mark(title, found, right, right, right, is_chosen))

    def title(of: str) -> str:
        return texts.CHART_TITLE.format(chart=of, images=_set_and_size(name, len(labels)))

    return (
        Chart(
            title(texts.ROC), texts.FALSE_ALARMS, texts.SENSITIVITY, {"observed": (false_alarms, sensitivity)}, on_roc
        ).to_html(),
        Chart(
            title(texts.PRECISION_RECALL.format(share=percent(float(labels.mean()), 0))),
            texts.SENSITIVITY,
            texts.PRECISION,
            {"observed": (recall, precision)},
            on_precision_recall,
        ).to_html(),
        Chart(
            title(texts.RELIABILITY),
            texts.PREDICTED,
            texts.OBSERVED,
            {"perfect": ((0, 1), (0, 1))},
            _reliability(scores, probabilities),
        ).to_html()
        + paragraph(texts.RELIABILITY_HELP),
    )


def _reliability(scores: Scores, probabilities: np.ndarray) -> list[Mark]:
    """Share with pneumonia over the mean probability in bins of equal width, with how many images each holds."""
    bins = np.minimum((probabilities * _RELIABILITY_BINS).astype(int), _RELIABILITY_BINS - 1)
    marks = []
    for held in (bins == number for number in range(_RELIABILITY_BINS)):
        if held.any():
            patients = len(np.unique(scores.patients[held]))
            share = share_interval(float(scores.labels[held].mean()), patients)
            x = float(probabilities[held].mean())
            marks.append(Mark(f"{held.sum():,}", x, share.value, share.low, share.high))
    return marks


def training(history: Sequence[Mapping[str, str]], count: int) -> str:
    """Chart of the loss over the epochs trained step by step, on the images trained on and on `count` held out."""
    rows = trained_epochs(history)
    epochs = range(1, len(rows) + 1)
    lines = {
        line: (epochs, [float(row[name]) for row in rows])
        for line, name in (("training", "loss"), ("validation", "val_loss"))
    }
    most = max((loss for _, losses in lines.values() for loss in losses), default=1.0)
    return Chart(
        texts.TRAINING.format(count=f"{count:,}"), texts.EPOCH, texts.LOSS, lines, ends=(max(len(rows), 1), most)
    ).to_html()


def mark(network: str, point: OperatingPoint, figures: Mapping[str, Any]) -> str:
    """Sentence on an operating point of a network and its figures on one set."""
    measured_at = figures["operating_points"][point.name]
    return texts.MARK.format(
        network=network,
        point=shared_texts.POINTS[point.name].lower(),
        threshold=percent(point.threshold),
        sensitivity=format_interval(measured_at["sensitivity"], percent),
        specificity=format_interval(measured_at["specificity"], percent),
    )
