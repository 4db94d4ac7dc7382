"""Other maps of the same network beside the served one, and what is left of a map when the network is destroyed."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any, get_args

import keras
import numpy as np
import tensorflow as tf

from pneumonia.explain.faithfulness import Erasure
from pneumonia.explain.region_test import Verdict, measure_support
from pneumonia.exports.serving_graph import ServingModule
from pneumonia.inference.engine import Engine
from pneumonia.utils.processes import cores
from scripts.studies.heatmaps.cases import MeasuredCase, score_maps
from scripts.studies.heatmaps.randomisation import randomised
from scripts.studies.heatmaps.robustness import similarity
from scripts.studies.heatmaps.sharper import dilated, finer_stage, stage_maps

# From an image, float32 (S, S) in [0, 1], to maps by name, each float32 (h, w).
MapsOf = Callable[[np.ndarray], dict[str, np.ndarray]]

# The architecture whose last stage can be dilated.
DILATABLE = "mobilenetv2"
# Draws of fresh parameters.
_NETWORKS = 5


def sharper_maps(model: keras.Model, architecture: str) -> MapsOf:
    """Functions that make maps of twice the side; that of the dilated network only where the architecture allows it."""
    side = finer_stage(model).output.shape[1]
    at_stage = stage_maps(model)
    network = ServingModule(dilated(model)) if architecture == DILATABLE else None

    def make(image: np.ndarray) -> dict[str, np.ndarray]:
        maps = at_stage(image)
        made = {f"Layer-CAM, {side} by {side}": maps.layer_cam, f"HiResCAM, {side} by {side}": maps.hires_cam}
        if network:
            made["Grad-CAM, last stage dilated"] = network(_batch([image]))["cam"][0].numpy()
        return made

    return make


def dilated_logits(model: keras.Model, cases: list[MeasuredCase], rows: list[dict[str, Any]]) -> dict[str, float]:
    """Measure how far the dilated network's logit is from the served one: mean and greatest distance over images."""
    module = ServingModule(dilated(model))
    distances = [
        abs(float(module(_batch([case.image]))["logit"][0, 0]) - row["logit"])
        for case, row in zip(cases, rows, strict=True)
    ]
    return {"n": len(cases), "mean": float(np.mean(distances)), "greatest": float(np.max(distances))}


def score_other_maps(engine: Engine, cases: Iterable[MeasuredCase], make: MapsOf) -> list[dict[str, dict[str, Any]]]:
    """Make maps of each case in other ways and score them, as `scripts.studies.heatmaps.cases.score_maps`."""

    def score(case: MeasuredCase, maps: dict[str, np.ndarray]) -> dict[str, dict[str, Any]]:
        return score_maps(Erasure(lambda image: engine.run(image)[0], case.image), case.lungs, maps)

    # The next maps are made while the scores of those before are taken.
    with ThreadPoolExecutor(cores()) as pool:
        waiting = [pool.submit(score, case, make(case.image)) for case in cases]
        return [future.result() for future in waiting]


def support_counts(engine: Engine, cases: Iterable[MeasuredCase]) -> dict[str, int]:
    """Count the readings that get each verdict of `pneumonia.explain.region_test`."""
    verdicts = [measure_support(engine.run, case.image, case.record.sha256).verdict for case in cases]
    return {verdict: verdicts.count(verdict) for verdict in get_args(Verdict)}


def under_randomisation(model: keras.Model, cases: list[MeasuredCase], rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Measure how similar the served maps are to those of networks with fresh parameters.

    Args:
        model: the trained network.
        cases: N images.
        rows: their measures, with the served map as `heatmap`.

    Returns:
        `head` (only the head is fresh), `all` (every parameter is), and, for what chance gives, `other_image` (the
        trained network's map of another image): each the mean rank correlation over images and networks, and the mean
        of its absolute value.
    """
    images = _batch([case.image for case in cases])
    served = [row["heatmap"] for row in rows]
    result = {"n": len(cases), "networks": _NETWORKS}
    for name, keep_backbone in (("head", True), ("all", False)):
        found: list[float | None] = []
        for seed in range(_NETWORKS):
            maps = ServingModule(randomised(model, seed, keep_backbone))(images)["cam"].numpy()
            found += [similarity(*pair) for pair in zip(served, maps, strict=True)]
        result[name] = _summary(found)
    result["other_image"] = _summary([similarity(*pair) for pair in pairwise(served)])
    return result


def _summary(similarities: list[float | None]) -> dict[str, float | None]:
    there = np.array([value for value in similarities if value is not None])
    if not len(there):
        return {"mean": None, "mean_absolute": None}
    return {"mean": float(there.mean()), "mean_absolute": float(np.abs(there).mean())}


def _batch(images: list[np.ndarray]) -> tf.Tensor:
    return tf.constant(np.stack(images)[..., None])
