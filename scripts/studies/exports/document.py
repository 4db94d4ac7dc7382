"""The document of the exports, written from figures, so that no number is typed by hand."""

from typing import Any

from pneumonia.exports.formats import FORMATS
from pneumonia.utils.formatting import format_interval
from pneumonia.utils.markdown import command_block, table
from pneumonia.utils.packages import install_command
from pneumonia.variants.registry import PUBLISHED
from scripts.studies.documents import measured_spread, opening, section

_OPENING = opening(
    "Exports",
    "exports",
    "Each file is one network in one run. Intervals are 95 %, from resampling patients.",
    "exports/*.json",
)
# The most that int8 may lose.
_MOST_LOST = 0.005
_INT8 = "tflite int8"


def render(figures: dict[str, Any]) -> str:
    """The whole of docs/exports.md.

    Args:
        figures: what `measure` gave, by variant.
    """
    figures = {name: figures[name] for name in PUBLISHED if name in figures}
    parts = (_OPENING, _formats(), _glance(figures), *(_variant(name, values) for name, values in figures.items()))
    return "\n".join(parts)


def _formats() -> str:
    return section(
        "How to make one",
        command_block(
            "python scripts/export.py --variant mobilenetv2-finetuned --format onnx --output chest.onnx\n"
            "python scripts/export.py --variant mobilenetv2-finetuned --format tflite --precision int8 \\\n"
            "    --data $PNEUMONIA_DATA/chest_xray --output chest-int8.tflite"
        ),
        "The command reads what it wrote with that format's own runtime, compares probability and map with the Keras "
        "model, and fails without leaving a file where they differ by more than the format may. It compares on "
        f"validation images where `--data` names the training folder, else on the synthetic examples. The formats are "
        f"{_listed(form.title for form in FORMATS)}. onnx needs `{install_command('onnx')}`; ONNX Runtime "
        "is told to send no telemetry.",
        f"{_listed(form.name for form in FORMATS if form.carries_map)} have the outputs `logit` and `cam`, so one pass "
        "gives score and map. keras and h5 hold the network alone, with the logit as its only output; the map is made "
        "again from the layer `features` by `pneumonia.exports.serving_graph.ServingModule`. keras and tflite are the "
        "files of the weights folder, byte for byte. The input is `image`, float32 (B, 224, 224, 1) from 0 to 1, with "
        "B = 1 in tflite. No file holds the preprocessing, the temperature or the operating points: "
        "[on_device.md](on_device.md) says how they go.",
    )


def _glance(figures: dict[str, Any]) -> str:
    lost = {name: values["forms"][_INT8]["auroc_difference"] for name, values in figures.items()}
    reached = all(difference["value"] >= -_MOST_LOST for difference in lost.values())
    said = "; ".join(f"`{name}` {format_interval(difference, '{:+.4f}'.format)}" for name, difference in lost.items())
    return section(
        "At a glance",
        f"AUROC of int8 less that of float32, on the same validation images: {said}. It was to lose no more than "
        f"{_MOST_LOST}: {'reached' if reached else '**not reached**'}.",
        "int8 keeps parameters, and computes, in whole numbers of 8 bits, with a scale for each channel of a kernel. "
        "Its ranges come from training images alone. Two parts that hold few parameters stay in float32: the layers "
        "whose maps are a quarter of the image's side or more, and the head with the map, where one scale would have "
        "to do for weights of very different size.",
        "Time is that of one pass on one prepared image, over the served file's in the same round: the median of the "
        "rounds, with the least and the greatest in brackets. That of keras and h5 is without the map. "
        "Where these lie far apart, the machine was busy with other work too; on another processor, the ratios may be "
        "others.",
    )


def _variant(name: str, values: dict[str, Any]) -> str:
    rows = [
        [
            title,
            f"{form['bytes'] / 1e6:.2f}",
            measured_spread(form["time_to_served"]),
            format_interval(form["auroc"], "{:.4f}".format),
            f"{form['difference']['probability']:.2g}",
            f"{form['difference']['mean_probability']:.2g}",
            f"{form['difference']['map']:.2g}",
            f"{form['changed']}",
        ]
        for title, form in values["forms"].items()
    ]
    machine = values["machine"]
    versions = ", ".join(f"{library} {number}" for library, number in machine["versions"].items())
    columns = ["format", "MB", "time to served", "AUROC", "probability", "on average", "map, logits", "changed"]
    return section(
        name,
        f"AUROC on {values['images']} validation images, {values['positives']} with pneumonia; changed is how many of "
        "these are on the other side of the balanced threshold than with the served file. Probability (calibrated, "
        "from 0 to 1) and map: greatest differences from the Keras model "
        f"on {values['checked']} of them, drawn at random; and the mean difference of the probability.",
        table(columns, rows),
        f"{values['rounds']} rounds; {machine['processor']}, {machine['threads']} threads; {versions}.",
        command_block(values["command"]),
    )


def _listed(names: Any) -> str:
    return ", ".join(dict.fromkeys(names))
