"""From what was measured of each image's heatmap to the figures of one variant."""

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

import numpy as np
from scipy.special import expit, logit

from pneumonia.core.operating_points import BALANCED
from pneumonia.core.populations import CHILDREN
from pneumonia.explain.faithfulness import area
from pneumonia.metrics.bootstrap import resample_patients
from pneumonia.metrics.intervals import with_interval
from pneumonia.weights.folder import Bundle, populations
from scripts.studies.heatmaps.cases import SERVED, MeasuredCase

_IN_LUNGS = ("in_lungs", "lungs_area", "in_hull", "hull_area")
_BLURRED = ("outside_lungs", "outside_hull", "inside_lungs")
_STABILITY = ("shift_similarity", "shift_logit", "noise_similarity", "noise_logit")
_CURVES = ("deletion", "insertion")
# By these a map is compared with the served one. The gap is the insertion area less the deletion area (Zhang, Rao and
# Yang, "Group-CAM", 2021). A ragged region that is blurred moves the logit otherwise than a compact one, wherever it
# lies; in the gap that cancels out, and a random map has a gap of about zero.
_DECISIVE = ("gap", "in_lungs")
# With fewer images an interval says nothing.
LEAST_COMPARED = 10


def figures(bundle: Bundle, cases: list[MeasuredCase], rows: list[dict[str, Any]]) -> dict[str, Any]:
    """One variant's measures, as they are kept.

    Args:
        bundle: its weights folder.
        cases: N images.
        rows: what `scripts.studies.heatmaps.cases.measure` gave for each.

    Returns:
        JSON values; means over images as intervals, see `mean_interval`.
    """
    finite = [i for i, row in enumerate(rows) if row["finite"]]
    diseased = [i for i in finite if cases[i].record.label]
    # A share of evidence, and the area to set beside it, are taken where there is evidence.
    shown = [i for i in diseased if rows[i].get("in_lungs") is not None]
    empty = [rows[i]["logit"] for i in finite if not rows[i]["evidence"]]
    fixed = populations(bundle.config)[CHILDREN]
    temperature = fixed["temperature"]
    threshold = fixed["operating_points"][BALANCED]["threshold"]
    called = temperature * logit(threshold) - fixed.get("offset", 0.0)

    def means(names: Iterable[str], among: list[int]) -> dict[str, Any]:
        kept = [cases[i] for i in among]
        return {name: mean_interval([rows[i].get(name) for i in among], kept) for name in names}

    def moved(name: str) -> dict[str, Any]:
        among = [i for i in finite if name in rows[i]]
        before = np.array([rows[i]["logit"] for i in among])
        by = np.array([rows[i][name] for i in among])
        kept = [cases[i] for i in among]
        return {
            "by": mean_interval(list(by), kept),
            "how_far": mean_interval(list(np.abs(by)), kept),
            "changed_side": mean_interval(list((before >= called) != (before + by >= called)), kept),
        }

    return {
        "weights_sha256": bundle.weights_sha256,
        "grid": list(rows[0]["heatmap"].shape),
        "images": len(rows),
        "pneumonias": sum(case.record.label for case in cases),
        "drawn": sum(case.drawn for case in cases),
        "without_lungs": sum(case.lungs is None for case in cases),
        "nan": len(rows) - len(finite),
        "empty": {
            "images": len(empty),
            "greatest_logit": max(empty, default=None),
            "called_pneumonia": int(sum(value >= called for value in empty)),
            "threshold_logit": float(called),
        },
        "lungs": {
            "drawn": means(_IN_LUNGS, [i for i in shown if cases[i].drawn]),
            "found": means(_IN_LUNGS, [i for i in shown if not cases[i].drawn]),
        },
        "blurred": {name: moved(name) for name in _BLURRED},
        "baseline_logit": mean_interval([rows[i]["blurred_logit"] for i in finite], [cases[i] for i in finite]),
        "stability": means(_STABILITY, finite),
        "maps": map_figures([cases[i] for i in diseased], [rows[i]["maps"] for i in diseased], temperature),
    }


def map_figures(
    cases: list[MeasuredCase], scores: list[dict[str, dict[str, Any]]], temperature: float
) -> dict[str, Any]:
    """Mean scores of each map, and how they differ from those of the served map on the same images.

    Args:
        cases: N pneumonias.
        scores: of each, as `scripts.studies.heatmaps.cases.score_maps` gives them; a map may be missing from some.
        temperature: of the calibration.

    Returns:
        By name of the map: the areas `deletion` and `insertion` in logits, the same as probabilities, the `gap` between
        the first two, and `in_lungs`; and but for the served map `minus_served` and `clearly_better`.
    """
    result = {}
    for name in dict.fromkeys(name for row in scores for name in row):
        kept = [i for i, row in enumerate(scores) if name in row]
        patients = [cases[i] for i in kept]
        own = [_areas(scores[i][name], temperature) for i in kept]
        result[name] = {measure: mean_interval([a[measure] for a in own], patients) for measure in own[0]}
        if name == SERVED:
            continue
        served = [_areas(scores[i][SERVED], temperature) for i in kept]
        minus = {
            measure: mean_interval([_minus(a[measure], b[measure]) for a, b in zip(own, served, strict=True)], patients)
            for measure in _DECISIVE
        }
        result[name] |= {"minus_served": minus, "clearly_better": clearly_better(**minus)}
    return result


def clearly_better(gap: dict[str, float], in_lungs: dict[str, float] | None) -> bool:
    """Tell whether a map beats the served one clearly, by its scores less those of the served map on the same images.

    The rule: with 95 % confidence its gap is greater, on at least `LEAST_COMPARED` images, and it is not shown to put
    less of its evidence into the lungs.
    """
    return gap["n"] >= LEAST_COMPARED and gap["low"] > 0 and (in_lungs is None or in_lungs["high"] >= 0)


def mean_interval(values: list[float | None], cases: list[MeasuredCase]) -> dict[str, float] | None:
    """Mean of the values that there are, with its 95 % interval by resampling patients.

    Args:
        values: one a case.
        cases: whose patients are resampled.

    Returns:
        `value`, `low`, `high` and the number `n` of values; None where there are none.
    """
    there = [(value, case.record.patient) for value, case in zip(values, cases, strict=True) if value is not None]
    if not there:
        return None
    drawn = drawn_means(*(np.array(part) for part in zip(*there, strict=True)))
    return {**asdict(with_interval(drawn)), "n": len(there)}


def drawn_means(values: np.ndarray, patients: np.ndarray) -> np.ndarray:
    """The mean of values (N,), then that of each draw of their patients (N,): (R,)."""
    weights = resample_patients(patients)
    return np.append(values.mean(), weights @ values / weights.sum(axis=1))


def _areas(scores: dict[str, Any], temperature: float) -> dict[str, float | None]:
    areas = {name: area(scores[name]) for name in _CURVES}
    return {
        **areas,
        "gap": areas["insertion"] - areas["deletion"],
        **{f"{name}_probability": area(expit(scores[name] / temperature)) for name in _CURVES},
        "in_lungs": scores["in_lungs"],
    }


def _minus(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else one - other
