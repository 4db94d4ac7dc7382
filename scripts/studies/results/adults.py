"""Adults whom no network was trained on, judged by radiologists; and what labels mined from reports make of them."""

import argparse
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from pneumonia.cli.terminal import load_quietly, progress
from pneumonia.core.populations import ADULTS
from pneumonia.data.manifest import Record, read_classes
from pneumonia.data.reader_sets import judge_sets, reader_sets
from pneumonia.data.tables import FILE, READERS, read_rows
from pneumonia.inference.prediction import Prediction
from pneumonia.metrics.bootstrap import resample_with_both_classes
from pneumonia.metrics.classification import auroc
from pneumonia.metrics.intervals import to_interval
from pneumonia.variants.registry import PUBLISHED

# Column of the table with what was mined from the report, and two of its terms.
REPORT, PNEUMONIA_TERM, _NOTHING = "report", "Pneumonia", "No Finding"


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=Path, required=True, help="table with readers, and report as NIH mined it")


def measure(arguments: argparse.Namespace) -> dict[str, Any]:
    """Read all adults of the table with each published variant.

    Returns:
        By variant: figures of each set of `pneumonia.data.reader_sets`, and AUROC by report and by radiologists on the
        images that have both; and what radiologists said where the report says pneumonia.

    Raises:
        DataError: if the table lacks a column.
    """
    records = read_classes(arguments.data).records
    rows = [row for _, row in read_rows(arguments.data, READERS, REPORT)]
    reports = {row[FILE]: row[REPORT].split("|") for row in rows}
    said = Counter(row[READERS] for row in rows if row[READERS] and PNEUMONIA_TERM in reports[row[FILE]])
    variants = {}
    for variant in PUBLISHED:
        predictor = load_quietly(variant)
        readings = predictor.predict_many(record.path for record in records)
        pairs = zip(records, progress(readings, len(records)), strict=True)
        read = [(record, prediction) for record, prediction in pairs if prediction.status == "read"]
        sets = judge_sets(
            reader_sets(ADULTS, [record for record, _ in read]), read, predictor.operating_points.values(), ""
        )
        variants[variant] = {
            "sets": {name: _kept(figures) for name, figures in sets.items()},
            "rejected": len(records) - len(read),
            **_by_both_labels(read, reports),
        }
    return {"variants": variants, "said_where_report_says_pneumonia": dict(said)}


def _kept(figures: dict[str, Any]) -> dict[str, Any]:
    balanced = figures["operating_points"]["balanced"]
    shares = {name: balanced[name] for name in ("accuracy", "sensitivity", "specificity")}
    return {name: figures[name] for name in ("n", "positives", "patients", "patient_unknown", "auroc")} | shares


def _by_both_labels(read: Sequence[tuple[Record, Prediction]], reports: dict[str, list[str]]) -> dict[str, Any]:
    """AUROC by either label on those images of which a report says pneumonia or nothing, and which radiologists saw."""
    both = [
        (record, prediction.probability, PNEUMONIA_TERM in reports[record.place])
        for record, prediction in read
        if record.stated.readers and {PNEUMONIA_TERM, _NOTHING} & set(reports[record.place])
    ]
    probabilities = np.array([probability for _, probability, _ in both])
    patients = np.array([record.patient for record, *_ in both])
    labels = {
        "by_report": np.array([float(named) for *_, named in both]),
        "by_radiologists": np.array([float(record.label) for record, *_ in both]),
    }
    return {"images_with_both_labels": len(both)} | {
        name: to_interval(
            auroc(of, probabilities, np.ones((1, len(both))))[0],
            auroc(of, probabilities, resample_with_both_classes(of, patients)),
        )
        for name, of in labels.items()
    }
