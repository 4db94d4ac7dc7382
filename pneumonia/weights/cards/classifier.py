"""The model card: README.md of a weights folder, rendered from its two JSON files."""

from typing import Any

from pneumonia.core.notices import (
    CALIBRATED_AT_HOME,
    DATA,
    FEW_PATIENTS,
    INTENDED_USE,
    LIMITS,
    POPULATION,
    SELECTION,
    SOURCE,
)
from pneumonia.core.patient_sources import PATTERN, TABLE
from pneumonia.utils.formatting import UNDEFINED, format_interval, format_share, too_few
from pneumonia.utils.markdown import bullets, command_block, table
from pneumonia.variants.baselines import get_recipe
from pneumonia.variants.registry import get_variant
from pneumonia.weights.cards.card import write_card
from pneumonia.weights.folder import populations

# What each field shows, in a sentence for the card.
_AS_IT_IS = "The whole image, its grey values as they are."
_SHOWN = {
    "image": "The whole image, its grey values stretched between two percentiles.",
    "exposure": "The whole image, its grey values stretched between two percentiles of those within the lungs' hull.",
    "box": "The rectangle around the lungs, which the network in `weights/lung-fields` finds. Where it finds none, "
    "the whole image is read and a check says so.",
    "hull": "The rectangle around the lungs, which the network in `weights/lung-fields` finds. Everything outside "
    "the convex hull of the lungs is hidden under one grey, so no border, marker or arm can move the score, and the "
    "grey values are stretched between two percentiles of those within. Where no lungs are found, the whole image "
    "is read and a check says so.",
}

_OTHERS_LICENCE = "Licence of the weights: that of whoever trained them."
# How patients were known, where it was not by names that are known to carry them.
_TOLD_BY = {PATTERN: ", as a pattern in the paths tells them", TABLE: ", as a table tells them"}


def render_card(config: dict[str, Any], metrics: dict[str, Any]) -> str:
    """The card as Markdown, from the values of config.json and metrics.json."""
    recipe, elsewhere = config["training"]["recipe_name"], trained_elsewhere(config)
    variant = get_recipe(recipe) if recipe else get_variant(config["variant"])
    return write_card(
        variant.title,
        f"{variant.summary} Version {config['version']}, {config['architecture']['parameters']:,} parameters.",
        {
            "Intended use": INTENDED_USE,
            "Population": _population(config["data"]) if elsewhere else POPULATION,
            "Limits": bullets(limit for limit in LIMITS if limit != CALIBRATED_AT_HOME or not elsewhere),
            "What it is shown": _shown(config["preprocessing"]) + _guidance(config["training"]["recipe"]),
            **({} if recipe or elsewhere else {"Selection": SELECTION}),
            "Operating points": _operating_points(config),
            "Figures": "At the balanced operating point, with 95 % intervals from "
            f"{_resampled(metrics['sets'])}, {FEW_PATIENTS}. `metrics.json` has the rest, "
            "`config.json` the operating points.\n\n" + _sets_table(metrics["sets"]),
            "Training": _training(config),
        },
        _OTHERS_LICENCE if elsewhere else "The weights are under the MIT licence of the project.",
        _images_from(config["data"]) if elsewhere else DATA,
    )


def trained_elsewhere(config: dict[str, Any]) -> bool:
    """Tell whether a network was trained on other images than the published ones, of which older folders note none."""
    return config.get("data", {}).get("source", SOURCE) != SOURCE


def _population(data: dict[str, Any]) -> str:
    counts = [f"{count:,} of {name or 'an unknown population'}" for name, count in data["populations"].items()]
    return f"Trained and validated on frontal chest radiographs, {', '.join(counts)}. Nothing else was trained on."


def _images_from(data: dict[str, Any]) -> str:
    source, licence = (data[name] or "not stated" for name in ("source", "licence"))
    return f"Source of the images: {source}. Licence: {licence}."


def _shown(preprocessing: dict[str, Any]) -> str:
    return _SHOWN[preprocessing["field"]] if preprocessing["low_percentile"] is not None else _AS_IT_IS


def _guidance(recipe: dict[str, Any]) -> str:
    if not recipe["evidence_penalty"]:
        return ""
    return (
        " In training the share of evidence that the heatmap shows outside the lungs was penalised, with the lungs as "
        "the network in `weights/lung-fields` finds them; to read an image that network is not needed."
    )


def _operating_points(config: dict[str, Any]) -> str:
    by_population = populations(config)
    parts = [
        "Thresholds, temperature, offset and the uncertain zone were fixed on images and fixed corruptions of them, "
        "pooled, by the rules written in `pneumonia/calibration/fit.py`."
    ]
    for name, fixed in by_population.items():
        first, coverage = fixed["calibration"]["sets"][0], fixed["calibration"]["coverage"]
        parts.append(
            f"For {name}, on the set `{first}` as it is and corrupted; the uncertain zone around each threshold leaves "
            f"{coverage:.0%} of it decided."
        )
        parts.append(_points_table(fixed["operating_points"]))
    return "\n\n".join(parts)


def _points_table(points: dict[str, Any]) -> str:
    return table(
        ("operating point", "threshold", "uncertain", "sensitivity", "specificity"),
        (
            (
                name,
                f"{point['threshold']:.1%}",
                f"{point['low']:.1%} to {point['high']:.1%}",
                format_share(point["sensitivity"]),
                format_share(point["specificity"]),
            )
            for name, point in points.items()
        ),
    )


def _sets_table(sets: dict[str, Any]) -> str:
    shares = ("accuracy", "sensitivity", "specificity")
    columns = ("set", "images", "AUROC", *shares, "ECE", "uncertain", "accuracy of the rest")
    rows = []
    for name, figures in sets.items():
        point = figures["operating_points"]["balanced"]
        rest = point["accuracy_outside_uncertain"]
        rows.append(
            (
                name + too_few(figures),
                *(str(figures["n"]), format_interval(figures["auroc"])),
                *(format_share(point[share]) for share in shares),
                format_interval(figures["ece"]),
                f"{point['uncertain_share']:.1%}",
                UNDEFINED if rest is None else f"{rest:.1%}",
            )
        )
    return table(columns, rows)


def _resampled(sets: dict[str, Any]) -> str:
    """Say what was resampled. Older folders do not say of how many images the patient is unknown: of none."""
    unknown = [figures.get("patient_unknown", 0) for figures in sets.values()]
    if not any(unknown):
        return "resampling patients"
    if unknown == [figures["n"] for figures in sets.values()]:
        return "resampling images, as patients are unknown"
    return "resampling patients, or images where the patient is unknown"


def _training(config: dict[str, Any]) -> str:
    data = config["data"]
    train, validation = data["train"], data["validation"]
    return (
        f"Trained on {_count(train)}, validated on {_count(validation)}; {_apart(data)}. {_others(data)}"
        f"The command was:\n\n{command_block(config['training']['command'])}"
    )


def _others(data: dict[str, Any]) -> str:
    """Say what the head was fitted to beside the main population, if anything."""
    others = data.get("others")
    return f"The head was fitted to {_count(others)} too, judged out of folds by patient. " if others else ""


def _apart(data: dict[str, Any]) -> str:
    """Say whether one patient may be in both parts."""
    parts = [data["train"], data["validation"]]
    unknown, images = sum(map(_unknown, parts)), sum(map(_images, parts))
    if not unknown:
        return "no patient is in both" + _TOLD_BY.get(data.get("patients_from", ""), "")
    whose = "patients are unknown" if unknown == images else f"the patient of {unknown:,} images is unknown"
    return f"{whose}, so images of one patient may be in both, and the figures too good"


def _count(part: dict[str, Any]) -> str:
    images = " and ".join(f"{count:,} {name}" for name, count in part["images"].items())
    if _unknown(part) == _images(part):
        return f"{images} radiographs of unknown patients"
    return f"{images} radiographs of {'at most ' if _unknown(part) else ''}{part['patients']:,} patients"


def _images(part: dict[str, Any]) -> int:
    return sum(part["images"].values())


def _unknown(part: dict[str, Any]) -> int:
    return part.get("patient_unknown", 0)
