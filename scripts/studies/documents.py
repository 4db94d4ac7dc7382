"""Pieces of a document that is written by code from figures."""

import textwrap
from collections.abc import Callable, Mapping

from pneumonia.utils.formatting import format_interval

_WIDTH = 120


def opening(title: str, study: str, text: str, source: str | None = None) -> str:
    """The title, and a paragraph that begins with what wrote the document.

    Args:
        title: of the document.
        study: whose `render` writes it.
        text: goes on from there.
        source: of the figures, below docs/studies; `STUDY.json` if left out.
    """
    written = f"Written by `python -m scripts.studies.{study} render` from `docs/studies/{source or f'{study}.json'}`."
    return f"# {title}\n\n{_filled(f'{written} {text}')}\n"


def section(title: str, *parts: str) -> str:
    """A heading and paragraphs; tables and commands stay as they are, the rest is wrapped."""
    wrapped = (part if part.startswith(("|", "`" * 3)) else _filled(part) for part in parts)
    return "\n\n".join((f"## {title}", *wrapped)) + "\n"


def _filled(text: str) -> str:
    # A path or the name of a variant is not broken at its hyphens.
    return textwrap.fill(text, _WIDTH, break_on_hyphens=False)


def measured_spread(spread: Mapping[str, float], form: Callable[[float], str] = "{:.2f}".format) -> str:
    """The median of some rounds, with the least and the greatest."""
    return format_interval({**spread, "value": spread["median"]}, form)
