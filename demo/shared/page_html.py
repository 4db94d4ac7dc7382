"""HTML of the page itself, and of what takes the place of a result; every text from outside is escaped."""

from collections.abc import Iterable, Mapping, Sequence
from html import escape

import numpy as np

from demo.shared import texts
from demo.shared.radiograph_images import data_uri
from pneumonia.core.notices import INTENDED_USE, NOTICE
from pneumonia.imaging.decode import MAX_BYTES


def header() -> str:
    """Head of the page."""
    too_large = escape(texts.TOO_LARGE.format(megabytes=MAX_BYTES // 10**6))
    return (
        f'<header data-most-bytes="{MAX_BYTES}" data-too-large="{too_large}"><h1>{escape(texts.TITLE)}</h1>'
        f"{notice()}{paragraph(texts.INTRODUCTION)}</header>"
    )


def example_buttons(examples: Mapping[str, np.ndarray]) -> str:
    """Buttons to read an example with; each carries its index.

    Args:
        examples: what each is, and its picture, uint8 (H, W), as `preview` gives it.
    """
    buttons = "".join(
        f'<button type="button" data-index="{index}"><img src="{data_uri(image)}" alt="">'
        f"<span>{escape(name)}</span></button>"
        for index, (name, image) in enumerate(examples.items())
    )
    return f'{paragraph(texts.EXAMPLES, "examples-label")}<div class="examples">{buttons}</div>'


def welcome() -> str:
    """Prompt before an image was chosen: what to do, and what not to expect."""
    return prompt(texts.CHOOSE, paragraph(INTENDED_USE, "small-print") + paragraph(texts.TRAINED_ON, "small-print"))


def prompt(sentence: str, below: str = "") -> str:
    """Sentence in the place of a result while there is none, and HTML below it."""
    return f'<div class="prompt">{paragraph(sentence)}{below}</div>'


def paragraph(sentence: str, css_class: str = "") -> str:
    """Paragraph of a sentence as it is, whatever it holds."""
    return f'<p class="{css_class}">{escape(sentence)}</p>' if css_class else f"<p>{escape(sentence)}</p>"


def warnings(noticed: Iterable[tuple[str, str]]) -> str:
    """List of what needs care, with who noticed it; empty where nothing does."""
    careful = texts.CHECK_STATES["warn"]
    items = "".join(
        f"<li><strong>{escape(f'{careful}{by}')}:</strong> {escape(sentence)}</li>" for sentence, by in noticed
    )
    return f'<ul class="warnings">{items}</ul>' if items else ""


def rejection(sentence: str, below: str = "") -> str:
    """Sentence in the place of the verdict when there will be none, and HTML below it."""
    return (
        f'<div class="card card-rejected" role="alert"><h2>{escape(texts.REJECTED)}</h2>{paragraph(sentence)}{below}'
        "</div>"
    )


def notice() -> str:
    """Notice beside every result."""
    return paragraph(NOTICE, "notice")


def figures_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Table of figures; the first cell of each row is its heading."""
    head = "".join(f'<th scope="col">{escape(column)}</th>' for column in columns)
    # On a telephone each cell stands beside its column's name.
    body = "".join(
        f'<tr><th scope="row">{escape(first)}</th>'
        + "".join(
            f'<td data-column="{escape(column)}">{escape(cell)}</td>'
            for column, cell in zip(columns[1:], rest, strict=True)
        )
        + "</tr>"
        for first, *rest in rows
    )
    return f'<div class="figures"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'
