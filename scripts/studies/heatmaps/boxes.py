"""Heatmaps beside the boxes that radiologists drew round opacities: a check that no training rewarded.

Each map is of a head that was fitted to other patients, as in `pneumonia.training.shared_head`.
"""

import argparse
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import keras
import numpy as np
from sklearn.model_selection import GroupKFold

from pneumonia.cli.arguments import add_patients, seed
from pneumonia.cli.training_arguments import add_populations, read_data
from pneumonia.core.geometry import Box, heatmap_on, peak_of
from pneumonia.data.manifest import Manifest
from pneumonia.data.splits import FOLDS
from pneumonia.errors import DataError
from pneumonia.explain.faithfulness import control_maps
from pneumonia.explain.localisation import share_inside
from pneumonia.inference.lung_segmentation import load_lung_fields
from pneumonia.metrics.intervals import drawn_share
from pneumonia.models.registry import FEATURES
from pneumonia.training.linear_probe import set_head
from pneumonia.variants.registry import PUBLISHED
from pneumonia.weights.folder import WEIGHTS_FOLDER
from scripts.studies.heatmaps.cases import SERVED, MeasuredCase, load_cases
from scripts.studies.heatmaps.figures import drawn_means, mean_interval
from scripts.studies.heatmaps.peer_maps import peer_maps
from scripts.studies.peer_packages import require_peers
from scripts.studies.two_populations import load_trained

# Shares of a map's highest value, one of which is the level of its outline.
_LEVELS = np.arange(0.1, 0.95, 0.05)


class Scored(NamedTuple):
    """One map beside the boxes of its image.

    Attributes:
        peak: whether its highest cell has its middle in a box; never for a map without positive evidence.
        share: of its positive evidence that lies in boxes; None where there is none.
        lungs: of it, what lies inside the lungs; None too where no lungs were found.
        overlap: (levels,), intersection over union of boxes and what lies above each of `_LEVELS` of its highest value.
    """

    peak: bool
    share: float | None
    lungs: float | None
    overlap: np.ndarray


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", nargs="+", type=Path, required=True, help="as in the trainings")
    add_patients(parser)
    add_populations(parser)
    parser.add_argument("--peers", type=seed, default=0, help="images for other libraries' maps (default: none)")


def measure(arguments: argparse.Namespace) -> dict[str, Any]:
    """Measure the maps of each published variant on the images with boxes.

    Raises:
        DataError: if the data cannot be used, no image of a second population has a box, or a network was trained
            otherwise.
        MissingExtraError: if a library whose maps are compared is not installed.
    """
    if arguments.peers:
        require_peers()
    manifest = read_data(arguments)
    return {"variants": {variant: _evaluate(variant, manifest, arguments.peers) for variant in PUBLISHED}}


def _evaluate(name: str, manifest: Manifest, peers: int) -> dict[str, Any]:
    trained = load_trained(WEIGHTS_FOLDER / name, manifest)
    model, preprocessor, others = trained.model, trained.preprocessor, trained.others
    if preprocessor.record.field != "image":
        raise DataError(f"{name} is not shown whole images, on which boxes are drawn.")
    heads = trained.heads()
    fold_of = dict(zip(others.records, heads.folds.tolist(), strict=True))
    records = [record for record in others.records if record.stated.boxes]
    if not records:
        raise DataError("No image of a second population has a box.")
    cases = load_cases(records, {}, preprocessor, load_lung_fields())
    folds = [fold_of[case.record] for case in cases]
    backbone = keras.Model(model.input, model.get_layer(FEATURES).output)
    features = backbone.predict(np.stack([case.image for case in cases])[..., None], verbose=0)  # (N, h, w, C)
    maps = []
    for case, cells, fold in zip(cases, features, folds, strict=True):
        # The served map of a linear head: its mean is the logit.
        heatmap = (cells @ heads.by_fold[fold]).astype(np.float32)
        maps.append({SERVED: heatmap, **control_maps(case.image, heatmap.shape, case.seed)})
    for fold in sorted(set(folds[:peers])):
        set_head(model, heads.by_fold[fold])
        make = peer_maps(model)
        for index in np.flatnonzero(np.array(folds[:peers]) == fold):
            maps[index] |= make(cases[index].image)
    inside = [inside_boxes(case.record.stated.boxes, case.image.shape) for case in cases]
    chance = [
        float(boxes[case.lungs].mean()) if case.lungs is not None and case.lungs.any() else None
        for case, boxes in zip(cases, inside, strict=True)
    ]
    scored: dict[str, list[tuple[MeasuredCase, Scored]]] = defaultdict(list)
    for case, made, boxes in zip(cases, maps, inside, strict=True):
        for kind, heatmap in made.items():
            scored[kind].append((case, score(heatmap, case.record.stated.boxes, boxes, case.lungs)))
    return {
        "weights_sha256": trained.weights_sha256,
        "images": len(cases),
        "patients": len({case.record.patient for case in cases}),
        "boxes_of_image": mean_interval([float(boxes.mean()) for boxes in inside], cases),
        "boxes_of_lungs": mean_interval(chance, cases),
        "maps": {kind: box_figures(*map(list, zip(*pairs, strict=True))) for kind, pairs in scored.items()},
    }


def _peak_interval(peaks: list[bool], cases: list[MeasuredCase]) -> dict[str, Any]:
    hits, patients = np.array(peaks, float), np.array([case.record.patient for case in cases])
    _, patient = np.unique(patients, return_inverse=True)
    counted = (np.bincount(patient, of) for of in (hits, 1 - hits))
    return {**asdict(drawn_share(drawn_means(hits, patients), *counted)), "n": len(hits)}


def inside_boxes(boxes: Sequence[Box], shape: tuple[int, ...]) -> np.ndarray:
    """The pixels of an image that lie in its boxes: bool (H, W)."""
    inside = np.zeros(shape, np.uint8)
    height, width = shape
    for box in boxes:
        corners = [(round(x * width), round(y * height)) for x, y in ((box.left, box.top), (box.right, box.bottom))]
        # The last column and row are inside for OpenCV.
        cv2.rectangle(inside, corners[0], (corners[1][0] - 1, corners[1][1] - 1), 1, -1)
    return inside > 0


def score(heatmap: np.ndarray, boxes: Sequence[Box], inside: np.ndarray, lungs: np.ndarray | None) -> Scored:
    """Score a map.

    Args:
        heatmap: float32 (h, w), over the whole image.
        boxes: of the image.
        inside: bool (H, W), their pixels.
        lungs: bool (H, W), those of the lungs; None where they are not known.
    """
    x, y = peak_of(heatmap)
    peak = heatmap.max() > 0 and any(box.left <= x <= box.right and box.top <= y <= box.bottom for box in boxes)
    on_image = heatmap_on(heatmap.astype(np.float32), *inside.shape)
    highest = on_image.max()
    marked = [on_image >= max(level * highest, np.finfo(np.float32).tiny) for level in _LEVELS]
    overlap = [(above & inside).sum() / max((above | inside).sum(), 1) for above in marked]
    in_lungs = None if lungs is None else share_inside(heatmap, lungs)
    return Scored(bool(peak), share_inside(heatmap, inside), in_lungs, np.array(overlap))


def box_figures(cases: list[MeasuredCase], scored: list[Scored]) -> dict[str, Any]:
    """Means over images as intervals, see `mean_interval`, of one map.

    Args:
        cases: N images.
        scored: of each, the map.

    Returns:
        `peak`, `share`, `lungs` and `overlap`; the last at the level, for each image, that is best for other patients,
        and None where there are none.
    """
    overlaps = np.stack([one.overlap for one in scored])
    patients = np.array([case.record.patient for case in cases])
    overlap = None
    if (folds := min(FOLDS, len(set(patients)))) > 1:
        at_level = np.empty(len(cases))
        for others, held_out in GroupKFold(folds, shuffle=True, random_state=0).split(overlaps, groups=patients):
            at_level[held_out] = overlaps[held_out, overlaps[others].mean(axis=0).argmax()]
        overlap = mean_interval(at_level.tolist(), cases)
    return {
        "peak": _peak_interval([one.peak for one in scored], cases),
        "share": mean_interval([one.share for one in scored], cases),
        "lungs": mean_interval([one.lungs for one in scored], cases),
        "overlap": overlap,
    }
