"""Measures of the heatmap of each validation image, with the served model."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np

from pneumonia.core.geometry import crop_matrix
from pneumonia.data.manifest import Record
from pneumonia.data.pipeline import load_images
from pneumonia.explain.faithfulness import Erasure, control_maps
from pneumonia.explain.localisation import share_inside
from pneumonia.inference.engine import Engine
from pneumonia.inference.lung_segmentation import LungFields
from pneumonia.inference.preprocessor import Preprocessor
from pneumonia.utils.processes import cores
from scripts.studies.heatmaps.robustness import under_noise, under_shifts

# The map that comes with each reading, among the others.
SERVED = "Grad-CAM (served)"


@dataclass(frozen=True)
class MeasuredCase:
    """One image to measure on.

    Attributes:
        record: which.
        image: float32 (S, S) in [0, 1], the network's input.
        lungs: bool (S, S), True inside the lungs, on the same part of the radiograph; None where they are not known.
        drawn: whether they were drawn by hand, or found by the network in `weights/lung-fields`.
    """

    record: Record
    image: np.ndarray = field(repr=False)
    lungs: np.ndarray | None = field(repr=False)
    drawn: bool

    @property
    def seed(self) -> int:
        """Of all that is drawn at random for this image."""
        return int(self.record.sha256[:8], 16)


def chosen(records: list[Record], drawn: dict[str, np.ndarray], count: int) -> list[Record]:
    """Up to so many images in an order drawn at random, those with lungs drawn by hand first."""
    shuffled = [records[i] for i in np.random.default_rng(0).permutation(len(records))]
    return sorted(shuffled, key=lambda record: record.path.stem not in drawn)[:count]


def load_cases(
    records: list[Record], drawn: dict[str, np.ndarray], preprocessor: Preprocessor, lung_fields: LungFields
) -> list[MeasuredCase]:
    """Decode and prepare images, and bring their lungs to the part of the radiograph that the network is shown.

    Args:
        records: the images; those that cannot be read are left out.
        drawn: masks drawn by hand, float32 (H, W), 1 inside the lungs, by the image's name without suffix.
        preprocessor: of the network.
        lung_fields: finds the lungs of the others.
    """
    images = load_images(records, preprocessor)
    cases = []
    for record, square, view in zip(images.records, images.squares, images.views, strict=True):
        mask = drawn.get(record.path.stem)
        lungs = lung_fields.segment(square).inside if mask is None else mask > 0.5
        if lungs is not None:
            lungs = cv2.resize(lungs.astype(np.float32), square.shape, interpolation=cv2.INTER_LINEAR)
            lungs = cv2.warpAffine(lungs, crop_matrix(view.box, len(square)), square.shape) > 0.5
        cases.append(MeasuredCase(record, preprocessor.record.apply(square, view), lungs, mask is not None))
    return cases


def measure_all(engine: Engine, cases: list[MeasuredCase]) -> Iterator[dict[str, Any]]:
    """`measure` on all cores, in the order of the cases."""
    with ThreadPoolExecutor(cores()) as pool:
        yield from pool.map(lambda case: measure(engine, case), cases)


def measure(engine: Engine, case: MeasuredCase) -> dict[str, Any]:
    """All that is measured of one image, by name; what does not apply to it is missing.

    Returns:
        `logit` and `heatmap`; `finite`; `evidence`, whether there is any above zero. Where the lungs are known,
        `in_lungs` and `in_hull`, with the share of the picture that these take; `outside_lungs`, `outside_hull` and
        `inside_lungs`, how far the logit moves when that is blurred. `shift_logit`, `shift_similarity`, `noise_logit`
        and `noise_similarity`. For a pneumonia `maps`: the scores of the served map and of the controls, as
        `score_maps` gives them.
    """
    logit, heatmap = engine.run(case.image)
    row = {"logit": logit, "heatmap": heatmap, "finite": bool(np.isfinite(heatmap).all())}
    if not row["finite"]:
        return row
    row["evidence"] = bool(heatmap.max() > 0)
    erasure = Erasure(lambda image: engine.run(image)[0], case.image)
    row["blurred_logit"] = erasure.blurred_logit
    if case.lungs is not None:
        hull = convex_hull(case.lungs)
        row |= {
            "in_lungs": share_inside(heatmap, case.lungs),
            "in_hull": share_inside(heatmap, hull),
            "lungs_area": float(case.lungs.mean()),
            "hull_area": float(hull.mean()),
            "outside_lungs": erasure.logit_without(~case.lungs) - logit,
            "outside_hull": erasure.logit_without(~hull) - logit,
            "inside_lungs": erasure.logit_without(case.lungs) - logit,
        }
    shifts = under_shifts(engine.run, case.image)
    row["shift_logit"] = float(np.mean([abs(moved) for moved, _ in shifts]))
    similarities = [similar for _, similar in shifts if similar is not None]
    row["shift_similarity"] = float(np.mean(similarities)) if similarities else None
    moved, row["noise_similarity"] = under_noise(engine.run, case.image, case.seed)
    row["noise_logit"] = abs(moved)
    if case.record.label:
        maps = {SERVED: heatmap, **control_maps(case.image, heatmap.shape, case.seed)}
        row["maps"] = score_maps(erasure, case.lungs, maps)
    return row


def score_maps(erasure: Erasure, lungs: np.ndarray | None, maps: dict[str, np.ndarray]) -> dict[str, dict[str, Any]]:
    """Scores of several maps of one image.

    Args:
        erasure: of the image.
        lungs: bool (S, S), or None where they are not known.
        maps: each (h, w), on any grid.

    Returns:
        By name of the map: `deletion` and `insertion`, the curves in logits, float64 (STEPS + 1,); and `in_lungs`, None
        where there is no evidence or the lungs are not known.
    """
    scores = {}
    for name, heatmap in maps.items():
        deletion, insertion = erasure.curves(heatmap)
        in_lungs = None if lungs is None else share_inside(heatmap, lungs)
        scores[name] = {"deletion": deletion, "insertion": insertion, "in_lungs": in_lungs}
    return scores


def convex_hull(inside: np.ndarray) -> np.ndarray:
    """Add what lies between the lungs, heart and spine: bool (H, W) to bool (H, W); empty for an empty region."""
    points = cv2.findNonZero(inside.astype(np.uint8))
    hull = np.zeros(inside.shape, np.uint8)
    if points is not None:
        cv2.fillConvexPoly(hull, cv2.convexHull(points), 1)
    return hull > 0
