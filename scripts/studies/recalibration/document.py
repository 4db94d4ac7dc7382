"""The document of the recalibration, written from figures, so that no number is typed by hand."""

from typing import Any

from pneumonia.utils.formatting import format_interval, format_share
from pneumonia.utils.markdown import command_block, table
from scripts.studies.documents import opening, section

_OPENING = opening("Recalibration to a site", "recalibration", "A research demonstration, not a medical device.")
_COMMANDS = """```
python scripts/recalibrate.py --data my-images --variant mobilenetv2-finetuned --name my-hospital
python scripts/predict.py chest.dcm --site my-hospital
```"""
_SITES = {
    "adults": (
        "Another hospital: adults",
        "Adults whom radiologists judged, opacity against normal ([results](results.md)), by the calibration for "
        "children: as one of a hospital that nobody has calibrated a network for. Each is scored by a head that was "
        "fitted to other patients. Fitted to images of one half of the patients, scored on the other half. As "
        "published the probabilities are far too high: opacities are rare here, and pneumonias were common among the "
        "children. That is what a calibration mends. With few local images it mends less, as at least ten of them show "
        "an opacity, more than the hospital has. It tells no more images apart: sensitivity and specificity hardly "
        "move. Labels mined from reports, on which this section rested before, said otherwise; they are withdrawn.",
    ),
    "children, darker": (
        "Children's images, darker",
        "The validation images darkened by a fixed amount; fitted to images of one half of the patients, scored on the "
        "other half. The shipped calibration was fitted with such images among others, so there is little to mend.",
    ),
    "children, cropped": (
        "Children's images, cropped",
        "As before, with a fixed crop.",
    ),
    "children, shifted": (
        "Children's images, with every logit lowered",
        "A site made by arithmetic, so that the truth is known: {shift:g} is taken off every logit of the plain "
        "validation images, as by a device whose images all look healthier to the network.",
    ),
}
_MEASURES = {
    "ece": "ECE",
    "brier": "Brier",
    "accuracy": "accuracy",
    "sensitivity": "sensitivity",
    "specificity": "specificity",
}


def render(figures: dict[str, Any]) -> str:
    """The whole of docs/recalibration.md.

    Args:
        figures: what `measure` gave.
    """
    sites = figures["sites"]
    parts = [_OPENING, _method(), _how_measured(figures), _how_many(sites)]
    for name, (title, text) in _SITES.items():
        parts.append(section(title, text.format(shift=figures["made_shift"]), _kept(sites[name]), _table(sites[name])))
    return "\n".join(parts)


def _method() -> str:
    return section(
        "What it does",
        "To labelled images of one site, in folders `NORMAL` and `PNEUMONIA`, it fits a temperature, an offset and "
        "three thresholds, each with an interval. It takes at least 30, of at least ten patients with pneumonia and "
        "ten without; 30 to 200 are measured below. The network and its heatmap are not touched.",
        _COMMANDS,
        "Platt scaling (1999) is applied to the log-odds as published, the logistic recalibration of Cox (1958): "
        "`log-odds at the site = slope * log-odds as published + shift`. Normal priors hold the slope near 1 (standard "
        "deviation 0.5) and the shift near 0 (standard deviation 2), so that few images cannot run away; the slope is "
        "never negative. The widths were chosen by what fits without priors gave on the fixed corruptions of the "
        "validation images. Thresholds and the uncertain zone follow the rules of training, without priors.",
        "Its own figures are cross-validated: each local image is judged by a calibration and thresholds fitted "
        "without its patient. Shares carry exact intervals (Clopper and Pearson 1934), the AUROC that of Newcombe "
        "(2006), both with images of one patient counted once: resampling would call 15 of 15 certain. Patients are "
        "told by a table, a pattern or names that are known to carry them ([data.md](data.md)); where none does, each "
        "image counts as a patient of its own, so take one image a patient. Images that the network was trained "
        "on tell nothing.",
        "A calibration belongs to one file of weights, by hash, and lies beside it as "
        "`weights/sites/<variant>/<date>-<name>.json`, which git ignores. It holds figures, and the score and label of "
        "each local image without its name. It is used only where it is asked for, and each reading says so. Where the "
        "interval of the local AUROC reaches 0.5 nothing is kept: no calibration makes a network see what it does not "
        "see.",
        "The new probabilities hold where as many patients have pneumonia as among the local images. Images picked by "
        "their label give thresholds with their sensitivity and specificity, but no probabilities for the clinic.",
    )


def _how_measured(figures: dict[str, Any]) -> str:
    return section(
        "How it was measured",
        f"For each number of local images {figures['draws']} draws without replacement, with both classes in the "
        "proportion of the set and at least ten of each; each calibration is scored on images of other patients. "
        "`as published` has 95 % intervals from resampling the patients that are scored, drawn again here, so their "
        "last digit may differ from the cards; the other rows have the mean of "
        "the draws and the middle 95 % of them, which is how much the result depends on the images that happened to be "
        "collected. Accuracy, sensitivity and specificity are those of the operating point `balanced`. `kept` is the "
        "share of draws after which the tool would have kept the calibration. The scores are those in "
        "`weights/*/metrics.json`.",
        command_block(figures["command"]),
    )


def _how_many(sites: dict[str, Any]) -> str:
    children = [variant for name, site in sites.items() if name != "adults" for variant in site.values()]
    sizes = list(children[0]["recalibrated"])

    def widest(size: str, measure: str) -> str:
        intervals = [variant["recalibrated"][size][measure] for variant in children]
        return f"{100 * max(interval['high'] - interval['low'] for interval in intervals):.0f}"

    better = {
        size: sum(
            variant["recalibrated"][size]["brier"]["value"] < variant["as_shipped"]["brier"]["value"]
            for variant in children
        )
        for size in sizes
    }
    rows = [
        [size, f"{better[size]} of {len(children)}", *(widest(size, name) for name in ("sensitivity", "specificity"))]
        for size in sizes
    ]
    return section(
        "How many images it takes",
        "On the sites of children below, over all variants: in how many cases the mean Brier "
        "score of the draws is below that of the calibration as published, and over how many points the middle 95 % of "
        "the draws range at most. Probabilities need fewer images than thresholds do.",
        table(["local images", "Brier score improved", "sensitivity, points", "specificity, points"], rows),
    )


def _kept(site: dict[str, Any]) -> str:
    shares = [row["kept"] for variant in site.values() for row in variant["recalibrated"].values()]
    aurocs = ", ".join(f"`{name}` {format_interval(variant['auroc'])}" for name, variant in site.items())
    if max(shares) == min(shares):
        kept = f"kept after {shares[0]:.0%} of draws"
    else:
        kept = f"kept after {min(shares):.0%} to {max(shares):.0%} of draws"
    # The halves are of patients, whose order is not the same for all.
    images = " or ".join(f"{count:,}" for count in sorted({variant["scored_images"] for variant in site.values()}))
    return f"AUROC on the {images} images that are scored: {aurocs}. The calibrations were {kept}."


def _table(site: dict[str, Any]) -> str:
    rows = []
    for name, variant in site.items():
        rows.append([f"`{name}`", "as published", "", *_cells(variant["as_shipped"])])
        for size, row in variant["recalibrated"].items():
            rows.append(["", size, f"{row['kept']:.0%}", *_cells(row)])
    return table(["variant", "local images", "kept", *_MEASURES.values()], rows)


def _cells(row: dict[str, Any]) -> list[str]:
    return [format_interval(row[name]) if name in ("ece", "brier") else format_share(row[name]) for name in _MEASURES]
