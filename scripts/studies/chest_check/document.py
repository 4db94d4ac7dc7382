"""The document of what the check refuses, written from figures, so that no number is typed by hand."""

from typing import Any

from pneumonia.utils.formatting import format_share
from pneumonia.utils.markdown import command_block, table
from scripts.studies.documents import opening, section

_OPENING = opening(
    "What is refused as no chest radiograph, measured",
    "chest_check",
    "How the check decides is written in `pneumonia/inference/chest_check.py`, what it was fitted on in "
    "`weights/plausibility/README.md`. Intervals are 95 %, exact binomial (Clopper and Pearson); they take images for "
    "independent, although some are of one patient or one photograph.",
)
_SOURCES = {"packages": "installed packages", "drawn": "drawn by code", "children": "children", "adults": "adults"}
_NEGATIVE = "-negative"


def render(result: dict[str, Any]) -> str:
    """The whole of docs/chest_check.md, from what `measure` wrote."""
    radiographs = result["radiographs"]
    upright = {name: figures for name, figures in radiographs.items() if not name.endswith(_NEGATIVE)}
    negatives = {name: figures for name, figures in radiographs.items() if name.endswith(_NEGATIVE)}
    return "\n".join(
        (
            _OPENING,
            _used(result),
            _others(result),
            _turned(result["others"]),
            _radiographs(upright),
            _negatives(negatives),
        )
    )


def _used(result: dict[str, Any]) -> str:
    return section(
        "What was used for what",
        "Fitted on training radiographs of children, and on what is made of them: turned, mirrored upside down, cut "
        "into parts or tiles. So these kinds are known to the check, and are reported on other patients. No other kind "
        "below was fitted. But which feature maps are used, and how strict the limits are, was decided with an eye on "
        "most of them, drawn from other seeds; the same photographs were seen. Only the kinds marked *afterwards*, "
        "pooled in the row *first looked at afterwards*, were drawn and shown to the check when it was finished. The "
        "limits were fixed on other children and on `adult-selection`. `children-report`, `children-native` (other "
        "patients than all of these, at full resolution) and `adult-report` fixed nothing; an earlier version of the "
        "check was reported on them, too, and nothing was changed because of it. No label of these adults is read, "
        "whose labels were found to be no truth ([results](results.md)). The network that looks for the lungs was "
        "trained earlier, on some of the same children, of either set. All figures are of this data: what other "
        "hospitals send may be refused more often.",
        command_block(result["command"]),
    )


def _others(result: dict[str, Any]) -> str:
    rows = [[f"**{name}**", "", str(figures["n"]), *_cells(figures)] for name, figures in result["pooled"].items()]
    rows += [
        [row["kind"] + (" (afterwards)" if row["later"] else ""), _SOURCES[row["source"]], str(row["n"]), *_cells(row)]
        for row in sorted(result["others"], key=lambda row: (row["fitted"], row["source"] != "packages"))
    ]
    return section(
        "No upright frontal chest radiographs",
        "All in grey, as pictures in colour are refused by the decoder. *By the decoder* counts what has too few grey "
        "levels or is longer than any radiograph.",
        table(["kind", "from", "images", "refused", "of these by the decoder", "warned of", "read"], rows),
    )


def _cells(figures: dict[str, Any]) -> list[str]:
    counts = figures["outcomes"]
    return [format_share(figures["refused"]), *(str(counts[name]) for name in ("refused before", "warned", "read"))]


def _turned(others: list[dict[str, Any]]) -> str:
    rows = [
        [row["kind"], _SOURCES[row["source"]], str(row["n"]), str(row["outcomes"]["refused"]), str(row["told_how"])]
        for row in others
        if "told_how" in row
    ]
    return section(
        "Turned radiographs",
        "How many are refused, and how many of these with a sentence that says that the image lies on its side or is "
        "upside down. Mirroring left to right cannot be told safely and is not refused.",
        table(["kind", "from", "images", "refused", "told so"], rows),
    )


def _radiographs(sets: dict[str, Any]) -> str:
    rows = [
        [
            f"`{name}`",
            str(figures["n"]),
            str(figures["patients"]),
            format_share(figures["refused"]),
            str(figures["told_negative"]),
            format_share(figures["warned"]),
        ]
        for name, figures in sets.items()
    ]
    return section(
        "False alarms",
        "Upright frontal chest radiographs, as they are, mirrored left to right, tilted by 10 degrees, and under the "
        "fixed corruptions of `pneumonia/data/corruptions.py`. `adult-selection` helped to fix the limits, so that its "
        "rows are no test.",
        table(["set", "images", "patients", "refused", "taken for negatives", "warned of"], rows),
    )


def _negatives(sets: dict[str, Any]) -> str:
    rows = [
        [
            f"`{name}`",
            str(figures["n"]),
            format_share(figures["refused"]),
            str(figures["told_negative"]),
            *(str(figures["outcomes"][outcome]) for outcome in ("warned", "read")),
        ]
        for name, figures in sets.items()
    ]
    return section(
        "Negatives",
        "The same radiographs inverted, with white lungs: they are to be refused, and to be told for what they are.",
        table(["set", "images", "refused", "told so", "warned of", "read"], rows),
    )
