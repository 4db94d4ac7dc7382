"""Logits of a network on a set of labelled images, and how they travel with its weights."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

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

    def of(self, chosen: np.ndarray) -> "Scores":
        """Those of some of the images, bool (N,)."""
        return Scores(self.logits[chosen], self.labels[chosen], self.patients[chosen])

    def shifted(self, offset: float) -> "Scores":
        """The same with an offset added to all logits."""
        return replace(self, logits=self.logits + offset)

    def unlinked(self, patients: Sequence[str]) -> "Scores":
        """The same in the order of the logits, and with patients by their place in a list.

        So no label can be joined to the image it is of, where the labels may not be passed on.
        """
        order = np.argsort(self.logits)
        numbers = {patient: str(number) for number, patient in enumerate(patients)}
        return Scores(
            self.logits[order], self.labels[order], np.array([numbers[patient] for patient in self.patients[order]])
        )

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


def pool_scores(sets: Collection[Scores]) -> Scores:
    """All scores of several sets together."""
    return Scores(
        *(np.concatenate([getattr(scores, name) for scores in sets]) for name in ("logits", "labels", "patients"))
    )
