"""Components that several tabs have."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr

from demo.shared import page_html, radiograph_images, texts
from demo.shared.events import IMMEDIATE
from demo.shared.predictors import Predictors, title_of, unavailable
from demo.shared.session import KEPT_SECONDS, TabSession
from pneumonia.core.operating_points import BALANCED
from pneumonia.imaging.decode import decode
from pneumonia.variants.registry import DEFAULT

# Last inputs of named endpoints that calls written for an older page leave out.
LATER_INPUTS = ("population", "compare-population", "batch-population")

# What stands for a control elsewhere, as a mark on the bar does, clicks it and leaves the focus there; whoever has no
# mouse uses the control. A button with an index is an event of the region, which keeps the focus when the button goes.
_LIVE_REGION = """
element.setAttribute('role', 'status');
element.setAttribute('aria-live', 'polite');
element.tabIndex = -1;
element.addEventListener('click', (event) => {
    const mark = event.target.closest('[data-clicks]');
    const control = mark && document.querySelector(mark.dataset.clicks);
    control?.click();
    control?.focus({preventScroll: true});
    const button = event.target.closest('[data-index]');
    if (!button) return;
    element.focus({preventScroll: true});
    trigger('click', {index: Number(button.dataset.index)});
});
"""

_ON_EXAMPLE = """
element.addEventListener('click', (event) => {
    const button = event.target.closest('button');
    if (button) trigger('click', {index: Number(button.dataset.index)});
});
"""


def session_state(session: TabSession) -> gr.State:
    """State of an open page from this first value, kept for `KEPT_SECONDS`; after these its `expired` is true."""
    state = gr.State(replace(session, expired=True), time_to_live=KEPT_SECONDS)
    gr.on(None, lambda opened: replace(opened, expired=False), state, state, **IMMEDIATE)
    return state


def upload_box(elem_id: str, label: str = texts.UPLOAD) -> gr.File:
    """Box that takes any file: its content decides whether it is read, not its name."""
    return gr.File(label=label, elem_id=elem_id, elem_classes="upload", height=120)


def operating_point_choice(elem_id: str) -> gr.Radio:
    """Choice of the operating point, from sensitivity first to specificity first."""
    choices = [(label, name) for name, label in texts.OPERATING_POINTS.items()]
    return gr.Radio(choices, value=BALANCED, label=texts.OPERATING_POINT, elem_id=elem_id)


def population_choice(elem_id: str) -> gr.Radio:
    """Choice of the patient's population, where no header tells it."""
    choices = [(label, name) for name, label in texts.POPULATIONS.items()]
    return gr.Radio(choices, value=texts.NOT_STATED, label=texts.POPULATION, elem_id=elem_id)


def example_buttons(paths: Sequence[Path]) -> gr.HTML:
    """Thumbnails that can be clicked; the event holds the index of the one that was."""
    examples = {
        _example_name(path): radiograph_images.preview(decode(path).pixels, radiograph_images.THUMBNAIL_SIDE)
        for path in paths
    }
    return gr.HTML(page_html.example_buttons(examples), js_on_load=_ON_EXAMPLE, visible=bool(paths))


def variant_choice(elem_id: str, predictors: Predictors) -> gr.Radio:
    """Choice of the variant; as soon as it is open, those without weights are marked."""
    choices = [(title_of(name), name) for name in predictors.names]
    choice = gr.Radio(choices, value=DEFAULT, label=texts.VARIANT, elem_id=elem_id)
    gr.on(None, partial(availability, predictors), outputs=choice, **IMMEDIATE)
    return choice


def _example_name(path: Path) -> str:
    """What an example is, by its file's name: `synthetic-normal-1.png` is normal 1."""
    return path.stem.removeprefix("synthetic-").replace("-", " ").capitalize()


def live_region(elem_id: str, value: str = "") -> gr.HTML:
    """HTML whose changes are announced to screen readers; `value` is what it shows at first."""
    return gr.HTML(value, elem_id=elem_id, js_on_load=_LIVE_REGION)


def availability(predictors: Predictors) -> dict[str, Any]:
    """Mark, in a choice of the variant, those whose weights cannot be loaded, with the reasons."""
    missing = predictors.missing()
    titles = {name: title_of(name) for name in predictors.names}
    choices = [
        (texts.UNAVAILABLE_LABEL.format(title=title) if variant in missing else title, variant)
        for variant, title in titles.items()
    ]
    reasons = [unavailable(variant, reason) for variant, reason in missing.items()]
    return gr.update(choices=choices, info=" ".join(reasons) or None)
