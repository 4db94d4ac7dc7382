"""What features tell of how an image was taken, and how far that tells the label.

Probes, penalised as the published head, are fitted to tell AP from PA views, and images whose patient is known from
those that were made smaller elsewhere; each out of fold by patient, each answer of each word of radiologists counting
the same, so that they learn nothing of the disease. Alain and Bengio, "Understanding intermediate layers using linear
classifier probes", 2016.
"""

import argparse
from typing import Any

import numpy as np

from pneumonia.cli.training_arguments import read_data
from pneumonia.data.pipeline import ImageSet, prepare_inputs
from pneumonia.data.splits import FOLDS
from pneumonia.data.tables import CLEAR, OPACITY, READINGS, VIEWS
from pneumonia.metrics.classification import auroc_by_patients
from pneumonia.training.linear_probe import pooled_features
from pneumonia.training.shared_head import head_on_views, patient_folds
from scripts.studies.two_populations import load_trained


def measure(arguments: argparse.Namespace) -> dict[str, Any]:
    """Fit probes to the features of one network, on the population whose views and sources are known.

    Returns:
        By clue, where a radiologist's word has both answers, AUROCs with numbers of images: `probe`, with which a probe
        tells the clue, by word of radiologists; `label`, with which the clue by itself tells opacities from normal
        radiographs; and `label_by_probe`, with which the probe's score does so among images that are alike in the clue,
        by that.

    Raises:
        DataError: if the data cannot be used.
    """
    trained = load_trained(arguments.weights, read_data(arguments))
    others = trained.others
    features = pooled_features(trained.model, prepare_inputs(others, trained.preprocessor))
    folds, readers = patient_folds(others, trained.seed), _stated(others, "readers")
    figures = {}
    for clue, (among, told) in clues(others).items():
        both = [word for word in READINGS if len(set(told[among & (readers == word)])) == 2]
        if not both:
            continue
        scores = np.empty(len(told))
        for fold in range(FOLDS):
            # Where all of a word are alike, the word would tell.
            fitted, out = among & np.isin(readers, both) & (folds != fold), folds == fold
            labels = told[fitted].astype(float)
            probe = head_on_views(
                [features[fitted]], labels, readers[fitted], np.ones(len(labels)), trained.inverse_penalty
            )
            scores[out] = features[out] @ probe
        judged = among & np.isin(readers, (OPACITY, CLEAR))
        figures[clue] = {
            "probe": _by(others, readers, READINGS, among, told, scores),
            "label": area(others, judged, readers == OPACITY, told.astype(float)),
            "label_by_probe": _by(others, told, (True, False), judged, readers == OPACITY, scores),
        }
    return {"clues": figures}


def clues(images: ImageSet) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """What says nothing of the disease, by name: among which of N images it is known, and whether it is so; bool."""
    views = _stated(images, "view")
    known = np.array([record.patient_known for record in images.records])
    return {
        "AP or PA": (np.isin(views, VIEWS), views == "AP"),
        "patient known or not": (np.ones(len(known), bool), known),
    }


def area(images: ImageSet, chosen: np.ndarray, labels: np.ndarray, scores: np.ndarray) -> dict[str, Any] | None:
    """AUROC of scores among chosen images with its interval, and numbers of images; None where there is one class."""
    told = labels[chosen].astype(float)
    if len(set(told)) < 2:
        return None
    found = auroc_by_patients(told, scores[chosen], images.patients[chosen])
    return {**found, "n": len(told), "of": int(told.sum())}


def _by(
    images: ImageSet, groups: np.ndarray, names: Any, among: np.ndarray, labels: np.ndarray, scores: np.ndarray
) -> dict[str, Any]:
    """The `area` of each group in which there are both classes, by the group's name."""
    areas = {str(name): area(images, among & (groups == name), labels, scores) for name in names}
    return {name: of for name, of in areas.items() if of is not None}


def _stated(images: ImageSet, what: str) -> np.ndarray:
    return np.array([getattr(record.stated, what) for record in images.records])
