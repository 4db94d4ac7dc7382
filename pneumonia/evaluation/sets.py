"""The sets of images every trained network is judged on, and its logits on them."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from pneumonia.data.corruptions import CORRUPTIONS
from pneumonia.data.pipeline import ImageSet, Transformation, prepared
from pneumonia.engine import Engine
from pneumonia.preprocessor import Preprocessor

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

    def to_dict(self) -> dict[str, str]:
        """As in metrics.json: labels, logits to three decimals, and a number for each patient, apart by spaces.

        Lists of numbers would take a line each.
        """
        _, groups = np.unique(self.patients, return_inverse=True)
        return {
            "labels": " ".join(f"{label:.0f}" for label in self.labels),
            "logits": " ".join(f"{logit:.3f}" for logit in self.logits),
            "patients": " ".join(f"{group}" for group in groups),
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, str]) -> "Scores":
        """The inverse of `to_dict`."""
        return cls(
            np.array(values["logits"].split(), np.float64),
            np.array(values["labels"].split(), np.float32),
            np.array(values["patients"].split()),
        )


def score_images(
    engine: Engine, images: ImageSet, preprocessor: Preprocessor, changes: Sequence[Transformation] = ()
) -> Scores:
    """Read every image of a set with the served model.

    Args:
        engine: the served model.
        images: N decoded images.
        preprocessor: of the network.
        changes: made to the squashed images in turn, for instance fixed corruptions.
    """
    inputs = prepared(images, preprocessor, changes)
    with ThreadPoolExecutor() as pool:
        logits = list(pool.map(lambda image: engine.run(image[..., 0])[0], inputs))
    return Scores(np.array(logits), images.labels, images.patients)


def score_shifted(engine: Engine, images: ImageSet, preprocessor: Preprocessor, name: str) -> dict[str, Scores]:
    """Scores on the images as they are and under each fixed corruption, by name of the set."""
    return {
        name: score_images(engine, images, preprocessor),
        **{
            f"{name}-{corruption}": score_images(engine, images, preprocessor, [change])
            for corruption, change in CORRUPTIONS.items()
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
