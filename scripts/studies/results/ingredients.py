"""What each ingredient of a training brings at a hospital that was not trained on.

Short trainings of the default variant, each on one population alone, are scored on the other, both ways, by a head that
is penalised as that of the published networks. All are given as many steps, so that only the ingredient differs.
"""

import argparse
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import keras
import numpy as np

from pneumonia.cli.arguments import add_patients, positive
from pneumonia.cli.training_arguments import add_populations, read_data
from pneumonia.data.manifest import Record
from pneumonia.data.pipeline import ImageSet, join_images, load_images, lung_masks, prepare_inputs
from pneumonia.data.reader_sets import reader_sets
from pneumonia.data.splits import of_main_population, split_by_patient
from pneumonia.data.tables import VIEWS
from pneumonia.inference.lung_segmentation import load_lung_fields
from pneumonia.inference.preprocessor import Preprocessor, new_preprocessor
from pneumonia.metrics.bootstrap import resample_with_both_classes
from pneumonia.metrics.classification import auroc
from pneumonia.metrics.intervals import with_interval
from pneumonia.training.fit import LUNG_MARGIN, train_variant
from pneumonia.training.linear_probe import pooled_features
from pneumonia.training.shared_head import head_on_views, two_views
from pneumonia.variants.registry import DEFAULT, get_variant
from pneumonia.variants.spec import Phase, Variant
from pneumonia.weights.folder import KERAS_MODEL, WEIGHTS_FOLDER

_EPOCHS = 4
# Of each class, and of each word of radiologists; so that a training takes minutes.
_MOST_TRAINED, _MOST_WATCHED = 600, 150
_ADAPTED = "mobilenetv2-frozen"
PLAIN, UNMOVED, ADAPTED = "fine-tuned, in fewer steps", "features of photographs", "features adapted"
HALF_WAY, ALL_SEEDS, BOTH = "weights half way", "mean of the weights of all seeds", "mean of two scores"
CUSTOM = "another architecture, `custom-cnn`"


@dataclass(frozen=True)
class Ingredient:
    """A way to train.

    Attributes:
        variant: with what is shown to it and the recipe.
        boxes: whether evidence belongs into radiologists' boxes where there are any, and not into the lungs.
        mixed: whether each image is also shown in the style of one of the other hospital, half as often each.
    """

    variant: Variant
    boxes: bool = False
    mixed: bool = False


@dataclass(frozen=True)
class Side:
    """Images of one population.

    Attributes:
        train: to train with.
        watched: of other patients, which tell the best epoch.
        scored: that networks of the other population are scored on.
        style: that lend networks of the other population their style; none of them is scored, where there are others.
    """

    train: ImageSet
    watched: ImageSet
    scored: ImageSet
    style: ImageSet


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", nargs="+", type=Path, required=True, help="a folder and a table of two populations")
    parser.add_argument("--backbone-weights", required=True, help="as for train.py")
    parser.add_argument("--runs", type=Path, required=True, help="keeps what is trained; taken up again from there")
    parser.add_argument("--seeds", type=positive, default=2, help="trainings of each kind")
    add_patients(parser)
    add_populations(parser)


def ingredients() -> dict[str, Ingredient]:
    """What is trained, by what it differs in from the first, which is the published recipe without adaptation; the last
    is another network altogether."""
    default = get_variant(DEFAULT)
    recipe = replace(default.recipe, adaptation_epochs=0, phases=(Phase(_EPOCHS, 2e-4, "all"),))
    plain = replace(default, recipe=recipe)

    def trained(**otherwise: Any) -> Variant:
        return replace(plain, recipe=replace(recipe, **otherwise))

    return {
        PLAIN: Ingredient(plain),
        "the hull of the lungs alone is shown": Ingredient(replace(plain, field="hull")),
        "no penalty outside the lungs": Ingredient(trained(evidence_penalty=0.0)),
        "penalty outside radiologists' boxes": Ingredient(plain, boxes=True),
        "no augmentation": Ingredient(trained(augmentation="none")),
        "the top of the backbone alone": Ingredient(trained(phases=(Phase(_EPOCHS, 2e-4, "top"),))),
        "styles mixed with the other hospital": Ingredient(
            trained(phases=(Phase(_EPOCHS // 2, 2e-4, "all"),)), mixed=True
        ),
        "adaptation without labels first": Ingredient(trained(adaptation_epochs=2)),
        UNMOVED: Ingredient(trained(phases=(), evidence_penalty=0.0)),
        # From nothing, so it is given the epochs of its own recipe.
        CUSTOM: Ingredient(get_variant("custom-cnn")),
    }


def measure(arguments: argparse.Namespace) -> dict[str, Any]:
    """Train on each population, with each seed, and score on the other.

    Returns:
        `images` by population, `epochs`, and by ingredient and set what `_Bench.judged` says; a set is missing where
        the ingredient cannot be had of the images trained with.

    Raises:
        DataError: if the data cannot be used.
    """
    default = get_variant(DEFAULT)
    sides = _sides(read_data(arguments).records, new_preprocessor(default))
    adapted = keras.models.load_model(WEIGHTS_FOLDER / _ADAPTED / KERAS_MODEL, compile=False)
    first, second = sides
    benches = [
        _Bench(sides[name], sides[other], arguments.backbone_weights, arguments.runs / name)
        for name, other in ((first, second), (second, first))
    ]
    for seed in range(arguments.seeds):
        for bench in benches:
            models, scores = {}, {}
            for title, ingredient in bench.ingredients().items():
                models[title] = bench.train(title, ingredient, seed)
                scores[title] = bench.score(models[title], ingredient.variant, seed)
            bench.plain.append(models[PLAIN])
            scores[ADAPTED] = bench.score(adapted, get_variant(_ADAPTED), seed)
            scores[HALF_WAY] = bench.score(_mean([models[UNMOVED], models[PLAIN]]), default, seed)
            scores[BOTH] = sum(scores[title] / scores[title].std() for title in (PLAIN, ADAPTED))
            for title, logits in scores.items():
                bench.logits.setdefault(title, []).append(logits)
    if arguments.seeds > 1:
        for bench in benches:
            bench.logits[ALL_SEEDS] = [bench.score(_mean(bench.plain), default, 0)]
    figures: dict[str, dict[str, Any]] = {}
    for bench in benches:
        for title, judged in bench.judged().items():
            figures.setdefault(title, {}).update(judged)
    return {
        "images": {
            name: {"train": len(side.train.records), "scored": len(side.scored.records)} for name, side in sides.items()
        },
        "epochs": _EPOCHS,
        "ingredients": figures,
    }


def _sides(records: Sequence[Record], preprocessor: Preprocessor) -> dict[str, Side]:
    own, others = of_main_population(records)
    sides = {}
    for of_one in (own, others):
        pool, held_out = split_by_patient(list(of_one), 0)
        train, watched = some(pool, _MOST_TRAINED), some(held_out, _MOST_WATCHED)
        # Of the main population the held-out patients are scored, as always; of the others, of whom few have pneumonia,
        # those too that the other way is trained on.
        scored = held_out if of_one is own else train + some(held_out, _MOST_TRAINED)
        used = {record.path for record in (*train, *scored)}
        style = some([record for record in pool if record.path not in used] or pool, _MOST_WATCHED)
        sides[of_one[0].stated.population] = Side(
            *(load_images(part, preprocessor) for part in (train, watched, scored, style))
        )
    return sides


def some(records: Sequence[Record], most: int) -> list[Record]:
    """At most so many of each label and word of radiologists, at random, those of known view first."""
    order = np.random.default_rng(0).permutation(len(records))
    shuffled = sorted((records[place] for place in order), key=lambda record: record.stated.view not in VIEWS)
    counts: Counter[tuple[int, str]] = Counter()
    chosen = []
    for record in shuffled:
        kind = (record.label, record.stated.readers)
        counts[kind] += 1
        if counts[kind] <= most:
            chosen.append(record)
    return chosen


def evidence_masks(images: ImageSet, boxes: bool) -> np.ndarray:
    """Where evidence belongs: uint8 (N, S, S), 255 in the lungs, or in the boxes of an image that has any."""
    masks = lung_masks(images, load_lung_fields(), LUNG_MARGIN)
    size = masks.shape[1]
    for mask, record in zip(masks, images.records, strict=True):
        if boxes and record.stated.boxes:
            mask[:] = 0
            for box in record.stated.boxes:
                left, top, right, bottom = (round(size * max(side, 0.0)) for side in box)
                mask[top:bottom, left:right] = 255
    return masks


def _shown_by(preprocessor: Preprocessor, images: ImageSet) -> ImageSet:
    """The same images, of which another part may be shown."""
    return replace(images, views=[preprocessor.locate(square) for square in images.squares])


def mix_styles(image: np.ndarray, style: np.ndarray, share: float) -> np.ndarray:
    """Mix the amplitudes of an image's spectrum with those of another; its phases, which hold its shapes, stay.

    Xu et al., "A Fourier-Based Framework for Domain Generalization", CVPR 2021.

    Args:
        image: float32 (S, S) in [0, 1].
        style: likewise.
        share: of the style's amplitudes, in [0, 1].
    """
    spectrum = np.fft.rfft2(image)
    amplitude = (1 - share) * np.abs(spectrum) + share * np.abs(np.fft.rfft2(style))
    mixed = np.fft.irfft2(amplitude * np.exp(1j * np.angle(spectrum)), image.shape)
    return np.clip(mixed, 0.0, 1.0).astype(np.float32)


def _mean(models: Sequence[keras.Model]) -> keras.Model:
    """The network whose weights are the mean of several, which have no statistics of batches."""
    mean = keras.models.clone_model(models[0])
    mean.set_weights([np.mean(of, axis=0) for of in zip(*(model.get_weights() for model in models), strict=True)])
    return mean


class _Bench:
    """Trains on one side and scores on the other.

    Attributes:
        plain: what the first recipe gave, with each seed.
        logits: (N,) each of the other side's images, by ingredient and seed.
    """

    def __init__(self, side: Side, other: Side, backbone: str, runs: Path) -> None:
        self._side, self._other, self._backbone, self._runs = side, other, backbone, runs
        self.plain: list[keras.Model] = []
        self.logits: dict[str, list[np.ndarray]] = {}
        records = other.scored.records
        self._sets = reader_sets(records[0].stated.population, records)

    def ingredients(self) -> dict[str, Ingredient]:
        """Those that can be had of these images."""
        has_boxes = any(record.stated.boxes for record in self._side.train.records)
        return {title: one for title, one in ingredients().items() if has_boxes or not one.boxes}

    def train(self, title: str, ingredient: Ingredient, seed: int) -> keras.Model:
        """Train on this side, or take a training up again."""
        images, variant = self._mixed(seed) if ingredient.mixed else self._side.train, ingredient.variant
        evidence = evidence_masks(images, ingredient.boxes) if variant.recipe.evidence_penalty else None
        preprocessor = new_preprocessor(variant)
        shown = [_shown_by(preprocessor, of) for of in (images, self._side.watched)]
        folder = self._runs / re.sub("[^a-z]+", "-", title) / str(seed)
        trained = train_variant(variant, *shown, preprocessor, seed, self._backbone, folder, evidence=evidence)
        return trained.model

    def _mixed(self, seed: int) -> ImageSet:
        """The images to train with, and each once more in the style of one of the other hospital."""
        rng, train, styles = np.random.default_rng(seed), self._side.train, self._other.style.squares
        squares = [mix_styles(square, styles[rng.integers(len(styles))], rng.uniform()) for square in train.squares]
        return join_images(train, replace(train, squares=np.stack(squares)))

    def score(self, model: keras.Model, variant: Variant, seed: int) -> np.ndarray:
        """Logits (N,) of the other side's images, by a head that is fitted to this side's, shown as to the variant."""
        preprocessor, penalty = new_preprocessor(variant), variant.recipe.shared_head
        train, scored = (_shown_by(preprocessor, images) for images in (self._side.train, self._other.scored))
        views = two_views(model, train, preprocessor, seed)
        head = head_on_views(views, train.labels, np.zeros(len(train.labels)), train.weights, penalty)
        return pooled_features(model, prepare_inputs(scored, preprocessor)) @ head

    def judged(self) -> dict[str, dict[str, Any]]:
        """By ingredient and set the `auroc` with each seed, and the `gain` of their mean over that of the first
        ingredient, with its interval from resampling patients."""
        records, labels = self._other.scored.records, self._other.scored.labels
        patients = np.array([record.patient for record in records])
        judged: dict[str, dict[str, Any]] = {title: {} for title in self.logits}
        for name, (chosen, shares) in self._sets.items():
            if shares is not None:
                continue
            drawn = resample_with_both_classes(labels[chosen], patients[chosen])
            counts = np.concatenate([np.ones((1, drawn.shape[1])), drawn])
            areas = {
                title: np.array([auroc(labels[chosen], logits[chosen], counts) for logits in seeds])
                for title, seeds in self.logits.items()
            }
            for title, of in areas.items():
                gain = of.mean(axis=0) - areas[PLAIN].mean(axis=0)
                judged[title][name] = {"auroc": of[:, 0].tolist(), "gain": asdict(with_interval(gain))}
        return judged
