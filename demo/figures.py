"""What is shown of `metrics.json` and `history.csv`: tables as HTML, curves as data frames."""

import json
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from demo import content
from pneumonia.data.manifest import LeftOut
from pneumonia.evaluation.metrics import to_interval
from pneumonia.evaluation.scores import Scores
from pneumonia.evaluation.thresholds import Thresholds
from pneumonia.history import trained_epochs
from pneumonia.notices import NOTICE
from pneumonia.operating_points import OperatingPoint
from pneumonia.site_calibration import SiteCalibration
from pneumonia.site_summary import advice, compared, prevalence_note
from pneumonia.tables import plain_name
from pneumonia.variants import get_variant
from pneumonia.written import fitted, measured, percent

# What networks reach that see no lungs, as `scripts/shortcut_baseline.py` wrote it.
SHORTCUTS = Path(__file__).parent.parent / "docs" / "results" / "shortcuts.json"
_RELIABILITY_BINS = 10
_LONGEST_LINE = 300  # characters about what an archive holds; names in it can have any length
_SHARES = {
    "accuracy": "Accuracy",
    "sensitivity": "Sensitivity",
    "specificity": "Specificity",
    "precision": "Positive predictive value",
    "npv": "Negative predictive value",
}


def overview(figures: Mapping[str, Mapping[str, Any]], operating_point: str, missing: Sequence[str]) -> str:
    """All variants on one set of images at one operating point.

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
                get_variant(variant).title,
                measured(of_set["auroc"]),
                *(measured(point[measure], percent) for measure in ("accuracy", "sensitivity", "specificity")),
                measured(of_set["ece"]),
                percent(point["uncertain_share"]),
            ]
        )
    return _table(content.OVERVIEW_COLUMNS, rows) + "".join(f"<p>{escape(sentence)}</p>" for sentence in missing)


def at_threshold(thresholds: Thresholds, probabilities: np.ndarray, threshold: float) -> str:
    """What calling pneumonia from a threshold would have given on one set, with 95 % intervals.

    Args:
        thresholds: of the set.
        probabilities: (N,) calibrated, of the same images.
        threshold: probability from which pneumonia is called.
    """
    labels, positive = thresholds.scores.labels, probabilities >= threshold
    drawn = thresholds.shares(positive)
    rows = [[title, measured(to_interval(drawn[name][0], drawn[name][1:]), percent)] for name, title in _SHARES.items()]
    counts = [
        [title, f"{np.sum((labels == label) & ~positive):,}", f"{np.sum((labels == label) & positive):,}"]
        for label, title in enumerate(content.LABELLED)
    ]
    return (
        f"<h2>{escape(content.AT_THRESHOLD.format(threshold=percent(threshold)))}</h2>"
        f'<div class="side-by-side">{_table(content.SHARE_COLUMNS, rows)}'
        f"{_table(content.CONFUSION_COLUMNS, counts)}</div>"
    )


def shortcut_baseline() -> str:
    """What classifiers reach that see the border or the size of an image alone; nothing where it was not measured."""
    if not SHORTCUTS.is_file():
        return ""
    figures = json.loads(SHORTCUTS.read_text())["figures"]
    rows = [[content.SHORTCUT_NAMES.get(name, name), measured(figure)] for name, figure in figures.items()]
    return f"<h2>{escape(content.SHORTCUTS)}</h2><p>{escape(content.SHORTCUTS_HELP)}</p>" + _table(
        content.SHORTCUT_COLUMNS, rows
    )


def roc(scores: Scores, probabilities: np.ndarray) -> pd.DataFrame:
    """Sensitivity over 1 - specificity, at every threshold."""
    # Imported only here, as in the next two: the page starts without it.
    from sklearn.metrics import roc_curve

    false_alarms, sensitivity, _ = roc_curve(scores.labels, probabilities)
    return pd.DataFrame({content.FALSE_ALARMS: false_alarms, content.SENSITIVITY: sensitivity})


def precision_recall(scores: Scores, probabilities: np.ndarray) -> pd.DataFrame:
    """Precision over sensitivity, at every threshold."""
    from sklearn.metrics import precision_recall_curve

    precision, sensitivity, _ = precision_recall_curve(scores.labels, probabilities)
    return pd.DataFrame({content.SENSITIVITY: sensitivity, content.PRECISION: precision})


def reliability(scores: Scores, probabilities: np.ndarray) -> pd.DataFrame:
    """Share with pneumonia over the mean probability, in ten bins of equal width; and the diagonal of a perfect one."""
    from sklearn.calibration import calibration_curve

    observed, predicted = calibration_curve(scores.labels, probabilities, n_bins=_RELIABILITY_BINS)
    return pd.DataFrame(
        {
            content.PREDICTED: [*predicted, 0.0, 1.0],
            content.OBSERVED: [*observed, 0.0, 1.0],
            content.LINE: ["observed"] * len(predicted) + ["perfect", "perfect"],
        }
    )


def training(history: Sequence[Mapping[str, str]]) -> pd.DataFrame:
    """Loss on training and validation images over the epochs that were trained step by step."""
    rows = trained_epochs(history)
    return pd.DataFrame(
        {
            content.EPOCH: [epoch for epoch in range(1, len(rows) + 1) for _ in range(2)],
            content.LOSS: [float(row[name]) for row in rows for name in ("loss", "val_loss")],
            content.LINE: ["training", "validation"] * len(rows),
        }
    )


def marks(point: OperatingPoint, figures: Mapping[str, Any]) -> str:
    """The operating point and what it gives on one set, in a sentence."""
    at = figures["operating_points"][point.name]
    return content.MARK.format(
        point=point.name,
        threshold=percent(point.threshold),
        sensitivity=measured(at["sensitivity"], percent),
        specificity=measured(at["specificity"], percent),
    )


def recalibration(
    site: SiteCalibration,
    rejected: Sequence[tuple[str, str]],
    left_out: Sequence[LeftOut],
    files: int,
    unknown: int,
) -> str:
    """What came of fitting a calibration to a site: in words, and where the network is usable there, in figures.

    Args:
        site: fitted, not necessarily usable.
        rejected: names of files that were not read, each with the reason.
        left_out: what else was in the archive.
        files: number of those in the folders of the classes.
        unknown: of how many of these the name tells no patient.
    """
    heading = content.CALIBRATED.format(
        variant=get_variant(site.variant).title,
        name=site.name,
        count=site.images,
        positives=site.positives,
        patients=site.patients,
    )
    if unknown:
        heading = f"{heading}. {content.PATIENT_UNKNOWN.format(count=unknown, files=files)}"
    unread = ""
    if rejected or left_out:
        told = [f"{plain_name(name)}: {reason}" for name, reason in rejected] + [
            str(entry)[-_LONGEST_LINE:] for entry in left_out
        ]
        items = "".join(f"<li>{escape(line)}</li>" for line in told)
        summary = content.NOT_READ_FILES.format(count=len(rejected) + sum(entry.files for entry in left_out))
        unread = f"<details><summary>{escape(summary)}</summary><ul>{items}</ul></details>"
    if not site.usable:
        # Better probabilities of a network that tells nothing apart would look like a gain, so there is no table.
        return (
            f'<div class="card card-rejected"><h3>{escape(content.NOT_USABLE)}</h3><p>{escape(heading)}</p>'
            f"<p>{escape(advice(site))}</p><p>{escape(NOTICE)}</p></div>{unread}"
        )
    rows = [
        [
            content.MEASURES[measure]
            if point is None
            else f"{content.OPERATING_POINTS[point]}: {content.MEASURES[measure]}",
            *(measured(vars(figure)) if point is None else fitted(vars(figure), percent) for figure in (before, after)),
        ]
        for point, measure, before, after in compared(site)
    ]
    notes = (prevalence_note(site), content.KEEPING.format(variant=site.variant), NOTICE)
    return (
        f"<h3>{escape(heading)}</h3><p>{escape(advice(site))}</p>{_table(content.COMPARED_COLUMNS, rows)}"
        + "".join(f"<p>{escape(sentence)}</p>" for sentence in notes)
        + unread
    )


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f'<th scope="col">{escape(column)}</th>' for column in columns)
    body = "".join(
        f'<tr><th scope="row">{escape(first)}</th>' + "".join(f"<td>{escape(cell)}</td>" for cell in rest) + "</tr>"
        for first, *rest in rows
    )
    return f'<div class="figures"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'
