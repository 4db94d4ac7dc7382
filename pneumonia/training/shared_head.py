"""One head for several populations, fitted last, on features that the population of few pneumonias did not bend.

The head is penalised strongly and gives each class of each population the same weight, so that neither a population nor
its share of pneumonias is learned. A population other than the main one has too few pneumonias to set a fifth of them
aside: it is judged out of fold, by heads that did not see the patient.
"""

from concurrent.futures import ThreadPoolExecutor

import keras
import numpy as np
from sklearn.model_selection import StratifiedGroupKFold

from pneumonia.data.augmentation import AUGMENTATIONS
from pneumonia.data.corruptions import CORRUPTIONS
from pneumonia.data.pipeline import ImageSet, prepare_inputs
from pneumonia.data.splits import FOLDS
from pneumonia.inference.preprocessor import Preprocessor
from pneumonia.metrics.scores import Scores
from pneumonia.training.linear_probe import balanced_weights, fit_head, pooled_features, set_head


def fit_shared_head(
    model: keras.Model,
    main: ImageSet,
    others: ImageSet,
    preprocessor: Preprocessor,
    inverse_penalty: float,
    seed: int,
) -> dict[str, dict[str, Scores]]:
    """Fit the last head of a network to the training images of one population and all those of others.

    Args:
        model: its head must be linear; only the layer `logit` is changed.
        main: training images of the population that the backbone learned from.
        others: images of other populations.
        preprocessor: prepares the network's input.
        inverse_penalty: as for `linear_probe.fit_head`.
        seed: of folds and augmentation.

    Returns:
        Scores of each of the other populations out of five folds by patient, as the images are (`NAME-folds`) and under
        each fixed corruption (`NAME-folds-CORRUPTION`), by population.

    Raises:
        ValueError: if the head has hidden layers.
    """

    def views(images: ImageSet) -> list[np.ndarray]:
        inputs = (prepare_inputs(images, preprocessor), _augmented(images, preprocessor, seed))
        return [pooled_features(model, one) for one in inputs]

    of_main, of_others = views(main), views(others)
    features = [np.concatenate(pair) for pair in zip(of_main, of_others, strict=True)]
    labels = np.concatenate([main.labels, others.labels])
    groups = np.array([record.stated.population for record in (*main.records, *others.records)])

    def head(chosen: np.ndarray) -> np.ndarray:
        weights = balanced_weights(labels[chosen], groups[chosen])
        return fit_head(
            np.concatenate([view[chosen] for view in features]),
            np.tile(labels[chosen], len(features)),
            np.tile(weights, len(features)) / len(features),
            inverse_penalty,
        )

    own = groups[len(main.records) :]
    folds = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=seed)
    strata = np.array([f"{population} {label}" for population, label in zip(own, others.labels, strict=True)])
    logits = {name: np.empty(len(own)) for name in ("", *CORRUPTIONS)}
    # One change after the other: the inputs of all together would not fit into memory.
    changed = (
        (name, pooled_features(model, prepare_inputs(others, preprocessor, [change])))
        for name, change in CORRUPTIONS.items()
    )
    seen = {"": of_others[0], **dict(changed)}
    for _, out in folds.split(own, strata, others.patients):
        chosen = np.ones(len(labels), bool)
        chosen[len(main.records) + out] = False
        kernel = head(chosen)
        for name, of_change in seen.items():
            logits[name][out] = of_change[out] @ kernel
    set_head(model, head(np.ones(len(labels), bool)))
    return {
        population: {
            "-".join(filter(None, (population, "folds", name))): Scores(values, others.labels, others.patients).of(
                own == population
            )
            for name, values in logits.items()
        }
        for population in dict.fromkeys(own)
    }


def _augmented(images: ImageSet, preprocessor: Preprocessor, seed: int) -> np.ndarray:
    """Each image under one random change, prepared: float32 (N, S, S, 1) in [0, 1]."""
    augment = AUGMENTATIONS["strong"]

    def one(number: int) -> np.ndarray:
        rng = np.random.default_rng((seed, number))
        return augment(images.squares[number], images.views[number], preprocessor.record, rng)[0]

    with ThreadPoolExecutor() as pool:
        return np.stack(list(pool.map(one, range(len(images.records)))))[..., None]
