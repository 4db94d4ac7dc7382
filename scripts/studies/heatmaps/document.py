"""The document of the heatmaps, written from figures, so that no number is typed by hand."""

from functools import partial
from typing import Any

from scipy.stats import binomtest

from pneumonia.core.notices import FEW_PATIENTS
from pneumonia.explain.faithfulness import BLUR, STEPS
from pneumonia.explain.region_test import REGIONS
from pneumonia.utils.formatting import UNDEFINED, format_interval, format_share
from pneumonia.utils.markdown import command_block, table
from pneumonia.variants.registry import get_variant
from pneumonia.weights.folder import WEIGHTS_FOLDER, read_bundle
from scripts.studies.documents import opening, section
from scripts.studies.heatmaps.cases import SERVED
from scripts.studies.heatmaps.figures import LEAST_COMPARED
from scripts.studies.heatmaps.robustness import NOISE

_OPENING = opening(
    "Heatmaps, measured",
    "heatmaps",
    f"Intervals are 95 %, from resampling patients, {FEW_PATIENTS}. A good map here is one that tells what the network "
    "used; none of these figures says that the network is right.",
    "heatmaps/*.json",
)
_REWARDED = (
    "Training rewarded {names} for a large share of this very map inside. So for these the figure shows that the "
    "training worked, and is no independent proof of what the network used: integrated gradients and occlusion of the "
    "same networks put much less inside (below)."
)
# One in sixteen, and the share of chance findings that is put up with.
_PASS_BY_CHANCE, _SIGNIFICANT = 1 / 16, 0.05
_AREAS = ("deletion", "insertion")
_PARTS = {
    "outside_lungs": "everything outside the lungs",
    "outside_hull": "everything outside their hull",
    "inside_lungs": "the lungs themselves",
}
# Two digits are all that these carry.
_number = partial(format_interval, form="{:.2f}".format)


def render(result: dict[str, Any]) -> str:
    """The whole of docs/heatmaps.md, from what `measure` wrote: `boxes` and `maps`."""
    maps = result["maps"]
    variants = maps["variants"]
    return "\n".join(
        (
            _OPENING,
            _boxes(result["boxes"]),
            _images(variants, maps["command"]),
            _in_lungs(variants),
            _curves(variants),
            *(_compared(name, measured) for name, measured in variants.items()),
            _support(variants),
            _blurred(variants),
            _randomised(variants),
            _stability(variants),
            _empty(variants),
        )
    )


_OF_BOXES = {
    "peak": "peak in a box",
    "share": "evidence in boxes",
    "overlap": "overlap",
    "lungs": "evidence in the lungs",
}


def _boxes(result: dict[str, Any]) -> str:
    variants = result["variants"]
    first = next(iter(variants.values()))
    rows = [
        [f"`{name}`", label, _count(scores["peak"]), *(_share(scores[key]) for key in _OF_BOXES)]
        for name, measured in variants.items()
        for label, scores in measured["maps"].items()
    ]
    return section(
        "Does the map lie where radiologists saw the opacity?",
        f"{first['images']} radiographs of {first['patients']} adults of another hospital, on which radiologists of "
        "the RSNA Pneumonia Detection Challenge drew boxes round opacities. Each map is of a head that was fitted to "
        "other patients, on features that no label of an adult moved, and no training was told of a box. The peak is "
        "the middle of the map's highest cell; the shares are those of its positive evidence; the overlap is "
        "intersection over union of the boxes and what lies above a share of the "
        "map's highest value, chosen on other patients. The boxes take "
        f"{_share(first['boxes_of_lungs'])} of the lungs, which is what chance gives within them, and "
        f"{_share(first['boxes_of_image'])} of the image. Controls lie on the same grid: random, a Gaussian on the "
        "centre, and how steep the grey values are.",
        table(["variant", "map", "n", *_OF_BOXES.values()], rows),
        " ".join(_beside_lungs(name, measured) for name, measured in variants.items()),
        "Published, on other images and other regions of airspace opacity: the peak of Grad-CAM inside in 37 %, that "
        "of another radiologist in 56 % to 65 % (Saporta et al., Nature Machine Intelligence 2022).",
        command_block(result["command"]),
    )


def _beside_lungs(name: str, measured: dict[str, Any]) -> str:
    served, lungs = measured["maps"][SERVED], measured["boxes_of_lungs"]
    share, peak = served["share"], served["peak"]
    above = [what for what, of in (("peak", peak), ("evidence", share)) if of and lungs and of["low"] > lungs["high"]]
    said = " and the ".join(above)
    verb = "are" if len(above) > 1 else "is"
    return f"For `{name}` " + (
        f"the {said} {verb} in boxes more often than chance within the lungs."
        if above
        else "neither the peak nor the evidence is in boxes more often than chance within the lungs."
    )


def _share(interval: dict[str, Any] | None) -> str:
    return UNDEFINED if interval is None else format_share(interval)


def _images(variants: dict[str, Any], line: str) -> str:
    first = next(iter(variants.values()))
    earlier = [
        f"`{name}`"
        for name, measured in variants.items()
        if measured["weights_sha256"] != read_bundle(WEIGHTS_FOLDER / name).weights_sha256
    ]
    grids = ", ".join(f"`{name}` {' by '.join(map(str, measured['grid']))}" for name, measured in variants.items())
    return section(
        "What was measured",
        f"{first['images']} validation images, {first['pneumonias']} of them pneumonias. No network was trained on "
        "them; they fixed the thresholds, and when trainings stopped. The lungs of "
        f"{first['drawn']} were drawn by hand, those of the others found by the network in `weights/lung-fields`, and "
        f"of {first['without_lungs']} not found. The served models were read, on the network's own input. Cells of "
        f"the maps: {grids}.",
        *([f"From here on, the figures are of earlier weights of {', '.join(earlier)}."] if earlier else []),
        command_block(line),
    )


def _in_lungs(variants: dict[str, Any]) -> str:
    rows = [
        [
            f"`{name}`",
            {"drawn": "drawn by hand", "found": "found"}[kind],
            _count(shares["in_lungs"]),
            *(format_share(shares[part]) for part in ("in_lungs", "lungs_area", "in_hull", "hull_area")),
        ]
        for name, measured in variants.items()
        for kind, shares in measured["lungs"].items()
        if shares["in_lungs"]
    ]
    rewarded = [f"`{name}`" for name in variants if get_variant(name).recipe.evidence_penalty]
    return section(
        "How much of the evidence lies inside the lungs?",
        "Of the positive evidence of pneumonias, the share inside the lungs and inside their convex hull, beside the "
        "area of these: a map that is the same everywhere has that share inside.",
        *([_REWARDED.format(names=", ".join(rewarded))] if rewarded else []),
        table(["variant", "lungs", "n", "inside", "their area", "inside the hull", "its area"], rows),
    )


def _curves(variants: dict[str, Any]) -> str:
    rows = [
        [f"`{name}`", label, *_scores(scores)]
        for name, measured in variants.items()
        for label, scores in measured["maps"].items()
    ]
    baselines = "; ".join(f"`{name}` {_number(m['baseline_logit'])}" for name, m in variants.items())
    return section(
        "Deletion and insertion",
        "Pixels of pneumonias are blurred in the order in which a map names them (deletion), or everything else is "
        f"(insertion), in {STEPS} steps; the figure is the mean logit along the way, in square brackets the mean "
        f"probability. The blur has a standard deviation of {BLUR:.0%} of the side. A good map has a small deletion "
        "and a great insertion, and so a great gap: insertion less deletion. Controls lie on the same grid: random, a "
        "Gaussian on the centre, and how steep the grey values are.",
        f"Mean logit of a wholly blurred image: {baselines}. Where it is positive, haze reads as pneumonia, blurring a "
        "region can add evidence, and only the difference to the controls means anything. A ragged region, such as the "
        "random map names, moves the logit otherwise than a compact one; in the gap that cancels out.",
        table(["variant", "map", "deletion", "insertion", "gap", "in the lungs"], rows),
        " ".join(_beside_controls(name, measured["maps"]) for name, measured in variants.items()),
    )


def _beside_controls(name: str, maps: dict[str, Any]) -> str:
    served, *controls = maps.items()
    gap = served[1]["gap"]["value"]
    as_good = [label for label, scores in controls if scores["gap"]["value"] >= gap]
    if not as_good:
        return f"The served map of `{name}` has a greater gap than every control."
    return f"**The served map of `{name}` is no better than this control: {', '.join(as_good)}.**"


def _compared(name: str, measured: dict[str, Any]) -> str:
    rows = [
        [label, _count(scores["deletion"]), *_scores(scores), _against(scores)]
        for label, scores in measured["compared"].items()
    ]
    better = [label for label, scores in measured["compared"].items() if scores.get("clearly_better")]
    by_gap = [
        label
        for label, scores in measured["compared"].items()
        if label not in better and scores.get("minus_served") and scores["minus_served"]["gap"]["low"] > 0
    ]
    parts = [
        "On the same pneumonias, and for those of other libraries on the first of them. A map beats the served one "
        f"clearly if on the same images, {LEAST_COMPARED} at least, its gap is greater with 95 % confidence, and it is "
        "not shown to put less of its evidence into the lungs. "
        + (
            f"Clearly better: {', '.join(better)}. The served one stays all the same: it comes from the pass that "
            "gives the logit, and adds up to it."
            if better
            else "None of them does, so the served one stays."
        )
        + (f" By the gap alone this would win: {', '.join(by_gap)}." if by_gap else ""),
        table(["map", "n", "deletion", "insertion", "gap", "in the lungs", "gap less served"], rows),
    ]
    if distance := measured.get("dilated_logit"):
        parts.append(
            f"The network with its last stage dilated has another logit: on {distance['n']} images it is "
            f"{distance['mean']:.2f} from the served one in the mean and {distance['greatest']:.2f} at most. Its map "
            "adds up to that logit and not to the score."
        )
    return section(f"Other maps of `{name}`", *parts)


def _support(variants: dict[str, Any]) -> str:
    kinds = list(next(iter(variants.values()))["support"])
    rows = [[f"`{name}`", *(str(m["support"][kind]) for kind in kinds)] for name, m in variants.items()]
    return section(
        "Is the marked region supported, case by case?",
        "Pneumonias by what the test in `pneumonia/explain/region_test.py` says of them: whether blurring the marked "
        f"region lowers the logit, and more than all but one of {REGIONS} regions of the same size and form elsewhere. "
        "Of regions marked at random, one in sixteen would pass.",
        table(["variant", *kinds], rows),
        " ".join(_beside_chance(name, measured["support"]) for name, measured in variants.items()),
    )


def _beside_chance(name: str, counts: dict[str, int]) -> str:
    supported, tested = counts["supported"], counts["supported"] + counts["not better than chance"]
    if binomtest(supported, tested, _PASS_BY_CHANCE, alternative="greater").pvalue < _SIGNIFICANT:
        return f"`{name}` has more supported regions than chance gives."
    return f"**`{name}` is not shown to have more supported regions than chance gives.**"


def _blurred(variants: dict[str, Any]) -> str:
    rows = [
        [f"`{name}`", what, _number(moved["by"]), _number(moved["how_far"]), format_share(moved["changed_side"])]
        for name, measured in variants.items()
        for moved, what in ((measured["blurred"][part], what) for part, what in _PARTS.items())
    ]
    return section(
        "What lies outside the lungs",
        "How the logit moves when a part of the image is blurred, normals and pneumonias together, and the share of "
        "images that change sides of the balanced threshold.",
        table(["variant", "blurred", "mean change", "mean distance", "changed sides"], rows),
    )


def _randomised(variants: dict[str, Any]) -> str:
    rows = [
        [f"`{name}`", *(_similar(measured["randomised"][kind]) for kind in ("all", "head", "other_image"))]
        for name, measured in variants.items()
    ]
    first = next(iter(variants.values()))["randomised"]
    return section(
        "Randomised parameters",
        f"Rank correlation of the served map with that of the same network with fresh parameters, over {first['n']} "
        f"images and {first['networks']} draws: the mean, and the mean of its absolute value. The last column is what "
        "chance gives: the trained network's map of another image. A map that told nothing of what was learned would "
        "stay near 1.",
        table(["variant", "all parameters fresh", "only the head fresh", "another image"], rows),
    )


def _similar(summary: dict[str, float | None]) -> str:
    if summary["mean"] is None:
        return UNDEFINED
    return f"{summary['mean']:.2f}; {summary['mean_absolute']:.2f}"


def _stability(variants: dict[str, Any]) -> str:
    names = ("shift_similarity", "shift_logit", "noise_similarity", "noise_logit")
    rows = [[f"`{name}`", *(_number(m["stability"][part]) for part in names)] for name, m in variants.items()]
    return section(
        "Stability",
        "The image is shifted by 8 or 16 of 224 pixels and the map shifted back, or noise with a standard deviation of "
        f"{NOISE} of the grey range is added. Rank correlation with the map before, and distance of the logits.",
        table(["variant", "map, shifted", "logit, shifted", "map, noise", "logit, noise"], rows),
    )


def _empty(variants: dict[str, Any]) -> str:
    rows = []
    for name, figures in variants.items():
        empty = figures["empty"]
        greatest = "none" if empty["greatest_logit"] is None else f"{empty['greatest_logit']:.2f}"
        rows.append(
            [
                f"`{name}`",
                f"{figures['nan']} of {figures['images']}",
                f"{empty['images']} of {figures['images']}",
                greatest,
                f"{empty['threshold_logit']:.2f}",
                str(empty["called_pneumonia"]),
            ]
        )
    return section(
        "Empty maps",
        "A map without any positive evidence is right where the logit is low. None may hold anything but numbers.",
        table(
            ["variant", "not numbers", "empty", "greatest logit of these", "balanced threshold", "of these above it"],
            rows,
        ),
    )


def _scores(scores: dict[str, Any]) -> list[str]:
    curves = (f"{_number(scores[part])} [{scores[f'{part}_probability']['value']:.3f}]" for part in _AREAS)
    return [*curves, _number(scores["gap"]), format_share(scores["in_lungs"])]


def _against(scores: dict[str, Any]) -> str:
    return _number(scores["minus_served"]["gap"]) if "minus_served" in scores else ""


def _count(interval: dict[str, float] | None) -> str:
    return "0" if interval is None else str(interval["n"])
