"""What a training brings at a hospital that its head was not fitted to.

A linear head, penalised as that of the published networks, is fitted to one population on the features of a trained
network, and scored on the other. The network itself must not have seen a label of the population that it is scored on.
"""

import argparse
from typing import Any

import numpy as np

from pneumonia.cli.training_arguments import read_data
from pneumonia.data.pipeline import ImageSet, prepare_inputs
from pneumonia.data.reader_sets import reader_sets
from pneumonia.data.tables import READINGS
from pneumonia.metrics.classification import auroc_by_patients
from pneumonia.training.linear_probe import pooled_features
from pneumonia.training.shared_head import head_on_views, shared_heads
from scripts.studies.results.clues import area, clues
from scripts.studies.two_populations import load_trained


def measure(arguments: argparse.Namespace) -> dict[str, Any]:
    """Fit heads to each population alone, and score them on the other.

    Returns:
        How the network was trained, and AUROCs: of each set of the second population by what radiologists said
        (`to_others`), and of the validation images of the main one (`to_main`), None where the network saw labels of
        these. `clues`: see `_clues`.

    Raises:
        DataError: if the data cannot be used.
    """
    trained = load_trained(arguments.weights, read_data(arguments))
    training = trained.config["training"]
    recipe = training["recipe"]
    views = trained.views()
    of_main, of_others = (
        head_on_views(features, images.labels, np.zeros(len(images.labels)), images.weights, trained.inverse_penalty)
        for features, images in zip(views, (trained.train, trained.others), strict=True)
    )
    others, validation = trained.others, trained.validation
    heads = shared_heads(trained.train, others, *views, trained.inverse_penalty, trained.seed)
    logits = views[1][0] @ of_main
    to_main = None
    if not recipe["phases"]:
        features = pooled_features(trained.model, prepare_inputs(validation, trained.preprocessor))
        to_main = auroc_by_patients(validation.labels, features @ of_others, validation.patients)
    sets = reader_sets(others.records[0].stated.population, others.records)
    return {
        "training": training["command"],
        **{name: recipe.get(name) for name in ("adaptation_epochs", "evidence_penalty", "tuned_share")},
        "phases": bool(recipe["phases"]),
        "to_others": {
            name: auroc_by_patients(others.labels[chosen], logits[chosen], others.patients[chosen])
            for name, (chosen, weights) in sets.items()
            if weights is None
        },
        "to_main": to_main,
        "clues": _clues(others, heads.out_of_fold(views[1][0])),
    }


def _clues(others: ImageSet, logits: np.ndarray) -> dict[str, dict[str, Any]]:
    """How well the published score tells, among images that radiologists call alike, what says nothing of the disease.

    Returns:
        As `clues.area`, of each of `clues.clues` where there are both of a radiologist's word.
    """
    readers = np.array([record.stated.readers for record in others.records])
    figures = {
        f"{clue}, {word}": area(others, among & (readers == word), told, logits)
        for word in READINGS
        for clue, (among, told) in clues(others).items()
    }
    return {name: of for name, of in figures.items() if of is not None}
