"""Markdown that is written from figures."""

import textwrap

_WIDTH = 120


def section(title: str, *parts: str) -> str:
    """A heading and what stands below it; all but tables and code is wrapped."""
    wrapped = (part if part.startswith(("|", "`" * 3)) else _filled(part) for part in parts)
    return "\n\n".join((f"## {title}", *wrapped)) + "\n"


def _filled(text: str) -> str:
    # A path or the name of a variant is not broken at its hyphens.
    return textwrap.fill(text, _WIDTH, break_on_hyphens=False)


def table(columns: list[str], rows: list[list[str]]) -> str:
    """A table."""
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def command(line: str) -> str:
    """A command to run."""
    return f"```\n{line}\n```"
