"""The model card: README.md of a weights folder, rendered from its two JSON files."""

from typing import Any

from pneumonia.data.patients import PATTERN, TABLE
from pneumonia.notices import DATA, INTENDED_USE, LIMITS, NOTICE, POPULATION, SELECTION
from pneumonia.recipes import get_recipe
from pneumonia.variants import get_variant
from pneumonia.written import UNDEFINED, measured, measured_share

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

# How patients were known, where it was not by names that are known to carry them.
_TOLD_BY = {PATTERN: ", as a pattern in the paths tells them", TABLE: ", as a table tells them"}


def render_card(config: dict[str, Any], metrics: dict[str, Any]) -> str:
    """Write the card.

    Args:
        config: as in config.json.
        metrics: as in metrics.json.

    Returns:
        Markdown.
    """
    recipe = config["training"]["recipe_name"]
    variant = get_recipe(recipe) if recipe else get_variant(config["variant"])
    sections = [
        f"# {variant.title}",
        f"**{NOTICE}**",
        f"{variant.summary} Version {config['version']}, {config['architecture']['parameters']:,} parameters.",
        "## Intended use",
        INTENDED_USE,
        "## Population",
        POPULATION,
        "## Limits",
        "\n".join(f"- {limit}" for limit in LIMITS),
        "## What it is shown",
        _shown(config["preprocessing"]) + _guidance(config["training"]["recipe"]),
        *(() if recipe else ("## Selection", SELECTION)),
        "## Operating points",
        "Thresholds, temperature, the offset that is now part of the head's bias, and the uncertain zone were fixed on "
        "the validation images and fixed corruptions of them, pooled, by the rules written in "
        "`pneumonia/evaluation/calibration.py`. The uncertain zone around each threshold leaves "
        f"{config['calibration']['coverage']:.0%} of these images decided.",
        _points_table(config["operating_points"]),
        "## Figures",
        f"At the balanced operating point, with 95 % intervals from {_resampled(metrics['sets'])}. `metrics.json` has "
        "the rest, `config.json` the operating points.",
        _sets_table(metrics["sets"]),
        "## Training",
        _training(config),
        "## Data and licence",
        f"{DATA} The weights are under the MIT licence of the project.",
        "",
    ]
    return "\n\n".join(sections)


def _shown(preprocessing: dict[str, Any]) -> str:
    return _SHOWN[preprocessing["field"]] if preprocessing["low_percentile"] is not None else _AS_IT_IS


def _guidance(recipe: dict[str, Any]) -> str:
    if not recipe["evidence_penalty"]:
        return ""
    return (
        " In training the share of evidence that the heatmap shows outside the lungs was penalised, with the lungs as "
        "the network in `weights/lung-fields` finds them; to read an image that network is not needed."
    )


def _points_table(points: dict[str, Any]) -> str:
    rows = [
        "| operating point | threshold | uncertain | sensitivity | specificity |",
        "| --- | --- | --- | --- | --- |",
    ]
    for name, point in points.items():
        rows.append(
            f"| {name} | {point['threshold']:.1%} | {point['low']:.1%} to {point['high']:.1%} "
            f"| {measured_share(point['sensitivity'])} | {measured_share(point['specificity'])} |"
        )
    return "\n".join(rows)


def _sets_table(sets: dict[str, Any]) -> str:
    rows = [
        "| set | images | AUROC | accuracy | sensitivity | specificity | ECE | uncertain | accuracy of the rest |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for name, figures in sets.items():
        point = figures["operating_points"]["balanced"]
        shares = " | ".join(measured_share(point[measure]) for measure in ("accuracy", "sensitivity", "specificity"))
        rows.append(
            f"| {name} | {figures['n']} | {measured(figures['auroc'])} | {shares} | {measured(figures['ece'])} "
            f"| {point['uncertain_share']:.1%} | {_plain_share(point['accuracy_outside_uncertain'])} |"
        )
    return "\n".join(rows)


def _resampled(sets: dict[str, Any]) -> str:
    """What the intervals come from. Older folders do not say of how many images the patient is unknown: of none."""
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
        f"Trained on {_count(train)}, validated on {_count(validation)}; {_apart(data)}. "
        f"The command was:\n\n```\n{config['training']['command']}\n```"
    )


def _apart(data: dict[str, Any]) -> str:
    """Whether one patient may be in both parts."""
    parts = [data["train"], data["validation"]]
    unknown, images = sum(map(_unknown, parts)), sum(map(_images, parts))
    if not unknown:
        return "no patient is in both" + _TOLD_BY.get(data.get("patients_from"), "")
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


def _plain_share(value: float | None) -> str:
    return UNDEFINED if value is None else f"{value:.1%}"
