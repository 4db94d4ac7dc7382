"""The sets of images every trained network is judged on, and its logits on them."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from pneumonia.data.corruptions import CORRUPTIONS
from pneumonia.data.pipeline import ImageSet
from pneumonia.engine import Engine
from pneumonia.preprocessing import Preprocessing

VALIDATION = "validation"


@dataclass(frozen=True)
class Scores:
    """Logits of one network on one set.

    Attributes:
        logits: float64 (N,), uncalibrated.
        labels: (N,) of 0 and 1.
        patients: str (N,).
    """

    logits: np.ndarray
    labels: np.ndarray
    patients: np.ndarray


def score_images(
    engine: Engine,
    images: ImageSet,
    preprocessing: Preprocessing,
    change: Callable[[np.ndarray], np.ndarray] = lambda square: square,
) -> Scores:
    """Read every image of a set with the served model.

    Args:
        engine: the served model.
        images: N decoded images.
        preprocessing: whose `normalise` is applied.
        change: made to each squashed image before, for instance a fixed corruption.
    """
    with ThreadPoolExecutor() as pool:
        logits = list(pool.map(lambda s: engine.run(preprocessing.normalise(change(s)))[0], images.squares))
    return Scores(np.array(logits), images.labels, images.patients)


def score_validation(engine: Engine, validation: ImageSet, preprocessing: Preprocessing) -> dict[str, Scores]:
    """Scores on the plain validation images and on each fixed corruption of them, by name of the set."""
    return {
        VALIDATION: score_images(engine, validation, preprocessing),
        **{
            f"{VALIDATION}-{name}": score_images(engine, validation, preprocessing, change)
            for name, change in CORRUPTIONS.items()
        },
    }


def pooled(sets: dict[str, Scores]) -> Scores:
    """All scores of several sets together."""
    return Scores(
        *(
            np.concatenate([getattr(scores, name) for scores in sets.values()])
            for name in ("logits", "labels", "patients")
        )
    )
