"""Audit a data set: counts, unreadable files, duplicates, patients shared between parts or classes, sizes."""

import argparse
import json
from dataclasses import asdict

from pneumonia.cli.arguments import add_data, patients_of
from pneumonia.cli.exit_codes import DONE, SOME_REJECTED
from pneumonia.data.audit import Audit, audit

# Longer lists are cut in the text form; the JSON form has all.
_SHOWN = 20


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_data(parser, ", or parts of those")
    parser.add_argument("--format", choices=("text", "json"), default="text", help="default: text")


def run(arguments: argparse.Namespace) -> int:
    findings = audit(arguments.data, patients_of(arguments))
    print(json.dumps(asdict(findings), indent=2) if arguments.format == "json" else _text(findings))
    return SOME_REJECTED if findings.unreadable or findings.left_out or findings.refusal else DONE


def _text(findings: Audit) -> str:
    lines = ["Images"]
    for part, counts in findings.counts.items():
        lines.append(f"  {part}: " + ", ".join(f"{count} {name}" for name, count in counts.items()))
    lines.append("Sizes (least, quarter, median, three quarters, most)")
    for class_name, sizes in findings.sizes.items():
        lines += [f"  {class_name} {name}: {', '.join(f'{v:g}' for v in values)}" for name, values in sizes.items()]
    if findings.patient_unknown:
        lines.append(f"Images whose patient is unknown: {findings.patient_unknown}")
    if findings.refusal:
        lines.append(f"Training would be refused: {findings.refusal}")
    lists = {
        "Left out": findings.left_out,
        "Unreadable files": [f"{name}: {reason}" for name, reason in findings.unreadable.items()],
        "Groups of identical files": [", ".join(names) for names in findings.exact_duplicates],
        "Pairs that look the same": [", ".join(pair) for pair in findings.near_duplicates],
        "Patients in several parts": [f"{p}: {', '.join(w)}" for p, w in findings.patients_across_parts.items()],
        "Patients in both classes": findings.patients_across_classes,
    }
    for title, items in lists.items():
        lines.append(f"{title}: {len(items)}")
        lines += [f"  {item}" for item in items[:_SHOWN]]
        if len(items) > _SHOWN:
            lines.append(f"  and {len(items) - _SHOWN} more (all with --format json)")
    return "\n".join(lines)
