"""Pieces of a document that is written by code from figures."""

import argparse
import json
import textwrap
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import cli

from pneumonia.shares import UNDEFINED

_WIDTH = 120


def write_document(description: str, figures: Path, document: Path, render: Callable[[dict[str, Any]], str]) -> int:
    """A whole command that takes no arguments: write a document from figures in a JSON file. Gives its status."""
    argparse.ArgumentParser(description=description).parse_args()
    document.write_text(render(json.loads(figures.read_text())))
    return cli.DONE


def section(title: str, *parts: str) -> str:
    """A heading and paragraphs; tables and commands stay as they are, the rest is wrapped."""
    wrapped = (part if part.startswith(("|", "`" * 3)) else _filled(part) for part in parts)
    return "\n\n".join((f"## {title}", *wrapped)) + "\n"


def _filled(text: str) -> str:
    # A path or the name of a variant is not broken at its hyphens.
    return textwrap.fill(text, _WIDTH, break_on_hyphens=False)


def table(columns: list[str], rows: list[list[str]]) -> str:
    """A table; every row has as many cells as there are columns."""
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def command_block(command: str) -> str:
    """The command that made the figures."""
    return f"```\n{command}\n```"


def measured_number(interval: Mapping[str, float] | None, digits: int = 3) -> str:
    """A measured number with its 95 % interval."""
    return _measured(interval, f".{digits}f")


def measured_share(interval: Mapping[str, float] | None) -> str:
    """A measured share with its 95 % interval."""
    return _measured(interval, ".1%")


def measured_ratio(spread: Mapping[str, float]) -> str:
    """The median of a ratio over some rounds, with the least and the greatest."""
    return f"{spread['median']:.2f} ({spread['low']:.2f} to {spread['high']:.2f})"


def _measured(interval: Mapping[str, float] | None, form: str) -> str:
    if interval is None:
        return UNDEFINED
    value, low, high = (format(interval[end], form) for end in ("value", "low", "high"))
    return f"{value} ({low} to {high})"
