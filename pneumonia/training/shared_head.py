"""One head for several populations, fitted last, on features that the population of few pneumonias did not bend.

The head is penalised strongly and gives each class of each population the same weight, so that neither a population nor
its share of pneumonias is learned. A population other than the main one has too few pneumonias to set a fifth of them
aside: it is judged out of fold, by heads that did not see the patient.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import keras
import numpy as np
from sklearn.model_selection import StratifiedGroupKFold

from pneumonia.data.augmentation import AUGMENTATIONS
from pneumonia.data.corruptions import CORRUPTIONS
from pneumonia.data.example_weights import balanced_weights, certain_examples
from pneumonia.data.pipeline import ImageSet, prepare_inputs
from pneumonia.data.splits import FOLDS
from pneumonia.data.tables import UNLABELLED
from pneumonia.inference.preprocessor import Preprocessor
from pneumonia.metrics.scores import Scores
from pneumonia.training.linear_probe import fit_head, pooled_features, set_head


@dataclass(frozen=True)
class SharedHeads:
    """Heads that were fitted alike, on C pooled features.

    Attributes:
        kernel: float64 (C,), fitted to all images.
        by_fold: float64 (folds, C), each fitted to all but the patients of one fold of the other populations.
        folds: int (N,), of the N images of these.
    """

    kernel: np.ndarray
    by_fold: np.ndarray
    folds: np.ndarray

    def out_of_fold(self, features: np.ndarray) -> np.ndarray:
        """Logits (N,) of the images of these populations, (N, C), each by the head that did not see its patient."""
        return (features * self.by_fold[self.folds]).sum(axis=1)


def shared_heads(
    main: ImageSet,
    others: ImageSet,
    of_main: list[np.ndarray],
    of_others: list[np.ndarray],
    inverse_penalty: float,
    seed: int,
) -> SharedHeads:
    """Fit linear heads to the training images of one population and all those of others.

    Args:
        main: training images of the population that the backbone learned from.
        others: images of other populations.
        of_main: their pooled features, as `two_views` gives them.
        of_others: likewise.
        inverse_penalty: as for `linear_probe.fit_head`.
        seed: of the folds.
    """
    features = [np.concatenate(pair) for pair in zip(of_main, of_others, strict=True)]
    labels, weights = (np.concatenate(pair) for pair in ((main.labels, others.labels), (main.weights, others.weights)))
    groups = np.array([record.stated.population for record in (*main.records, *others.records)])

    def head(chosen: np.ndarray) -> np.ndarray:
        views = [view[chosen] for view in features]
        return head_on_views(views, labels[chosen], groups[chosen], weights[chosen], inverse_penalty)

    folds = patient_folds(others, seed)
    of_all = np.concatenate([np.full(len(main.labels), -1), folds])
    return SharedHeads(
        head(np.full(len(labels), True)), np.stack([head(of_all != number) for number in range(FOLDS)]), folds
    )


def patient_folds(images: ImageSet, seed: int) -> np.ndarray:
    """Number of the fold of each of N images, int (N,), stratified by population and label, no patient in two."""
    folds = np.empty(len(images.labels), int)
    populations = [record.stated.population for record in images.records]
    strata = [f"{of} {share >= 0.5}" for of, share in zip(populations, images.labels, strict=True)]
    divided = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=seed).split(folds, strata, images.patients)
    for number, (_, out) in enumerate(divided):
        folds[out] = number
    return folds


def two_views(model: keras.Model, images: ImageSet, preprocessor: Preprocessor, seed: int) -> list[np.ndarray]:
    """Pooled features, float32 (N, C), of N images as they are and of each under one random change."""
    inputs = (prepare_inputs(images, preprocessor), augmented_inputs(images, preprocessor, seed))
    return [pooled_features(model, one) for one in inputs]


def head_on_views(
    features: list[np.ndarray], labels: np.ndarray, groups: np.ndarray, weights: np.ndarray, inverse_penalty: float
) -> np.ndarray:
    """Fit a linear head to several views of N images, each class of each group counting the same.

    Args:
        features: of each view, float32 (N, C).
        labels: (N,), how likely each image shows pneumonia, in [0, 1].
        groups: (N,).
        weights: (N,), how much each image counts beside others of its class and group.
        inverse_penalty: as for `linear_probe.fit_head`.

    Returns:
        As that.
    """
    chosen, certain, counted = certain_examples(labels, weights)
    balanced, views = balanced_weights(certain, groups[chosen], counted), len(features)
    of_views = np.concatenate([view[chosen] for view in features])
    return fit_head(of_views, np.tile(certain, views), np.tile(balanced, views) / views, inverse_penalty)


def fit_shared_head(
    model: keras.Model,
    main: ImageSet,
    others: ImageSet,
    preprocessor: Preprocessor,
    inverse_penalty: float,
    seed: int,
) -> dict[str, dict[str, Scores]]:
    """Give a network a head that is fitted to the training images of one population and all those of others.

    Args:
        model: its head must be linear; only the layer `logit` is changed.
        main: training images of the population that the backbone learned from.
        others: images of other populations.
        preprocessor: prepares the network's input.
        inverse_penalty: as for `linear_probe.fit_head`.
        seed: of folds and augmentation.

    Returns:
        Scores of the certain labels of each of the other populations out of five folds by patient, as the images are
        (`NAME-folds`) and under each fixed corruption (`NAME-folds-CORRUPTION`), by population.

    Raises:
        ValueError: if the head has hidden layers.
    """
    of_main, of_others = (two_views(model, images, preprocessor, seed) for images in (main, others))
    heads = shared_heads(main, others, of_main, of_others, inverse_penalty, seed)
    set_head(model, heads.kernel)
    populations = np.array([record.stated.population for record in others.records])
    judged = np.array([record.label != UNLABELLED for record in others.records])
    scores: dict[str, dict[str, Scores]] = {population: {} for population in dict.fromkeys(populations)}
    # One change after the other: the inputs of all together would not fit into memory.
    changed = (
        (name, pooled_features(model, prepare_inputs(others, preprocessor, [change])))
        for name, change in CORRUPTIONS.items()
    )
    for name, features in (("", of_others[0]), *changed):
        logits = heads.out_of_fold(features)
        for population, of_population in scores.items():
            of_set = "-".join(filter(None, (population, "folds", name)))
            chosen = judged & (populations == population)
            of_population[of_set] = Scores(logits, others.labels, others.patients).of(chosen)
    return scores


def augmented_inputs(images: ImageSet, preprocessor: Preprocessor, seed: int) -> np.ndarray:
    """Each image under one random change, prepared: float32 (N, S, S, 1) in [0, 1]."""
    augment = AUGMENTATIONS["strong"]

    def one(number: int) -> np.ndarray:
        rng = np.random.default_rng((seed, number))
        return augment(images.squares[number], images.views[number], preprocessor.record, rng)[0]

    with ThreadPoolExecutor() as pool:
        return np.stack(list(pool.map(one, range(len(images.records)))))[..., None]
