"""Parts that every model card has in common."""

from collections.abc import Mapping
from typing import Any

from pneumonia.core.notices import DATA, NOTICE


def write_card(title: str, lead: str, sections: Mapping[str, str], data: str, images: str = DATA) -> str:
    """Write a card.

    Args:
        title: what the card is of.
        lead: a paragraph on what that is.
        sections: texts by heading, in their order.
        data: behind the sentence on the radiographs: what else was used, and the licence.
        images: that sentence: their source and licence.

    Returns:
        Markdown.
    """
    parts = [f"# {title}", f"**{NOTICE}**", lead]
    for heading, text in {**sections, "Data and licence": f"{images} {data}"}.items():
        parts += [f"## {heading}", text]
    return "\n\n".join((*parts, ""))


def count(part: Mapping[str, Any]) -> str:
    """The radiographs of one part of the data, and whose they are."""
    return f"{part['images']:,} radiographs of {part['patients']:,} patients"
