"""The page's own words, and what stands in a result's place; every text from outside is escaped."""

from collections.abc import Sequence
from html import escape

import numpy as np

from demo import content
from demo.views.images import data_uri
from pneumonia.notices import INTENDED_USE, NOTICE, POPULATION


def header() -> str:
    """Head of the page."""
    return f"<header><h1>{escape(content.TITLE)}</h1><p>{escape(content.INTRODUCTION)}</p>{notice()}</header>"


def example_buttons(images: Sequence[np.ndarray]) -> str:
    """Buttons to read an example with; each carries its index.

    Args:
        images: uint8 (H, W), as `preview` gives them.
    """
    buttons = "".join(
        f'<button type="button" data-index="{index}"><img src="{data_uri(image)}" alt="">'
        f"<span>{escape(content.EXAMPLE.format(number=index + 1))}</span></button>"
        for index, image in enumerate(images)
    )
    return f'<p class="examples-label">{escape(content.EXAMPLES)}</p><div class="examples">{buttons}</div>'


def welcome() -> str:
    """What stands in a result's place before an image was chosen: what to do, and what not to expect."""
    return (
        f'<div class="prompt"><p>{escape(content.CHOOSE)}</p>'
        f'<p class="small-print">{escape(INTENDED_USE)}</p><p class="small-print">{escape(POPULATION)}</p></div>'
    )


def prompt(sentence: str) -> str:
    """What stands in a result's place while there is none."""
    return f'<div class="prompt"><p>{escape(sentence)}</p></div>'


def rejection(sentence: str) -> str:
    """What stands in the verdict's place when there will be none."""
    return (
        f'<div class="card card-rejected" role="alert"><h2>{escape(content.REJECTED)}</h2>'
        f"<p>{escape(sentence)}</p></div>"
    )


def notice() -> str:
    """What stands beside every result."""
    return f'<p class="notice">{escape(NOTICE)}</p>'
