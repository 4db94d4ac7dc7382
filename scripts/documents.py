"""Pieces of a document that is written by code from figures."""

import argparse
import json
import textwrap
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import cli

from pneumonia.written import measured

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


def measured_spread(spread: Mapping[str, float], form: Callable[[float], str] = "{:.2f}".format) -> str:
    """The median of some rounds, with the least and the greatest."""
    return measured({**spread, "value": spread["median"]}, form)
