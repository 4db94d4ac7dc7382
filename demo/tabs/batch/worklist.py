"""The list of readings as a component of the page; its script sorts, filters and draws what is in sight."""

from html import escape

import gradio as gr

from demo.tabs.batch import texts

# Of the event `click`: the number of the image that is to be opened.
_ON_LOAD = "mountWorklist(element, props, watch, (number) => trigger('click', {index: number}));"


def worklist(elem_id: str) -> gr.HTML:
    """Build the list, which takes no room until it has something to show.

    Its value is None, or a dictionary of: `count`, the number of all images, for which room is kept; `rows`, the lines
    of those read so far as `views.row` gives them, in the order of the images; `ended`, whether no more will come; and
    `thumbnails`, the address of the folder that holds them by number. The lines are one text, as of a text that grows
    Gradio sends only what is new.
    """
    sorts = _buttons("sort", texts.SORTS, "doubt")
    filters = _buttons("state", texts.FILTERS, "")
    template = (
        f'<section class="worklist" data-number="{escape(texts.NUMBER)}" hidden>'
        f'<div class="worklist-tools">{_group(texts.SORT, sorts)}{_group(texts.SHOW, filters)}</div>'
        f'<div class="worklist-scroll" role="listbox" tabindex="0" aria-label="{escape(texts.LIST)}">'
        f'<div class="worklist-heading" role="presentation" hidden>{escape(texts.NOT_READ)}: <span></span></div>'
        '<div class="worklist-end" role="presentation"></div></div>'
        f'<p class="worklist-nothing" hidden>{escape(texts.NOTHING)}</p></section>'
    )
    return gr.HTML(None, html_template=template, js_on_load=_ON_LOAD, apply_default_css=False, elem_id=elem_id)


def _group(label: str, buttons: str) -> str:
    return f'<div role="group" aria-label="{escape(label)}"><span>{escape(label)}</span>{buttons}</div>'


def _buttons(name: str, labels: dict[str | None, str], pressed: str) -> str:
    return "".join(
        f'<button type="button" data-{name}="{key}" aria-pressed="{str(key == pressed).lower()}">{escape(words)}'
        f"{' <span></span>' if name == 'state' else ''}</button>"
        for key, words in labels.items()
    )
