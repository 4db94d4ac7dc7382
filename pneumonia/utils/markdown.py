"""Markdown, as cards and documents are written in it."""

from collections.abc import Iterable, Sequence


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; every row has as many cells as there are columns."""
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def bullets(items: Iterable[str]) -> str:
    """A list of one item a line."""
    return "\n".join(f"- {item}" for item in items)


def command_block(command: str) -> str:
    """The command that made the figures."""
    return f"```\n{command}\n```"
