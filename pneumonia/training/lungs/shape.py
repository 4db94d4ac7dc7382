"""Fitting the classifier of `pneumonia.inference.lung_shape`, and measuring it where age and hospital come apart."""

from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression

from pneumonia.core.populations import ADULTS, CHILDREN
from pneumonia.data.manifest import Record, read_training_data, survey
from pneumonia.data.pipeline import load_images
from pneumonia.data.splits import split_by_patient
from pneumonia.errors import DataError
from pneumonia.inference.input_transform import Preprocessing
from pneumonia.inference.lung_segmentation import load_lung_fields
from pneumonia.inference.lung_shape import LungShape, describe_shape
from pneumonia.inference.preprocessor import Preprocessor
from pneumonia.training.outcome import facts, write_weights
from pneumonia.weights.cards.lung_shape import render_card

WEIGHTS_VERSION = "1.1.0"
_PENALTY = 0.01  # the C of scikit-learn; of 0.01 and 1, which do alike, the stronger
# Share of the validation images of either population that may be taken for the other.
_MISTAKEN = 0.02
# Years at which the groups of patients begin that decided nothing.
_GROUPS = (0, 6, 10, 14, 18)
_PLAIN = Preprocessing(low_percentile=None, high_percentile=None)


def fit_lung_shape(
    *, data: Sequence[Path], populations: Sequence[str], output: Path, seed: int, command: str
) -> dict[str, Any]:
    """Fit the classifier, fix its limits on patients it was not fitted to, and write its weights folder.

    Of each source those of its own population are fitted to. Patients of other ages from the same hospital are measured
    alone: whether they are taken for what most patients there are shows if it reads ages or hospitals.

    Args:
        data: folders and tables of images, one of each population.
        populations: of the patients of each.
        output: becomes the weights folder.
        seed: of the split.
        command: what to run to do the same again, stored with the weights.

    Returns:
        Figures by set, as in metrics.json.

    Raises:
        DataError: if the data cannot be used.
    """
    images = read_training_data(data, populations=populations).images
    if set(populations) != {CHILDREN, ADULTS} or len(populations) != len(data):
        raise DataError("This takes images of children and of adults. Name the population of each --data.")
    own = dict(zip(dict.fromkeys(record.source for record in images), populations, strict=True))
    train, validation = split_by_patient([r for r in images if r.stated.population == own[r.source]], seed)
    features, adults, _ = _describe(train)
    mean, scale = features.mean(axis=0), features.std(axis=0)
    regression = LogisticRegression(C=_PENALTY, class_weight="balanced").fit((features - mean) / scale, adults)
    figures = (mean.tolist(), scale.tolist(), regression.coef_[0].tolist(), float(regression.intercept_[0]))
    fitted = LungShape(*figures, child_below=0.0, adult_above=0.0)
    features, adults, _ = _describe(validation)
    scores = np.array([fitted.score(one) for one in features])
    limits = np.quantile(scores[adults], _MISTAKEN), np.quantile(scores[~adults], 1 - _MISTAKEN)
    sets = {
        "children": _figures(scores[~adults], limits),
        "adults": _figures(scores[adults], limits),
    }
    hospital = survey(data[list(populations).index(ADULTS)]).images
    features, _, ages = _describe([record for record in hospital if _is_minor(record)])
    other_scores = np.array([fitted.score(one) for one in features])
    for low, high in pairwise(_GROUPS):
        group = other_scores[(ages >= low) & (ages < high)]
        if len(group):
            sets[f"adults' hospital, {low} to {high - 1} years"] = _figures(group, limits)
    metrics = {"sets": sets}
    child_below, adult_above = (round(float(limit), 3) for limit in limits)
    config = {
        "version": WEIGHTS_VERSION,
        "lung_fields": load_lung_fields().weights_sha256,
        "fitted": replace(fitted, child_below=child_below, adult_above=adult_above).to_dict(),
        "fitting": {"command": command, "seed": seed, "inverse_penalty": _PENALTY, "mistaken": _MISTAKEN},
        "data": {"train": facts(train), "validation": facts(validation)},
    }
    write_weights(output, {}, config, metrics, render_card)
    return metrics


def _is_minor(record: Record) -> bool:
    return record.stated.age is not None and record.stated.age < _GROUPS[-1]


def _describe(records: list[Record]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Features of those with two lungs, (N, F), whether they are adults, and their ages; NaN where unknown."""
    images, fields = load_images(records, Preprocessor(_PLAIN)), load_lung_fields()

    def one(square: np.ndarray) -> np.ndarray | None:
        inside = fields.segment(square).inside
        return None if inside is None else describe_shape(inside)

    with ThreadPoolExecutor() as pool:
        features = list(pool.map(one, images.squares))
    seen = [(f, record.stated) for f, record in zip(features, images.records, strict=True) if f is not None]
    if not seen:
        return np.empty((0, 0)), np.empty(0, bool), np.empty(0)
    return (
        np.array([f for f, _ in seen]),
        np.array([stated.population == ADULTS for _, stated in seen]),
        np.array([np.nan if stated.age is None else stated.age for _, stated in seen]),
    )


def _figures(scores: np.ndarray, limits: tuple[float, float]) -> dict[str, Any]:
    said = Counter(CHILDREN if s < limits[0] else ADULTS if s > limits[1] else "unsure" for s in scores)
    counts = {name: said[name] for name in (CHILDREN, ADULTS, "unsure")}
    return {"n": len(scores), **counts, "median": float(np.median(scores))}
