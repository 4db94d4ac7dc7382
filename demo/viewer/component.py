"""The viewer as a component of the page; its script draws what `contents` describes."""

import base64
from collections.abc import Iterable
from html import escape

import gradio as gr

from demo.viewer import texts
from pneumonia.core.notices import AGAINST_HELP
from pneumonia.explain.overlay import COLOURS, FADE_IN, OPACITY
from pneumonia.explain.strength import STEPS

# Of an event's output `value`: what `contents.side_by_side` gives, or None while nothing is to be seen.
_ON_LOAD = "mountViewer(element, props, watch);"


def viewer(elem_id: str) -> gr.HTML:
    """Build a viewer, which takes no room until it shows something."""
    return gr.HTML(None, html_template=_markup(), js_on_load=_ON_LOAD, apply_default_css=False, elem_id=elem_id)


def _markup() -> str:
    colours = base64.b64encode(COLOURS.tobytes()).decode("ascii")
    layers = [
        _toggle("overlay", texts.OVERLAY, True),
        _toggle("colours", texts.COLOURS, True),
        _toggle("contour", texts.CONTOUR, True),
        _toggle("lungs", texts.LUNGS, True),
        _toggle("against", texts.AGAINST, False),
        _toggle("beside", texts.BESIDE, False),
    ]
    tools = [
        _button("out", "\N{MINUS SIGN}", texts.ZOOM_OUT),
        _button("in", "+", texts.ZOOM_IN),
        _button("reset", texts.RESET),
        f'<button type="button" data-does="invert" aria-pressed="false">{texts.INVERT}</button>',
        f'<button type="button" data-does="full" aria-pressed="false">{texts.FULL}</button>',
    ]
    greys = [
        _slider("opacity", texts.OPACITY, 0, round(100 * OPACITY), "viewer-evidence"),
        _slider("level", texts.LEVEL, 0, 50),
        _slider("width", texts.WIDTH, 2, 100),
    ]
    *_, (strongest, _) = STEPS
    against = (texts.KEY_AGAINST.format(strongest=strongest), 0.0), (texts.KEY_NONE, 0.5), (strongest, 1.0)
    return (
        f'<section class="viewer" data-colours="{colours}" data-fade="{FADE_IN}" hidden>'
        f'<div class="viewer-tools">{_group(texts.LAYERS, layers, "viewer-evidence")}{_group(texts.TOOLS, tools)}</div>'
        f'<div class="viewer-panes" tabindex="0" role="group" aria-label="{escape(f"{texts.STAGE}. {texts.HANDS}")}">'
        f'</div><div class="viewer-tools">{_group(texts.GREYS, greys)}</div>'
        f'<figure class="viewer-key viewer-evidence"><figcaption>{texts.KEY}</figcaption><div>'
        f'<canvas width="256" height="12" aria-hidden="true"></canvas>'
        f"{_ticks('viewer-key-for', STEPS)}{_ticks('viewer-key-against', against)}</div></figure>"
        f'<details class="viewer-help"><summary>{texts.HELP}</summary><p class="viewer-evidence">{texts.KEY_HELP}'
        f' <span class="viewer-key-against">{AGAINST_HELP}</span></p><p>{texts.HANDS}</p></details></section>'
    )


def _group(label: str, parts: list[str], css_class: str = "") -> str:
    return f'<div class="viewer-group {css_class}" role="group" aria-label="{escape(label)}">{"".join(parts)}</div>'


def _ticks(css_class: str, words: Iterable[tuple[str, float]]) -> str:
    """A word at each place of the ramp: 0 at its left end, 1 at its right."""
    ticks = "".join(f'<span style="left:{place:.0%}">{escape(word)}</span>' for word, place in words)
    return f'<p class="{css_class}">{ticks}</p>'


def _toggle(name: str, label: str, pressed: bool) -> str:
    return f'<button type="button" data-shows="{name}" aria-pressed="{str(pressed).lower()}">{escape(label)}</button>'


def _button(name: str, label: str, title: str | None = None) -> str:
    named = f' aria-label="{escape(title)}" title="{escape(title)}"' if title else ""
    return f'<button type="button" data-does="{name}"{named}>{escape(label)}</button>'


def _slider(name: str, label: str, least: int, value: int, css_class: str = "") -> str:
    return (
        f'<label class="{css_class}">{escape(label)} <input type="range" data-sets="{name}" min="{least}" max="100" '
        f'value="{value}"><output>{value}%</output></label>'
    )
