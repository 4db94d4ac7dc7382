"""Heatmaps beside the boxes that radiologists drew round opacities: a check that no training rewarded."""

import argparse
from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
from sklearn.model_selection import GroupKFold
from tqdm import tqdm

from pneumonia.cli.arguments import seed
from pneumonia.core.geometry import Box, heatmap_on, peak_of
from pneumonia.data.manifest import Record, read_classes
from pneumonia.data.splits import FOLDS
from pneumonia.errors import DataError
from pneumonia.explain.faithfulness import control_maps
from pneumonia.explain.localisation import share_inside
from pneumonia.inference.engine import Engine
from pneumonia.inference.input_transform import Preprocessing
from pneumonia.inference.lung_segmentation import load_lung_fields
from pneumonia.inference.preprocessor import Preprocessor
from pneumonia.metrics.intervals import share_interval
from pneumonia.utils.processes import cores
from pneumonia.variants.registry import PUBLISHED
from pneumonia.weights.folder import KERAS_MODEL, SERVED_MODEL, WEIGHTS_FOLDER, read_bundle
from scripts.studies.heatmaps.cases import SERVED, MeasuredCase, load_cases
from scripts.studies.heatmaps.figures import mean_interval
from scripts.studies.peer_packages import require_peers

# Shares of a map's highest value, one of which is the level of its outline.
_LEVELS = np.arange(0.1, 0.95, 0.05)


class Scored(NamedTuple):
    """One map beside the boxes of its image.

    Attributes:
        peak: whether its highest cell has its middle in a box; never for a map without positive evidence.
        share: of its positive evidence that lies in boxes; None where there is none.
        overlap: (levels,), intersection over union of boxes and what lies above each of `_LEVELS` of its highest value.
    """

    peak: bool
    share: float | None
    overlap: np.ndarray


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=Path, required=True, help="table of images, with boxes")
    parser.add_argument("--peers", type=seed, default=0, help="images for other libraries' maps (default: none)")


def measure(arguments: argparse.Namespace) -> dict[str, Any]:
    """Measure the maps of each published variant on the images with boxes, which no variant was trained on.

    Raises:
        DataError: if the table cannot be used, or no image has a box.
        MissingExtraError: if a library whose maps are compared is not installed.
    """
    if arguments.peers:
        require_peers()
    records = [record for record in read_classes(arguments.data).records if record.stated.boxes]
    if not records:
        raise DataError("No image of the table has a box.")
    return {"variants": {variant: _evaluate(variant, records, arguments.peers) for variant in PUBLISHED}}


def _evaluate(variant: str, records: list[Record], peers: int) -> dict[str, Any]:
    folder = WEIGHTS_FOLDER / variant
    bundle = read_bundle(folder)
    if bundle.config["preprocessing"]["field"] != "image":
        raise DataError(f"{variant} is not shown whole images, on which boxes are drawn.")
    preprocessor = Preprocessor(Preprocessing(**bundle.config["preprocessing"]))
    cases = load_cases(records, {}, preprocessor, load_lung_fields())
    engine = Engine(bundle.contents[SERVED_MODEL])

    def own(case: MeasuredCase) -> dict[str, np.ndarray]:
        _, heatmap = engine.run(case.image)
        return {SERVED: heatmap, **control_maps(case.image, heatmap.shape, case.seed)}

    with ThreadPoolExecutor(cores()) as pool:
        maps = list(tqdm(pool.map(own, cases), variant, total=len(cases), unit="image", disable=None))
    if peers:
        make = _peer_maps(folder)
        for case, made in zip(tqdm(cases[:peers], f"{variant}, peers' maps", disable=None), maps, strict=False):
            made.update(make(case.image))
    inside = [inside_boxes(case.record.stated.boxes, case.image.shape) for case in cases]
    chance = [
        float(boxes[case.lungs].mean()) if case.lungs is not None and case.lungs.any() else None
        for case, boxes in zip(cases, inside, strict=True)
    ]
    scored: dict[str, list[tuple[MeasuredCase, Scored]]] = defaultdict(list)
    for case, made, boxes in zip(cases, maps, inside, strict=True):
        for name, heatmap in made.items():
            scored[name].append((case, score(heatmap, case.record.stated.boxes, boxes)))
    return {
        "weights_sha256": bundle.weights_sha256,
        "images": len(cases),
        "patients": len({case.record.patient for case in cases}),
        "boxes_of_image": mean_interval([float(boxes.mean()) for boxes in inside], cases),
        "boxes_of_lungs": mean_interval(chance, cases),
        "maps": {name: box_figures(*map(list, zip(*pairs, strict=True))) for name, pairs in scored.items()},
    }


def _peak_interval(peaks: list[bool], cases: list[MeasuredCase]) -> dict[str, Any] | None:
    interval = mean_interval([float(peak) for peak in peaks], cases)
    if interval is None or interval["value"] not in (0.0, 1.0):
        return interval
    patients = len({case.record.patient for case in cases})
    return {**interval, **asdict(share_interval(interval["value"], patients))}


def _peer_maps(folder: Path) -> Callable[[np.ndarray], dict[str, np.ndarray]]:
    import keras

    from scripts.studies.heatmaps.peer_maps import peer_maps

    return peer_maps(keras.models.load_model(folder / KERAS_MODEL, compile=False))


def inside_boxes(boxes: Sequence[Box], shape: tuple[int, ...]) -> np.ndarray:
    """The pixels of an image that lie in its boxes: bool (H, W)."""
    inside = np.zeros(shape, np.uint8)
    height, width = shape
    for box in boxes:
        corners = [(round(x * width), round(y * height)) for x, y in ((box.left, box.top), (box.right, box.bottom))]
        # The last column and row are inside for OpenCV.
        cv2.rectangle(inside, corners[0], (corners[1][0] - 1, corners[1][1] - 1), 1, -1)
    return inside > 0


def score(heatmap: np.ndarray, boxes: Sequence[Box], inside: np.ndarray) -> Scored:
    """Score a map.

    Args:
        heatmap: float32 (h, w), over the whole image.
        boxes: of the image.
        inside: bool (H, W), their pixels.
    """
    x, y = peak_of(heatmap)
    peak = heatmap.max() > 0 and any(box.left <= x <= box.right and box.top <= y <= box.bottom for box in boxes)
    on_image = heatmap_on(heatmap.astype(np.float32), *inside.shape)
    highest = on_image.max()
    marked = [on_image >= max(level * highest, np.finfo(np.float32).tiny) for level in _LEVELS]
    overlap = [(above & inside).sum() / max((above | inside).sum(), 1) for above in marked]
    return Scored(bool(peak), share_inside(heatmap, inside), np.array(overlap))


def box_figures(cases: list[MeasuredCase], scored: list[Scored]) -> dict[str, Any]:
    """Means over images as intervals, see `mean_interval`, of one map.

    Args:
        cases: N images.
        scored: of each, the map.

    Returns:
        `peak`, `share` and `overlap`; the last at the level, for each image, that is best for other patients, and None
        where there are none.
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
        "overlap": overlap,
    }
