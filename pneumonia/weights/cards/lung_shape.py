"""The card of the classifier of the lungs' shape, rendered from its two JSON files."""

from typing import Any

from pneumonia.utils.markdown import bullets, command_block, table
from pneumonia.weights.cards.card import count, write_card

_USE = (
    "For research and teaching: to ask for the patient's population where no header and no reader tells it, instead of "
    "guessing. It says nothing about disease, and is no measure of age."
)
_LIMITS = (
    "It is no guess: where it is not sure, the reader is asked.",
    "The children are of one hospital and the adults of another. The outline of the lungs, in fractions of their own "
    "height and width, leaves out most of what tells the hospitals apart, but not how the patients lay or stood.",
    "Patients of other ages, from the hospital of the adults, were not fitted on; the table has what it says of them.",
)
_SOURCES = (
    "Adults: NIH ChestX-ray8, Wang et al. 2017, and the RSNA Pneumonia Detection Challenge, Shih et al. 2019. What was "
    "fitted is under the MIT licence of the project."
)


def render_card(config: dict[str, Any], metrics: dict[str, Any]) -> str:
    """The card as Markdown, from the values of config.json and metrics.json."""
    fitted, fitting, data = config["fitted"], config["fitting"], config["data"]
    return write_card(
        "A child's lungs, or an adult's?",
        f"A logistic regression on {len(fitted['weights'])} features of the outline that the network in "
        f"`weights/lung-fields` finds. Version {config['version']}. What they are is written in "
        "`pneumonia/inference/lung_shape.py`.",
        {
            "Intended use": _USE,
            "Limits": bullets((_decided(metrics["sets"]), *_LIMITS)),
            "What it says": f"A child's with a score below {fitted['child_below']:.2f}, an adult's above "
            f"{fitted['adult_above']:.2f}: limits at which {fitting['mistaken']:.0%} of the validation images of one "
            "kind are taken for the other.\n\n" + _table(metrics["sets"]),
            "Fitting": f"Fitted on {count(data['train'])}; the limits were fixed on {count(data['validation'])}. No "
            f"patient is in both. The command was:\n\n{command_block(fitting['command'])}",
        },
        _SOURCES,
    )


def _decided(sets: dict[str, Any]) -> str:
    shares = (f"{1 - sets[name]['unsure'] / sets[name]['n']:.0%} of {name}" for name in ("children", "adults"))
    return f"It decides for {' and '.join(shares)} among the validation images."


def _table(sets: dict[str, Any]) -> str:
    rows = (
        (name, str(s["n"]), str(s["children"]), str(s["unsure"]), str(s["adults"]), f"{s['median']:.2f}")
        for name, s in sets.items()
    )
    return table(("radiographs of", "images", "a child's", "not sure", "an adult's", "median score"), rows)
