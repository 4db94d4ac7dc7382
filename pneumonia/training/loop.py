"""Supervised training of one variant: phases, class weights, checkpoints."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras

from pneumonia.data.corruptions import CORRUPTIONS
from pneumonia.data.pipeline import (
    ImageSet,
    class_weights,
    evaluation_batches,
    prepared,
    steps_per_epoch,
    training_batches,
)
from pneumonia.models import ARCHITECTURES, backbone_layers, build_model
from pneumonia.preprocessing import Preprocessing
from pneumonia.preprocessor import Preprocessor
from pneumonia.training.adaptation import adapt_backbone
from pneumonia.training.linear_probe import fit_linear_probe
from pneumonia.training.resume import Checkpoints
from pneumonia.training.schedule import warmup_cosine
from pneumonia.training.strategy import choose_strategy, evaluation_batch_size, replicated, scaled
from pneumonia.variants import Phase, Recipe, Variant

_EVALUATION_BATCH = 64


@dataclass(frozen=True)
class Trained:
    """A trained network and how it came about.

    Attributes:
        model: with the best weights of the last phase.
        history: one row an epoch, over all phases.
    """

    model: keras.Model
    history: list[dict[str, Any]]

    @property
    def watched_auroc(self) -> float:
        """AUROC on the images watched, in the last phase's epoch of lowest loss on them: of the weights kept."""
        last = [row for row in self.history if row["phase"] == self.history[-1]["phase"]]
        return min(last, key=lambda row: row["val_loss"])["val_auroc"]


def train_variant(
    variant: Variant,
    recipe: Recipe,
    train: ImageSet,
    validation: ImageSet,
    preprocessor: Preprocessor,
    seed: int,
    backbone_weights: str,
    folder: Path,
    callbacks: Sequence[keras.callbacks.Callback] = (),
) -> Trained:
    """Train a variant by a recipe.

    Validation during training runs on corrupted copies of the validation images (each image under one
    fixed corruption), because the plain ones are read without error long before the network is robust.

    The phases run on all devices of `pneumonia.training.strategy`. Adaptation and linear probe run on one: the loss
    of Barlow Twins needs the correlation over a whole batch, and the probe is fitted in seconds. The trained network
    is in float32 and bound to no device.

    Args:
        variant: what to build.
        recipe: how to train it; its batch size and learning rates are those of one device.
        train: training images.
        validation: images of other patients.
        preprocessor: prepares the network's input.
        seed: of parameters, order and augmentation.
        backbone_weights: "imagenet", "none" or a weights file.
        folder: for checkpoints; phases found finished there are not run again.
        callbacks: are told of every epoch of the phases.
    """
    strategy = choose_strategy()
    replicas = strategy.num_replicas_in_sync
    preprocessing = preprocessor.record
    keras.utils.set_random_seed(seed)
    model = build_model(variant, preprocessing.size)
    load_pretrained = ARCHITECTURES[variant.architecture].load_pretrained
    if load_pretrained is not None and backbone_weights != "none":
        load_pretrained(model, backbone_weights)

    history: list[dict[str, Any]] = []
    if recipe.adaptation_epochs:
        history += adapt_backbone(model, train, preprocessing, recipe.adaptation_epochs, seed, folder / "adaptation")
    shifted = prepared(validation, preprocessor, list(CORRUPTIONS.values()))
    batch_size = evaluation_batch_size(len(shifted), _EVALUATION_BATCH, replicas)
    watched = evaluation_batches(shifted, validation.labels, batch_size)
    if recipe.linear_probe is not None:
        fit_linear_probe(model, prepared(train, preprocessor), train.labels, recipe.linear_probe)
        _compile(model, keras.optimizers.SGD(), recipe)
        figures = model.evaluate(watched, verbose=0, return_dict=True)
        history.append({"phase": "linear probe", "epoch": 1, **{f"val_{name}": v for name, v in figures.items()}})
    # What follows is for all devices together; `trained` is where the result is wanted.
    recipe, trained, model = scaled(recipe, replicas, len(train.records)), model, replicated(model, strategy)
    movable = [layer for layer in backbone_layers(model) if layer.trainable]
    for number, phase in enumerate(recipe.phases, start=1):
        for layer in movable:
            layer.trainable = phase.trains == "all"
        # Each phase has its own stretch of epochs, so that no augmentation is seen twice.
        first_epoch = recipe.adaptation_epochs + sum(earlier.epochs for earlier in recipe.phases[: number - 1])
        with strategy.scope():
            history += _run_phase(
                model,
                phase,
                recipe,
                train,
                watched,
                preprocessing,
                seed,
                first_epoch,
                Checkpoints(folder / f"phase-{number}", recipe.patience, {"phase": f"{number} ({phase.trains})"}),
                callbacks,
            )
    trained.set_weights(model.get_weights())
    return Trained(trained, history)


def _run_phase(
    model: keras.Model,
    phase: Phase,
    recipe: Recipe,
    train: ImageSet,
    watched: Any,
    preprocessing: Preprocessing,
    seed: int,
    first_epoch: int,
    checkpoints: Checkpoints,
    callbacks: Sequence[keras.callbacks.Callback],
) -> list[dict[str, Any]]:
    steps = steps_per_epoch(train, recipe.batch_size)
    schedule = warmup_cosine(phase.learning_rate, phase.epochs * steps)
    _compile(model, keras.optimizers.AdamW(schedule, weight_decay=recipe.weight_decay), recipe)
    # Built now, so that a checkpoint with the optimizer's state loads without complaint.
    model.optimizer.build(model.trainable_variables)
    if not checkpoints.finished:
        checkpoints.restore(model)
        done = checkpoints.state["epochs_done"]
        model.fit(
            training_batches(
                train,
                preprocessing,
                recipe.batch_size,
                seed,
                range(first_epoch + done, first_epoch + phase.epochs),
            ),
            epochs=phase.epochs,
            initial_epoch=done,
            steps_per_epoch=steps,
            validation_data=watched,
            class_weight=class_weights(train.labels),
            callbacks=[checkpoints, *callbacks],
            verbose=2,
        )
    model.load_weights(checkpoints.best_weights)
    return checkpoints.state["history"]


def _compile(model: keras.Model, optimizer: keras.optimizers.Optimizer, recipe: Recipe) -> None:
    model.compile(
        optimizer=optimizer,
        loss=keras.losses.BinaryCrossentropy(from_logits=True, label_smoothing=recipe.label_smoothing),
        metrics=[
            keras.metrics.AUC(name="auroc", from_logits=True),
            keras.metrics.BinaryAccuracy("accuracy", threshold=0.0),
        ],
    )
