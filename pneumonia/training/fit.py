"""Supervised training of one variant: phases, class weights, checkpoints."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import keras
import numpy as np

from pneumonia.data.corruptions import CORRUPTIONS
from pneumonia.data.example_weights import image_weights
from pneumonia.data.pipeline import (
    ImageSet,
    evaluation_batches,
    join_images,
    lung_masks,
    prepare_inputs,
    steps_per_epoch,
    training_batches,
)
from pneumonia.inference.lung_segmentation import load_lung_fields
from pneumonia.inference.preprocessor import Preprocessor
from pneumonia.models.registry import ARCHITECTURES, backbone_layers, build_model, build_serving_model, top_layers
from pneumonia.training.barlow_twins import adapt_backbone
from pneumonia.training.checkpoints import Checkpoints
from pneumonia.training.distribution import choose_strategy, evaluation_batch_size, replicate, scale_recipe
from pneumonia.training.evidence_penalty import add_evidence_penalty
from pneumonia.training.linear_probe import fit_linear_probe
from pneumonia.training.optimization import compile_model, new_optimizer
from pneumonia.utils.lookup import look_up
from pneumonia.variants.spec import Variant

_EVALUATION_BATCH = 64
# How far the lungs are widened before evidence counts as outside, as a share of the image's side.
LUNG_MARGIN = 0.02


@dataclass(frozen=True)
class Trained:
    """A trained network and how it came about.

    Attributes:
        model: with the best weights of the last phase.
        history: one row an epoch, over all phases.
    """

    model: keras.Model
    history: list[dict[str, Any]]


def train_variant(
    variant: Variant,
    train: ImageSet,
    validation: ImageSet,
    preprocessor: Preprocessor,
    seed: int,
    backbone_weights: str,
    folder: Path,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    unlabelled: ImageSet | None = None,
    evidence: np.ndarray | None = None,
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
        train: training images; labels may be uncertain.
        validation: images of other patients, of certain labels.
        preprocessor: prepares the network's input.
        seed: of parameters, order and augmentation.
        backbone_weights: "imagenet", "none" or a weights file.
        folder: for checkpoints; phases found finished there are not run again.
        callbacks: are told of every epoch of the phases.
        unlabelled: images that the adaptation without labels takes beside `train`.
        evidence: uint8 (N, S, S), 255 where the evidence of the N images of `train` belongs; their lungs if None.
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
        images = train if unlabelled is None else join_images(train, unlabelled)
        history += adapt_backbone(model, images, preprocessing, recipe.adaptation_epochs, seed, folder / "adaptation")
    changes = list(CORRUPTIONS.values()) if recipe.validation == "corrupted" else ()
    inputs = prepare_inputs(validation, preprocessor, changes)
    batch_size = evaluation_batch_size(len(inputs), _EVALUATION_BATCH, replicas)
    watched = evaluation_batches(inputs, validation.labels, batch_size)
    if recipe.linear_probe is not None:
        of_train = prepare_inputs(train, preprocessor)
        fit_linear_probe(model, of_train, train.labels, train.weights, recipe.linear_probe)
        compile_model(model, keras.optimizers.SGD(), recipe.label_smoothing)
        figures = model.evaluate(watched, verbose=0, return_dict=True)
        history.append({"phase": "linear probe", "epoch": 1, **{f"val_{name}": v for name, v in figures.items()}})
    start = model.get_weights()
    # What follows is for all devices together; `trained` is where the result is wanted.
    recipe, trained, model = scale_recipe(recipe, replicas, len(train.records)), model, replicate(model, strategy)
    lungs = None
    if recipe.evidence_penalty:
        lungs = lung_masks(train, load_lung_fields(), LUNG_MARGIN) if evidence is None else evidence
        with strategy.scope():
            model = add_evidence_penalty(model, recipe.evidence_penalty)
        # Nothing is penalised in validation.
        watched = evaluation_batches((inputs, np.ones_like(inputs)), validation.labels, batch_size)
    batches = partial(
        training_batches,
        *(train, preprocessing, recipe.batch_size, seed),
        augmentation=recipe.augmentation,
        lungs=lungs,
        weights=image_weights(train.labels, train.weights, recipe.class_weighted),
    )
    steps = steps_per_epoch(train, recipe.batch_size)
    movable = [layer for layer in backbone_layers(model) if layer.trainable]
    # The top is asked for only where a phase trains it: not every architecture has one.
    parts = {"head": lambda: [], "top": lambda: top_layers(model, variant.architecture), "all": lambda: movable}
    # Each phase has its own stretch of epochs, so that no augmentation is seen twice.
    first_epoch = recipe.adaptation_epochs
    for number, phase in enumerate(recipe.phases, start=1):
        moved = look_up(parts, phase.trains, "part of a network to train")()
        for layer in movable:
            layer.trainable = layer in moved
        label = {"phase": f"{number} ({phase.trains})"}
        checkpoints = Checkpoints(folder / f"phase-{number}", label, recipe.watches, recipe.patience)
        with strategy.scope():
            compile_model(model, new_optimizer(recipe, phase, phase.epochs * steps), recipe.label_smoothing)
            history += checkpoints.run(
                model,
                range(first_epoch, first_epoch + phase.epochs),
                batches,
                callbacks=callbacks,
                steps_per_epoch=steps,
                validation_data=watched,
            )
        first_epoch += phase.epochs
    share = recipe.tuned_share
    trained.set_weights([(1 - share) * a + share * b for a, b in zip(start, model.get_weights(), strict=True)])
    return Trained(build_serving_model(trained, variant), history)
