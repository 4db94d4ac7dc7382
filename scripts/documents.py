"""Pieces of a document that is written by code from figures."""

import textwrap

_WIDTH = 120


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
