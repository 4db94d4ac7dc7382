"""The model card of the lung-field segmentation, rendered from its two JSON files."""

from typing import Any

from pneumonia.utils.formatting import format_interval
from pneumonia.utils.markdown import bullets, command_block, table
from pneumonia.weights.cards.card import count, write_card

_USE = (
    "For research and teaching: to mark where the lungs are in a frontal chest radiograph, so that a reading can be "
    "limited to them and evidence outside them can be seen. It says nothing about disease, and its outline is no "
    "measurement."
)
_LIMITS = (
    "The drawn masks are of children of one hospital. Against none of other ages or hospitals was it measured.",
    "A mask includes the lung behind the heart, which is inferred from the lung's place and not seen.",
    "Lungs that lie sideways, one lung alone, and lungs that fill almost nothing or almost all of the image are "
    "reported as not found.",
    "Found means that the mask has the shape of two lungs. It does not prove that the image is a chest radiograph, nor "
    "that all of the lungs is in it: most radiographs that are upside down or cut through the lungs count as found.",
)
_POPULATION = "Trained on frontal chest radiographs of children of one to five years of one hospital in Guangzhou."
_MASKS = "V7 Labs COVID-19 X-ray dataset, CC BY 4.0: lung masks drawn by people on images of the set above."


def render_card(config: dict[str, Any], metrics: dict[str, Any]) -> str:
    """The card as Markdown, from the values of config.json and metrics.json."""
    architecture, training, data = config["architecture"], config["training"], config["data"]
    return write_card(
        "Lung fields",
        f"A narrow U-Net of {architecture['parameters']:,} parameters that marks the lungs on a grid of "
        f"{architecture['image_size']} by {architecture['image_size']} points over the whole image. "
        f"Version {config['version']}.",
        {
            "Intended use": _USE,
            "Population": _POPULATION,
            "Limits": bullets(_LIMITS),
            "What counts as found": _found(config),
            "Figures": "Dice of `model.tflite`, the file that is served, with kernels of 8 bits; 95 % intervals from "
            "resampling patients, at the size the masks were drawn at. No patient of these images was trained on; they "
            "chose the epoch and the bounds above. Where a corruption crops the image or adds a border, the drawn mask "
            f"is changed alike.\n\n{_table(metrics['sets'])}",
            "Training": f"Trained on {count(data['train'])}, validated on {count(data['validation'])}; no patient is "
            "in both, and the split is that of the classifiers. The weights are those of the epoch with the best Dice "
            f"on corrupted validation images. {training['epochs']} epochs; the command was:\n\n"
            + command_block(training["command"]),
        },
        f"{_MASKS} The weights are under the MIT licence of the project.",
    )


def _found(config: dict[str, Any]) -> str:
    bounds = config["plausible"]
    return (
        f"Points with a probability of at least {config['threshold']:.0%} are lung; the two largest components are "
        "kept and their holes filled. They count as lungs where there are two, further apart across the image than "
        f"along it, that together cover {bounds['min_area']:.1%} to {bounds['max_area']:.1%} of the image, the smaller "
        f"at least {bounds['min_balance']:.0%} of the larger, with a mean probability of at least "
        f"{bounds['min_certainty']:.0%}. The bounds were fixed on the validation images, plain and corrupted, by the "
        "rule written in `pneumonia/inference/lung_segmentation.py`."
    )


def _table(sets: dict[str, Any]) -> str:
    return table(
        ("set", "images", "Dice", "least Dice", "lungs found"),
        (
            (
                name,
                str(of_set["n"]),
                format_interval(of_set["dice"]),
                f"{of_set['least_dice']:.3f}",
                f"{of_set['found']:.1%}",
            )
            for name, of_set in sets.items()
        ),
    )
