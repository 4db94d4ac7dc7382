#!/usr/bin/env python3
"""Write docs/results.md from the figures in weights/ and docs/results/, so that no number is typed by hand."""

import argparse
import json
from pathlib import Path
from typing import Any

import cli
from markup import command as _command
from markup import section as _section
from markup import table as _table

from pneumonia.bundle import json_bytes, read_bundle
from pneumonia.variants import FIELDS, PUBLISHED

DOCS = cli.ROOT / "docs"
FIGURES = DOCS / "results"
_SHARES = ("accuracy", "sensitivity", "specificity")
_HEAD = """# Results

Written by `python scripts/report_results.py` from `weights/*/metrics.json` and `docs/results/*.json`; every file names
the command that made it. Intervals are 95 %, from resampling patients. The official test part of the data set was
never read.
"""


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--add", type=Path, nargs="+", default=(), metavar="DIR", help="weights folders whose figures are kept too"
    )
    return parser.parse_args()


def main() -> int:
    for folder in parse_arguments().add:
        (FIGURES / f"trained-{folder.name}.json").write_bytes(json_bytes(summary(folder)))
    (DOCS / "results.md").write_text(render())
    return cli.DONE


def summary(folder: Path) -> dict[str, Any]:
    """What is kept of a weights folder: how it was trained, and its main figures."""
    bundle = read_bundle(folder)
    training = bundle.config["training"]
    return {
        "command": training["command"],
        "minutes": training.get("minutes"),
        "epochs": len(bundle.contents["history.csv"].decode().splitlines()) - 1,
        "sets": {
            name: {"auroc": s["auroc"], **{m: s["operating_points"]["balanced"][m] for m in _SHARES}}
            for name, s in bundle.metrics["sets"].items()
        },
    }


def render() -> str:
    """The whole of docs/results.md."""
    sections = [_HEAD, _variants(), _designs(), _folds(), _trained(), _shortcuts(), _lung_fields()]
    return "\n".join(section for section in sections if section)


def _variants() -> str:
    sets = {variant: read_bundle(cli.ROOT / "weights" / variant).metrics["sets"] for variant in PUBLISHED}
    names = list(sets[PUBLISHED[0]])
    auroc = [[name, *(_number(sets[v][name]["auroc"]) for v in PUBLISHED)] for name in names]
    balanced = [[name, *(_at_balanced(sets[v][name]) for v in PUBLISHED)] for name in names]
    command = sets[PUBLISHED[-1]]["validation"]["command"]
    return _section(
        "The three variants",
        "`validation` are 20 % of the patients, and `validation-...` the same images under fixed corruptions. They "
        "stopped the training and fixed temperature and thresholds. `adult-...` are adults and older children of "
        "another hospital, with labels mined from reports, halved by a hash of the patient; none was trained on.",
        "AUROC:",
        _table(["set", *PUBLISHED], auroc),
        "At the balanced operating point: accuracy of all images; share called uncertain; accuracy of the others.",
        _table(["set", *PUBLISHED], balanced),
        _command(command),
    )


def _at_balanced(figures: dict[str, Any]) -> str:
    point = figures["operating_points"]["balanced"]
    decided = point["accuracy_outside_uncertain"]
    rest = "not defined" if decided is None else f"{decided:.1%}"
    return f"{point['accuracy']['value']:.1%}; {point['uncertain_share']:.1%}; {rest}"


def _designs() -> str:
    rows, command = [], ""
    fields = [field for field in FIELDS if (FIGURES / f"series-{field}.json").exists()]
    if not fields:
        return ""
    for field in fields:
        result = _figures(f"series-{field}.json")
        command = result["command"]
        for number, sets in enumerate(result["rounds"], start=1):
            point = sets["held-out"]["operating_points"]["balanced"]
            rows.append(
                [
                    f"`{field}`",
                    f"{number}",
                    _number(sets["held-out"]["auroc"]),
                    _number(sets["held-out-shifted"]["auroc"]),
                    *(f"{point[measure]['value']:.1%}" for measure in _SHARES),
                    f"{sets['held-out-shifted']['operating_points']['balanced']['accuracy']['value']:.1%}",
                    _number(sets["outside-selection"]["auroc"]),
                ]
            )
    columns = ["shown", "round", "AUROC", "AUROC, corrupted", *_SHARES, "accuracy, corrupted", "adult-selection"]
    return _section(
        "What should the network be shown?",
        "`image`: all of it. `exposure`: all of it, grey values stretched as the lungs need. `box`: the rectangle "
        "around the lungs. `hull`: that rectangle, everything outside the convex hull of the lungs hidden under one "
        "grey. The data set was collected in two series of normals, and its pneumonias were halved by number. Each "
        "network was trained on one half and judged on the other, at thresholds fixed on the half it was trained on: "
        "in round 1 the first normals and the early numbers are held out, in round 2 the others.",
        _table(columns, rows),
        _command(command),
    )


def _folds() -> str:
    if not (FIGURES / "folds.json").exists():
        return ""
    result = _figures("folds.json")
    rows = [
        [
            f"{number}",
            _number(sets["held-out"]["auroc"]),
            _number(sets["held-out-shifted"]["auroc"]),
            *(f"{sets['held-out']['operating_points']['balanced'][measure]['value']:.1%}" for measure in _SHARES),
        ]
        for number, sets in enumerate(result["rounds"], start=1)
    ]
    return _section(
        "Five-fold cross-validation",
        "Each fifth of the patients was held out once and decided nothing; stopping, temperature and thresholds come "
        "from a fifth of the rest.",
        _table(["fold", "AUROC", "AUROC, corrupted", *_SHARES], rows),
        _command(result["command"]),
    )


def _trained() -> str:
    rows, commands = [], []
    folders = [cli.ROOT / "weights" / variant for variant in PUBLISHED]
    systems = {folder.name: summary(folder) for folder in folders}
    systems |= {
        path.stem.removeprefix("trained-"): json.loads(path.read_text())
        for path in sorted(FIGURES.glob("trained-*.json"))
    }
    for name, kept in systems.items():
        sets = kept["sets"]
        shifted = {key: figures for key, figures in sets.items() if key.startswith("validation-")}
        worst = min(shifted, key=lambda key: shifted[key]["auroc"]["value"])
        rows.append(
            [
                f"`{name}`",
                _number(sets["validation"]["auroc"]),
                _share(sets["validation"]["accuracy"]),
                f"{shifted[worst]['auroc']['value']:.3f} ({worst.removeprefix('validation-')})",
                f"{min(figures['accuracy']['value'] for figures in shifted.values()):.1%}",
                _number(sets["adult-report"]["auroc"]),
                f"{kept['epochs']}",
                "not kept" if kept["minutes"] is None else f"{kept['minutes']:.0f}",
            ]
        )
        commands.append(kept["command"])
    columns = ["system", "AUROC", "accuracy", "worst AUROC, corrupted", "worst accuracy, corrupted"]
    columns += ["adult-report", "epochs", "minutes"]
    return _section(
        "All that was trained here",
        "The same validation images and the same scoring for all, at each one's balanced operating point. Minutes are "
        "those of one training on two cores and say little by themselves.",
        _table(columns, rows),
        _command("\n".join(commands)),
    )


def _shortcuts() -> str:
    result = _figures("shortcuts.json")
    rows = [[what, _number(interval)] for what, interval in result["figures"].items()]
    return _section(
        "What a classifier reaches without looking at the lungs",
        "A high AUROC on images of this source says little by itself: the classes differ in how they were taken.",
        _table(["what it sees", "AUROC"], rows),
        _command(result["command"]),
    )


def _lung_fields() -> str:
    figures = read_bundle(cli.ROOT / "weights" / "lung-fields").metrics["sets"]["validation"]
    return _section(
        "Lung fields",
        f"Dice {_number(figures['dice'])} on {figures['n']} held-out masks; the "
        "[card](../weights/lung-fields/README.md) has the corrupted sets.",
        _command(figures["command"]),
    )


def _figures(name: str) -> dict[str, Any]:
    return json.loads((FIGURES / name).read_text())


def _number(interval: dict[str, float]) -> str:
    return f"{interval['value']:.3f} ({interval['low']:.3f} to {interval['high']:.3f})"


def _share(interval: dict[str, float]) -> str:
    return f"{interval['value']:.1%} ({interval['low']:.1%} to {interval['high']:.1%})"


if __name__ == "__main__":
    cli.run(main)
