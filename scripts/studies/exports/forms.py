"""Cost of each exported form of a network, and its changes, beside the file that is served."""

from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from scipy.special import expit

from pneumonia.core.operating_points import BALANCED
from pneumonia.data.manifest import Record
from pneumonia.data.pipeline import load_images, prepare_inputs
from pneumonia.data.splits import validation_records
from pneumonia.exports.export import export
from pneumonia.exports.formats import Format, get_format
from pneumonia.exports.runtimes import read_logits
from pneumonia.exports.source_model import CHECKED, SourceModel, preprocessor_of, representative_images, sample_records
from pneumonia.metrics.bootstrap import resample_with_both_classes
from pneumonia.metrics.classification import auroc
from pneumonia.metrics.intervals import to_interval
from pneumonia.metrics.paired_comparison import compare
from pneumonia.weights.folder import Bundle, populations
from scripts.studies import timing

# What the others are compared with: float32, byte for byte the file of the weights folder.
SERVED = get_format("tflite")


def study(
    bundle: Bundle, records: list[Record], forms: Iterable[Format], folder: Path, threads: int, rounds: int
) -> dict[str, Any]:
    """Export a network in several forms, and measure each.

    Args:
        bundle: a weights folder.
        records: of the folder it was trained on.
        forms: to export; the served one is among them.
        folder: empty; the exports are written there.
        threads: that one pass runs on.
        rounds: how often each is timed.

    Returns:
        Counts of validation `images`, of `positives` and of those `checked`; and under `forms`, by title: `bytes`;
        `difference` from the Keras model over those checked; on all validation images `auroc`, `auroc_difference`
        (less that of the served file) and `changed`, how many are on the other side of the balanced threshold than
        with the served file; `time_to_served`, seconds of one pass over those of the served file.

    Raises:
        DataError: if the records are not those it was trained on.
        ExportError: if a form reads differently.
    """
    validation = sample_records(validation_records(bundle, records), len(records))
    preprocessor = preprocessor_of(bundle)
    images = load_images(validation, preprocessor)
    inputs = prepare_inputs(images, preprocessor)
    original = SourceModel(bundle, representative_images(bundle, records))
    checked = inputs[:CHECKED]
    expected = original.read(checked)
    fixed = next(iter(populations(bundle.config).values()))
    threshold, offset = fixed["operating_points"][BALANCED]["threshold"], fixed.get("offset", 0.0)
    measured: dict[str, dict[str, Any]] = {}
    probabilities, runtimes = {}, {}
    for form in forms:
        path = folder / f"{form.title.replace(' ', '-')}{form.suffix}"
        found = export(original, form, path, checked, expected)
        measured[form.title] = {"bytes": _size(path), "difference": asdict(found)}
        runtimes[form.title] = form.open(path, threads)
        probabilities[form.title] = expit((read_logits(runtimes[form.title], inputs) + offset) / fixed["temperature"])
    timed = timing.in_turn({title: lambda run=run: run(checked[:1]) for title, run in runtimes.items()}, rounds)
    resampled = resample_with_both_classes(images.labels, images.patients)
    for title, figures in measured.items():
        pair = probabilities[title], probabilities[SERVED.title]
        compared = compare(images.labels, images.patients, pair, (threshold, threshold))
        figures["auroc"] = to_interval(
            auroc(images.labels, pair[0], np.ones((1, len(inputs))))[0], auroc(images.labels, pair[0], resampled)
        )
        figures["auroc_difference"] = compared["auroc_difference"]
        figures["changed"] = compared["only_first_right"] + compared["only_second_right"]
        figures["time_to_served"] = timing.ratios(timed, title, SERVED.title)
    return {
        "images": len(inputs),
        "positives": int(images.labels.sum()),
        "checked": len(checked),
        "forms": measured,
    }


def _size(path: Path) -> int:
    """Bytes of a file, or of all files in a folder."""
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.is_file())
