"""Supervised training of one variant: phases, class weights, checkpoints."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

from pneumonia.data.corruptions import CORRUPTIONS
from pneumonia.data.pipeline import (
    ImageSet,
    class_weights,
    evaluation_batches,
    lung_masks,
    prepared,
    steps_per_epoch,
    training_batches,
)
from pneumonia.inference.input_transform import Preprocessing
from pneumonia.inference.lung_segmentation import load_lung_fields
from pneumonia.inference.preprocessor import Preprocessor
from pneumonia.models.registry import ARCHITECTURES, backbone_layers, build_model, served, top_layers
from pneumonia.training.barlow_twins import adapt_backbone
from pneumonia.training.checkpoints import Checkpoints
from pneumonia.training.distribution import choose_strategy, evaluation_batch_size, replicated, scaled
from pneumonia.training.evidence_penalty import guided
from pneumonia.training.linear_probe import fit_linear_probe
from pneumonia.training.optimization import compile_model, new_optimizer
from pneumonia.variants.spec import Phase, Recipe, Variant

_EVALUATION_BATCH = 64
# How far the lungs are widened before evidence counts as outside, as a share of the image's side.
LUNG_MARGIN = 0.02


@dataclass(frozen=True)
class Trained:
    """A trained network and how it came about.

    Attributes:
        model: with the best weights of the last phase.
        history: one row an epoch, over all phases.
        watches: what decided which epoch of a phase was best, "loss" or "auroc".
    """

    model: keras.Model
    history: list[dict[str, Any]]
    watches: str

    @property
    def watched_auroc(self) -> float:
        """AUROC on the images watched, in the last phase's best epoch: of the weights kept."""
        last = [row for row in self.history if row["phase"] == self.history[-1]["phase"]]
        sign = 1 if self.watches == "auroc" else -1
        return max(last, key=lambda row: sign * row[f"val_{self.watches}"])["val_auroc"]


def train_variant(
    variant: Variant,
    train: ImageSet,
    validation: ImageSet,
    preprocessor: Preprocessor,
    seed: int,
    backbone_weights: str,
    folder: Path,
    callbacks: Sequence[keras.callbacks.Callback] = (),
) -> Trained:
    """Train a variant by its recipe.

    Unless the recipe says otherwise, validation during training runs on corrupted copies of the validation images
    (each image under one fixed corruption), because the plain ones are read without error long before the network
    is robust.

    The phases run on all devices of `pneumonia.training.distribution`. Adaptation and linear probe run on one: the loss
    of Barlow Twins needs the correlation over a whole batch, and the probe is fitted in seconds. The trained network
    is in float32 and bound to no device.

    Args:
        variant: what to build, and how to train it; batch size and learning rates are those of one device.
        train: training images.
        validation: images of other patients.
        preprocessor: prepares the network's input.
        seed: of parameters, order and augmentation.
        backbone_weights: "imagenet", "none" or a weights file.
        folder: for checkpoints; phases found finished there are not run again.
        callbacks: are told of every epoch of the phases.
    """
    recipe = variant.recipe
    strategy = choose_strategy()
    replicas = strategy.num_replicas_in_sync
    preprocessing = preprocessor.record
    keras.utils.set_random_seed(seed)
    model = build_model(variant, preprocessing.size, training=True)
    load_pretrained = ARCHITECTURES[variant.architecture].load_pretrained
    if load_pretrained is not None and backbone_weights != "none":
        load_pretrained(model, backbone_weights)

    history: list[dict[str, Any]] = []
    if recipe.adaptation_epochs:
        history += adapt_backbone(model, train, preprocessing, recipe.adaptation_epochs, seed, folder / "adaptation")
    changes = list(CORRUPTIONS.values()) if recipe.validation == "corrupted" else ()
    inputs = prepared(validation, preprocessor, changes)
    batch_size = evaluation_batch_size(len(inputs), _EVALUATION_BATCH, replicas)
    watched = evaluation_batches(inputs, validation.labels, batch_size)
    if recipe.linear_probe is not None:
        fit_linear_probe(model, prepared(train, preprocessor), train.labels, recipe.linear_probe)
        compile_model(model, keras.optimizers.SGD(), recipe.label_smoothing)
        figures = model.evaluate(watched, verbose=0, return_dict=True)
        history.append({"phase": "linear probe", "epoch": 1, **{f"val_{name}": v for name, v in figures.items()}})
    # What follows is for all devices together; `trained` is where the result is wanted.
    recipe, trained, model = scaled(recipe, replicas, len(train.records)), model, replicated(model, strategy)
    lungs = None
    if recipe.evidence_penalty:
        lungs = lung_masks(train, load_lung_fields(), LUNG_MARGIN)
        with strategy.scope():
            model = guided(model, recipe.evidence_penalty)
        # Nothing is penalised in validation.
        watched = evaluation_batches((inputs, np.ones_like(inputs)), validation.labels, batch_size)
    movable = [layer for layer in backbone_layers(model) if layer.trainable]
    for number, phase in enumerate(recipe.phases, start=1):
        moved = _moved(model, variant, phase)
        for layer in movable:
            layer.trainable = layer in moved
        # Each phase has its own stretch of epochs, so that no augmentation is seen twice.
        first_epoch = recipe.adaptation_epochs + sum(earlier.epochs for earlier in recipe.phases[: number - 1])
        label = {"phase": f"{number} ({phase.trains})"}
        checkpoints = Checkpoints(folder / f"phase-{number}", recipe.patience, label, recipe.watches)
        with strategy.scope():
            history += _run_phase(
                model, phase, recipe, train, lungs, watched, preprocessing, seed, first_epoch, checkpoints, callbacks
            )
    trained.set_weights(model.get_weights())
    return Trained(served(trained, variant), history, recipe.watches)


def _moved(model: keras.Model, variant: Variant, phase: Phase) -> list[keras.Layer]:
    """The layers of the backbone that a phase trains."""
    if phase.trains == "top":
        return top_layers(model, variant.architecture)
    return backbone_layers(model) if phase.trains == "all" else []


def _run_phase(
    model: keras.Model,
    phase: Phase,
    recipe: Recipe,
    train: ImageSet,
    lungs: np.ndarray | None,
    watched: Any,
    preprocessing: Preprocessing,
    seed: int,
    first_epoch: int,
    checkpoints: Checkpoints,
    callbacks: Sequence[keras.callbacks.Callback],
) -> list[dict[str, Any]]:
    steps = steps_per_epoch(train, recipe.batch_size)
    compile_model(model, new_optimizer(recipe, phase, phase.epochs * steps), recipe.label_smoothing)
    return checkpoints.run(
        model,
        phase.epochs,
        lambda epochs: training_batches(
            train,
            preprocessing,
            recipe.batch_size,
            seed,
            range(first_epoch + epochs.start, first_epoch + epochs.stop),
            augmentation=recipe.augmentation,
            lungs=lungs,
        ),
        callbacks=callbacks,
        steps_per_epoch=steps,
        validation_data=watched,
        class_weight=class_weights(train.labels) if recipe.class_weighted else None,
    )
