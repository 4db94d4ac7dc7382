"""What each choice about the head brings, at the hospitals it was fitted to and at one that it was not.

Heads are fitted to the features of one network, which stay as they are; each choice with several seeds, which decide
folds and augmentation. Beside labels by radiologists stand those mined from reports: of images that no radiologist of
the challenge saw.
"""

import argparse
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np

from pneumonia.cli.training_arguments import read_data
from pneumonia.data.manifest import Record
from pneumonia.data.pipeline import ImageSet, load_images, prepare_inputs
from pneumonia.data.reader_sets import reader_sets
from pneumonia.data.tables import FILE, OPACITY, READERS, VIEWS, read_rows
from pneumonia.errors import DataError
from pneumonia.metrics.classification import auroc
from pneumonia.training.linear_probe import fit_head, pooled_features
from pneumonia.training.shared_head import augmented_inputs, head_on_views, patient_folds
from scripts.studies.results.adults import PNEUMONIA_TERM, REPORT
from scripts.studies.two_populations import TrainedOnTwo, load_trained

SEEDS = range(3)
_MOST_CHANGED = 3


@dataclass(frozen=True)
class Choice:
    """How a head is fitted.

    Attributes:
        inverse_penalty: the C of scikit-learn's `LogisticRegression`.
        changed: random changes of each image that it is fitted to, beside the image as it is.
        cells: within which each class counts the same: those of a population, of a view in a population, or all alike.
        mined: how labels from reports enter: not at all, as if they were certain, as likely as radiologists agree with
            them, or where the head that was fitted without them agrees.
    """

    inverse_penalty: float
    changed: int = 1
    cells: Literal["population", "view", "none"] = "population"
    mined: Literal["no", "certain", "uncertain", "agreed"] = "no"


class Features(NamedTuple):
    """N images as a head sees them: as they are, and changed in the ways of each number.

    Attributes:
        plain: float32 (N, C).
        changed: likewise, each.
    """

    plain: np.ndarray
    changed: list[np.ndarray]

    def views(self, count: int, seed: int) -> list[np.ndarray]:
        """Those as they are, and so many changed ones, of which seeds share some."""
        return [self.plain, *(self.changed[(seed + number) % len(self.changed)] for number in range(count))]


def choices(inverse_penalty: float) -> dict[str, Choice]:
    """Choices by what they differ in from that of the published networks, which is the first."""
    published = Choice(inverse_penalty)
    return {
        "as published": published,
        "images as they are alone": replace(published, changed=0),
        "three random changes of each": replace(published, changed=3),
        "penalty 3 times as strong": replace(published, inverse_penalty=0.3 * inverse_penalty),
        "a third of the penalty": replace(published, inverse_penalty=3 * inverse_penalty),
        "a tenth of the penalty": replace(published, inverse_penalty=10 * inverse_penalty),
        "all images count alike": replace(published, cells="none"),
        "each class of each view counts the same": replace(published, cells="view"),
        "labels from reports, as if certain": replace(published, mined="certain"),
        "labels from reports, as likely as they are right": replace(published, mined="uncertain"),
        "labels from reports, where the head agrees": replace(published, mined="agreed"),
    }


def measure(arguments: argparse.Namespace) -> dict[str, Any]:
    """Fit and judge a head for each choice and seed.

    Returns:
        By choice, AUROCs of each seed: `main` on validation images of the main population, each set of the others out
        of fold; `to-SET` and `to-main` of heads that were fitted to the other population alone, None where the network
        saw labels of that one; and `view`, which tells AP from PA among the normal, 0.5 for none.

    Raises:
        DataError: if the data cannot be used, or no table holds labels from reports.
    """
    manifest = read_data(arguments)
    trained = load_trained(arguments.weights, manifest)
    reports = {
        (f"{table.resolve().parent.name}/{table.name}", row[FILE]): row
        for table in filter(Path.is_file, arguments.data)
        for _, row in read_rows(table)
        if row.get(REPORT)
    }

    def of(record: Record) -> dict[str, str] | None:
        return reports.get((record.source, record.place.removeprefix(f"{record.source}/")))

    unseen = [record for record in manifest.unlabelled if of(record)]
    if not unseen:
        raise DataError(f"No table in --data has a column {REPORT} for images that no radiologist saw.")
    seen = [row for row in reports.values() if row[READERS]]
    likely = [_share(row[READERS] == OPACITY for row in seen if _named(row) == named) for named in (False, True)]
    images = load_images(unseen, trained.preprocessor)
    named = np.array([_named(of(record) or {}) for record in images.records])
    bench = _Bench(trained, images, named, np.where(named, likely[1], likely[0]))
    figures = {
        name: [bench.judge(choice, seed) for seed in SEEDS] for name, choice in choices(trained.inverse_penalty).items()
    }
    return {
        "weights_sha256": trained.weights_sha256,
        "mined": {
            "images": len(named),
            "named": int(named.sum()),
            "opacity_if_named": likely[1],
            "opacity_if_not": likely[0],
        },
        "choices": {name: {key: [one[key] for one in of] for key in of[0]} for name, of in figures.items()},
    }


def _named(row: dict[str, str]) -> bool:
    return PNEUMONIA_TERM in row[REPORT].split("|")


def _share(outcomes: Any) -> float:
    return float(np.mean(list(outcomes)))


class _Bench:
    """The features of a network, and heads on them."""

    def __init__(self, trained: TrainedOnTwo, mined: ImageSet, named: np.ndarray, likely: np.ndarray) -> None:
        def features(images: ImageSet) -> Features:
            return Features(
                pooled_features(trained.model, prepare_inputs(images, trained.preprocessor)),
                [
                    pooled_features(trained.model, augmented_inputs(images, trained.preprocessor, number))
                    for number in range(_MOST_CHANGED + 1)
                ],
            )

        self._main, self._others, self._mined = (features(images) for images in (trained.train, trained.others, mined))
        self._validation = pooled_features(trained.model, prepare_inputs(trained.validation, trained.preprocessor))
        self._trained, self._mined_patients = trained, mined.patients
        self._named, self._likely = named.astype(float), likely
        self._views = np.array([record.stated.view for record in trained.others.records])

    def judge(self, choice: Choice, seed: int) -> dict[str, float | None]:
        """AUROCs of the heads of one choice; see `measure`."""
        trained, others = self._trained, self._trained.others
        folds = patient_folds(others, seed)
        logits = np.empty(len(folds))
        for number in sorted(set(folds)):
            out = folds == number
            logits[out] = self._others.plain[out] @ self._shared(choice, seed, ~out)
        whole = self._shared(choice, seed, np.full(len(folds), True))
        to_others = self._others.plain @ self._alone(choice, seed, self._main, trained.train)
        to_main = self._validation @ self._alone(choice, seed, self._others, others)
        labels, seen_main = trained.validation.labels, bool(trained.config["training"]["recipe"]["phases"])
        clear = (others.labels == 0) & np.isin(self._views, VIEWS)
        figures: dict[str, float | None] = {"main": plain_auroc(labels, self._validation @ whole)}
        for name, (chosen, weights) in reader_sets(others.records[0].stated.population, others.records).items():
            if weights is None:
                figures[name] = plain_auroc(others.labels[chosen], logits[chosen])
                figures[f"to-{name}"] = plain_auroc(others.labels[chosen], to_others[chosen])
        return {
            **figures,
            "to-main": None if seen_main else plain_auroc(labels, to_main),
            "view": plain_auroc((self._views[clear] == "AP").astype(float), logits[clear]),
        }

    def _alone(self, choice: Choice, seed: int, features: Features, images: ImageSet) -> np.ndarray:
        cells = np.zeros(len(images.labels))
        return _head(choice, features.views(choice.changed, seed), images.labels, cells)

    def _shared(self, choice: Choice, seed: int, kept: np.ndarray) -> np.ndarray:
        """A head for both populations, without others that are not kept and whatever else is of their patients."""
        main, others = self._trained.train, self._trained.others
        parts = [(self._main, main.labels, np.full(len(main.labels), True), np.full(len(main.labels), "main"))]
        by_view = self._views if choice.cells == "view" else np.full(len(kept), "")
        parts.append((self._others, others.labels, kept, np.char.add("others ", by_view)))
        if choice.mined != "no":
            left_out = set(others.patients[~kept])
            used = np.array([patient not in left_out for patient in self._mined_patients])
            labels = self._likely if choice.mined == "uncertain" else self._named
            if choice.mined == "agreed":
                opinion = self._mined.plain @ self._shared(replace(choice, mined="no"), seed, kept) > 0
                used &= opinion == (self._named > 0)
            parts.append((self._mined, labels, used, np.full(len(labels), "others ")))
        views = [
            np.concatenate([view[chosen] for view, (_, _, chosen, _) in zip(of_view, parts, strict=True)])
            for of_view in zip(*(features.views(choice.changed, seed) for features, *_ in parts), strict=True)
        ]
        labels = np.concatenate([labels[chosen] for _, labels, chosen, _ in parts])
        return _head(choice, views, labels, np.concatenate([cells[chosen] for *_, chosen, cells in parts]))


def _head(choice: Choice, views: list[np.ndarray], labels: np.ndarray, cells: np.ndarray) -> np.ndarray:
    if choice.cells == "none":
        count = len(views)
        alike = np.full(count * len(labels), 1 / count)
        return fit_head(np.concatenate(views), np.tile(labels, count), alike, choice.inverse_penalty)
    return head_on_views(views, labels, cells, np.ones(len(labels)), choice.inverse_penalty)


def plain_auroc(labels: np.ndarray, logits: np.ndarray) -> float:
    """AUROC of logits (N,), all counting the same, without an interval."""
    return float(auroc(labels, logits, np.ones((1, len(labels))))[0])
