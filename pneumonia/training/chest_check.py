"""Fitting the check of `pneumonia.inference.chest_check`: what a chest radiograph is, and where the limits lie."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression

from pneumonia.data.augmentation import augment
from pneumonia.data.corruptions import CORRUPTIONS
from pneumonia.data.manifest import Record, read_classes, read_training_folder
from pneumonia.data.non_chest_images import OUTLIERS
from pneumonia.data.pipeline import load_images
from pneumonia.data.splits import split_by_patient, split_external
from pneumonia.inference.chest_check import FITTED, ChestLimits, ChestModel, ChestScores
from pneumonia.inference.input_transform import WHOLE_IMAGE, Preprocessing
from pneumonia.inference.lung_segmentation import LungSegmentation, load_lung_fields
from pneumonia.inference.preprocessor import Preprocessor
from pneumonia.training.outcome import facts, write_weights
from pneumonia.weights.cards.chest_check import render_card

WEIGHTS_VERSION = "0.2.0"
# Free axes of the Gaussian, of the 768 there are, and the inverse strength of the regression's penalty: of the few that
# were tried, those that told turned and cut radiographs of held-out children and of adults best.
_AXES = 256
_REGULARISATION = 0.03
# Added to each feature's deviation before features are divided by it: some are almost always zero.
_LEAST_DEVIATION = 1e-3
# Every so many radiographs are made into one outlier of each kind: about as many outliers in all as radiographs.
_OUTLIERS_EVERY = 4
# Share of the adults kept for selection, as they are, that each of the two limits may warn of; and share of all images
# that choose, plain and corrupted, that each may refuse.
_WARNED, _REFUSED = 0.02, 0.0005
# Grey values are left as they are until the lungs are looked for.
_PLAIN = Preprocessing(low_percentile=None, high_percentile=None)


@dataclass(frozen=True)
class ChestParts:
    """The radiographs by what they are for; no patient is in two parts.

    Attributes:
        fitting: children that both models are fitted on.
        choosing: other children that, beside adults, fix the limits.
        reporting: children for neither.
        choosing_external: adults that, beside children, fix the limits.
        reporting_external: adults for neither.
    """

    fitting: list[Record]
    choosing: list[Record]
    reporting: list[Record]
    choosing_external: list[Record]
    reporting_external: list[Record]


def divide(data: Path, external: Path, held_out: Path, seed: int) -> ChestParts:
    """Divide the radiographs.

    Args:
        data: folder of children's radiographs, as for the classifiers; their split is kept.
        external: folder of adults' radiographs.
        held_out: folder of radiographs of some of the same children, which are to be reported; these patients are
            left out of everything else.
        seed: of the classifiers' split.

    Raises:
        DataError: if one of them cannot be used.
    """
    records = read_training_folder(data).require_patients()
    names = {record.path.name for record in read_classes(held_out).records}
    left_out = {record.patient for record in records if record.path.name in names}
    train, validation = (
        [record for record in part if record.patient not in left_out] for part in split_by_patient(records, seed)
    )
    choosing, reporting = split_external(validation)
    return ChestParts(train, choosing, reporting, *split_external(read_classes(external).require_patients()))


def fit_chest_check(
    *, data: Path, outside: Path, held_out: Path, output: Path, seed: int, command: str
) -> dict[str, Any]:
    """Fit both models, fix the limits, and write the weights folder.

    Args:
        data: as for `divide`, as are the next two.
        outside: adults.
        held_out: patients to leave out.
        output: becomes the weights folder.
        seed: of the split and all that is random.
        command: what to run to do the same again, stored with the weights.

    Returns:
        Figures of the images that fixed the limits, as in metrics.json.

    Raises:
        DataError: if the data cannot be used.
    """
    parts = divide(data, outside, held_out, seed)
    squares = load_images(parts.fitting, Preprocessor(_PLAIN)).squares
    fitted = fit(*_examples(squares, seed), seed)
    seen = {
        f"{name}{change}": [fitted.measure(s.features) for s in of_set]
        for name, records in (("children-choosing", parts.choosing), ("adult-selection", parts.choosing_external))
        for change, of_set in _segment_corrupted(records)
    }
    limits = choose_limits(seen["adult-selection"], (r for of_set in seen.values() for r in of_set))
    metrics = {"sets": {name: _figures(of_set, limits) for name, of_set in seen.items()}}
    config = {
        "version": WEIGHTS_VERSION,
        "lung_fields": load_lung_fields().weights_sha256,
        "features": len(fitted.mean),
        "axes": fitted.axes.shape[1],
        "limits": limits.to_dict(),
        "fitting": {"command": command, "seed": seed, "regularisation": _REGULARISATION},
        "outliers": {name: len(squares[number::_OUTLIERS_EVERY]) for number, name in enumerate(OUTLIERS)},
        "data": {
            "fitting": facts(parts.fitting),
            "choosing": facts(parts.choosing),
            "choosing_outside": facts(parts.choosing_external),
        },
    }
    write_weights(output, {FITTED: fitted.to_bytes()}, config, metrics, render_card)
    return metrics


def fit(chests: np.ndarray, outliers: np.ndarray, seed: int) -> ChestModel:
    """Fit both models.

    Args:
        chests: float32 (N, F), features of radiographs.
        outliers: float32 (M, F), features of what is made of radiographs and shows no upright whole chest.
        seed: of the solvers.
    """
    axes = min(_AXES, *(side - 1 for side in chests.shape))
    mean, scale = chests.mean(axis=0), chests.std(axis=0) + np.float32(_LEAST_DEVIATION)
    gaussian = PCA(axes, random_state=seed).fit((chests - mean) / scale)
    deviations = np.sqrt(gaussian.explained_variance_)
    standardised = ((np.concatenate([chests, outliers]) - mean) / scale) @ gaussian.components_.T / deviations
    labels = np.repeat([0, 1], [len(chests), len(outliers)])
    regression = LogisticRegression(C=_REGULARISATION, class_weight="balanced", max_iter=1000, random_state=seed)
    regression.fit(standardised, labels)
    return ChestModel(
        mean=mean,
        scale=scale,
        axes=gaussian.components_.T.astype(np.float32),
        deviations=deviations.astype(np.float32),
        rest=float(np.sqrt(gaussian.noise_variance_)),
        weights=regression.coef_[0].astype(np.float32),
        bias=float(regression.intercept_[0]),
    )


def choose_limits(adults: Iterable[ChestScores], everything: Iterable[ChestScores]) -> ChestLimits:
    """The rule by which the limits are fixed.

    Each limit refuses one in two thousand of the radiographs that choose, children and adults, plain and under the
    fixed corruptions: to lose a reading is worse than to read what is no chest. Each warns of one adult in fifty.

    Args:
        adults: the adults kept for selection, as they are.
        everything: all that chooses.
    """
    warn = np.quantile(np.array(list(adults)), 1 - _WARNED, axis=0)
    refuse = np.quantile(np.array(list(everything)), 1 - _REFUSED, axis=0)
    return ChestLimits(*(ChestScores(*(round(float(value), 2) for value in limit)) for limit in (warn, refuse)))


def _examples(squares: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Features of the squares, plain and augmented once, and of the outliers made of some of them."""
    augmented = [
        augment(square, WHOLE_IMAGE, _PLAIN, np.random.default_rng((seed, number)))[0]
        for number, square in enumerate(squares)
    ]
    outliers = [
        _PLAIN.squash(np.ascontiguousarray(change(square, np.random.default_rng((seed, number, index)))))
        for number, change in enumerate(OUTLIERS.values())
        for index, square in enumerate(squares[number::_OUTLIERS_EVERY])
    ]
    chests = [s.features for s in _segment_all((*squares, *augmented))]
    return np.stack(chests), np.stack([s.features for s in _segment_all(outliers)])


def _segment_corrupted(records: list[Record]) -> Iterable[tuple[str, list[LungSegmentation]]]:
    squares = load_images(records, Preprocessor(_PLAIN)).squares
    yield "", _segment_all(squares)
    for name, change in CORRUPTIONS.items():
        yield f"-{name}", _segment_all([change(square) for square in squares])


def _segment_all(squares: Iterable[np.ndarray]) -> list[LungSegmentation]:
    with ThreadPoolExecutor() as pool:
        return list(pool.map(load_lung_fields().segment, squares))


def _figures(seen: list[ChestScores], limits: ChestLimits) -> dict[str, Any]:
    return {
        "n": len(seen),
        "above_warn": sum(limits.warn.exceeded_by(one) for one in seen),
        "above_refuse": sum(limits.refuse.exceeded_by(one) for one in seen),
        "greatest_distance": max(one.distance for one in seen),
        "greatest_score": max(one.score for one in seen),
    }
