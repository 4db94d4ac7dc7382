"""The card of the check for chest radiographs, rendered from its two JSON files."""

from typing import Any

from pneumonia.utils.markdown import bullets, command_block, table
from pneumonia.weights.cards.card import count, write_card

_USE = (
    "For research and teaching: to refuse uploads that are no upright frontal chest radiographs before a network reads "
    "them, and to warn of unusual ones. It says nothing about disease. What it refuses and what it lets through is "
    "measured in `docs/chest_check.md`."
)
_OUTSIDE = "NIH ChestX-ray8: Wang et al. 2017; of its radiographs only features were looked at, to fix the limits."
_LIMITS = (
    "An image that passes need not be a frontal chest radiograph: pictures with two dark fields side by side, computed "
    "tomograms of a chest, and abdomens with the lungs' bases in them pass at times. Lateral views were never "
    "measured.",
    "Radiographs mirrored left to right pass; that cannot be told safely.",
    "Infants, children over five years and other hospitals' equipment were not fitted on. Some adults fixed the "
    "limits; none was fitted on.",
)


def render_card(config: dict[str, Any], metrics: dict[str, Any]) -> str:
    """The card as Markdown, from the values of config.json and metrics.json."""
    return write_card(
        "Is it a chest radiograph?",
        f"A Gaussian with {config['axes']} free axes and a logistic regression on {config['features']} features of the "
        f"network in `weights/lung-fields`. Version {config['version']}. How they decide is written in "
        "`pneumonia/inference/chest_check.py`.",
        {
            "Intended use": _USE,
            "Limits": bullets(_LIMITS),
            "What is warned of and refused": _limits(config["limits"]),
            "Radiographs that fixed the limits": "These are no test: the limits are what they are because of them.\n\n"
            + _table(metrics["sets"]),
            "Fitting": _fitting(config),
        },
        f"{_OUTSIDE} What was fitted is under the MIT licence of the project.",
    )


def _limits(limits: dict[str, Any]) -> str:
    warn, refuse = limits["warn"], limits["refuse"]
    return (
        f"Warned of from a distance of {warn['distance']:.2f} or a score of {warn['score']:.2f}; refused from "
        f"{refuse['distance']:.2f} or {refuse['score']:.2f}. Refused as well is what is warned of and shows no two "
        "lungs, and what looks usual only once it is turned or inverted. The rule that fixed the limits is "
        "`choose_limits` in `pneumonia/training/chest_check.py`."
    )


def _fitting(config: dict[str, Any]) -> str:
    data = config["data"]
    outliers = ", ".join(f"{number} {kind}" for kind, number in config["outliers"].items())
    return (
        f"Fitted on {count(data['fitting'])}, as they are and augmented once, and on pictures made of them: "
        f"{outliers}. The limits were fixed on {count(data['choosing'])} and {count(data['choosing_outside'])} of "
        "another hospital, mostly adults, as they are and under the fixed corruptions. No patient is in two of these. "
        f"The command was:\n\n{command_block(config['fitting']['command'])}"
    )


def _table(sets: dict[str, Any]) -> str:
    columns = ("set", "images", "above the warning", "above the refusal", "greatest distance", "greatest score")
    counts = ("n", "above_warn", "above_refuse")
    greatest = ("greatest_distance", "greatest_score")
    return table(
        columns,
        (
            (name, *(str(of_set[key]) for key in counts), *(f"{of_set[key]:.2f}" for key in greatest))
            for name, of_set in sets.items()
        ),
    )
