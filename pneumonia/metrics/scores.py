"""Logits of a network on a set of labelled images, and how they travel with its weights."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

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
        """JSON values as in metrics.json: labels, logits to six decimals, and patients by number, separated by spaces.

        Lists of numbers would take a line each.
        """
        _, groups = np.unique(self.patients, return_inverse=True)
        return {
            "labels": " ".join(f"{label:.0f}" for label in self.labels),
            "logits": " ".join(f"{logit:.6f}" for logit in self.logits),
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


def pool_scores(sets: dict[str, Scores]) -> Scores:
    """All scores of several sets together."""
    return Scores(
        *(
            np.concatenate([getattr(scores, name) for scores in sets.values()])
            for name in ("logits", "labels", "patients")
        )
    )


def pooled_validation(sets: Mapping[str, Mapping[str, Any]]) -> Scores:
    """The validation images that fixed the thresholds, plain and under each fixed corruption, together.

    Args:
        sets: of metrics.json.
    """
    names = [name for name in sets if name == VALIDATION or name.startswith(f"{VALIDATION}-")]
    return pool_scores({name: Scores.from_dict(sets[name]["scores"]) for name in names})
