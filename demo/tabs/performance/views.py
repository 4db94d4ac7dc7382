"""Views of `metrics.json` and `history.csv`: tables as HTML, curves as data frames."""

import json
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from demo.shared.page_html import figures_table, paragraph
from demo.shared.predictors import title_of
from demo.tabs.performance import texts
from pneumonia.core.operating_points import OperatingPoint
from pneumonia.metrics.intervals import to_interval
from pneumonia.metrics.scores import Scores
from pneumonia.metrics.threshold_sweep import ThresholdSweep
from pneumonia.utils.formatting import format_interval, percent
from pneumonia.weights.folder import trained_epochs

# What networks reach that see no lungs, as `scripts/studies/shortcuts.py` wrote it.
SHORTCUTS = Path(__file__).parents[3] / "docs" / "studies" / "shortcuts.json"
_RELIABILITY_BINS = 10
_SHARES = {
    "accuracy": "Accuracy",
    "sensitivity": "Sensitivity",
    "specificity": "Specificity",
    "precision": "Positive predictive value",
    "npv": "Negative predictive value",
}


def overview(figures: Mapping[str, Mapping[str, Any]], operating_point: str, missing: Sequence[str]) -> str:
    """Table of all variants on one set of images at one operating point.

    Args:
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
                format_interval(of_set["auroc"]),
                *(format_interval(point[measure], percent) for measure in ("accuracy", "sensitivity", "specificity")),
                format_interval(of_set["ece"]),
                percent(point["uncertain_share"]),
            ]
        )
    return figures_table(texts.OVERVIEW_COLUMNS, rows) + "".join(map(paragraph, missing))


def at_threshold(thresholds: ThresholdSweep, probabilities: np.ndarray, threshold: float) -> str:
    """Table of what a threshold would have given on one set, with 95 % intervals.

    Args:
        thresholds: of the set.
        probabilities: (N,) calibrated, of the same images.
        threshold: probability from which pneumonia is called.
    """
    labels, positive = thresholds.scores.labels, probabilities >= threshold
    shares = thresholds.shares(positive)
    rows = [
        [title, format_interval(to_interval(shares[name][0], shares[name][1:]), percent)]
        for name, title in _SHARES.items()
    ]
    counts = [
        [title, f"{np.sum((labels == label) & ~positive):,}", f"{np.sum((labels == label) & positive):,}"]
        for label, title in enumerate(texts.LABELLED)
    ]
    return (
        f"<h2>{escape(texts.AT_THRESHOLD.format(threshold=percent(threshold)))}</h2>"
        f'<div class="side-by-side">{figures_table(texts.SHARE_COLUMNS, rows)}'
        f"{figures_table(texts.CONFUSION_COLUMNS, counts)}</div>"
    )


def shortcut_baseline() -> str:
    """Table of what is reached from the border or the size of an image alone; nothing where it was not measured."""
    if not SHORTCUTS.is_file():
        return ""
    figures = json.loads(SHORTCUTS.read_text())["figures"]
    rows = [[texts.SHORTCUT_NAMES.get(name, name), format_interval(figure)] for name, figure in figures.items()]
    return f"<h2>{escape(texts.SHORTCUTS)}</h2>{paragraph(texts.SHORTCUTS_HELP)}" + figures_table(
        texts.SHORTCUT_COLUMNS, rows
    )


def roc(scores: Scores, probabilities: np.ndarray) -> pd.DataFrame:
    """Sensitivity over 1 - specificity, at every threshold."""
    # Imported only here, as in the next two: the page starts without it.
    from sklearn.metrics import roc_curve

    false_alarms, sensitivity, _ = roc_curve(scores.labels, probabilities)
    return pd.DataFrame({texts.FALSE_ALARMS: false_alarms, texts.SENSITIVITY: sensitivity})


def precision_recall(scores: Scores, probabilities: np.ndarray) -> pd.DataFrame:
    """Precision over sensitivity, at every threshold."""
    from sklearn.metrics import precision_recall_curve

    precision, sensitivity, _ = precision_recall_curve(scores.labels, probabilities)
    return pd.DataFrame({texts.SENSITIVITY: sensitivity, texts.PRECISION: precision})


def reliability(scores: Scores, probabilities: np.ndarray) -> pd.DataFrame:
    """Share with pneumonia over the mean probability, in ten bins of equal width; and the diagonal of a perfect one."""
    from sklearn.calibration import calibration_curve

    observed, predicted = calibration_curve(scores.labels, probabilities, n_bins=_RELIABILITY_BINS)
    return pd.DataFrame(
        {
            texts.PREDICTED: [*predicted, 0.0, 1.0],
            texts.OBSERVED: [*observed, 0.0, 1.0],
            texts.LINE: ["observed"] * len(predicted) + ["perfect", "perfect"],
        }
    )


def training(history: Sequence[Mapping[str, str]]) -> pd.DataFrame:
    """Loss on training and validation images over the epochs that were trained step by step."""
    rows = trained_epochs(history)
    return pd.DataFrame(
        {
            texts.EPOCH: [epoch for epoch in range(1, len(rows) + 1) for _ in range(2)],
            texts.LOSS: [float(row[name]) for row in rows for name in ("loss", "val_loss")],
            texts.LINE: ["training", "validation"] * len(rows),
        }
    )


def mark(point: OperatingPoint, figures: Mapping[str, Any]) -> str:
    """Sentence on an operating point and its figures on one set."""
    measured_at = figures["operating_points"][point.name]
    return texts.MARK.format(
        point=point.name,
        threshold=percent(point.threshold),
        sensitivity=format_interval(measured_at["sensitivity"], percent),
        specificity=format_interval(measured_at["specificity"], percent),
    )
