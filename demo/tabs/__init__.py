"""One module a tab, and what several of them share."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.components import Component
from gradio.events import Dependency

from demo import content, views
from demo.handlers import Session
from demo.predictors import Predictors, availability, refused
from pneumonia.images import decode
from pneumonia.operating_points import BALANCED
from pneumonia.variants import DEFAULT, PUBLISHED, get_variant

# Readings of all tabs together: each keeps one core busy. A click is never dropped because another reading is
# under way: that one may be of an image that is no longer the chosen one.
READING: dict[str, Any] = {"concurrency_id": "reading", "concurrency_limit": 2, "trigger_mode": "multiple"}

# One batch at a time keeps all cores busy; single readings do not wait behind it.
BATCH: dict[str, Any] = {"concurrency_id": "batch", "concurrency_limit": 1}

# What a page knows of its images is forgotten with the uploads.
KEPT_SECONDS = 1800

# Scripts see the named endpoints and nothing of the page's own wiring.
PRIVATE: dict[str, Any] = {"api_visibility": "private"}

# Answers at once instead of waiting behind readings in the queue.
AT_ONCE: dict[str, Any] = {**PRIVATE, "queue": False, "trigger_mode": "multiple", "show_progress": "hidden"}

# Of several changes in a row, the last counts.
REDRAWN: dict[str, Any] = {**AT_ONCE, "trigger_mode": "always_last"}

_LIVE_REGION = "element.setAttribute('role', 'status'); element.setAttribute('aria-live', 'polite');"

_ON_EXAMPLE = """
element.addEventListener('click', (event) => {
    const button = event.target.closest('button');
    if (button) trigger('click', {index: Number(button.dataset.index)});
});
"""


def session_state(session: Any) -> gr.State:
    """What is kept of an open page, for a while; then its `left_alone` is true.

    Args:
        session: what it is in the beginning, a dataclass.
    """
    state = gr.State(replace(session, left_alone=True), time_to_live=KEPT_SECONDS)
    gr.on(None, lambda opened: replace(opened, left_alone=False), state, state, **AT_ONCE)
    return state


def upload_box(elem_id: str, label: str = content.UPLOAD) -> gr.File:
    """Takes any file: its content decides whether it is read, not its name."""
    return gr.File(label=label, elem_id=elem_id, elem_classes="upload", height=150)


def operating_point_choice(elem_id: str) -> gr.Radio:
    """The operating points, from sensitivity first to specificity first."""
    choices = [(label, name) for name, label in content.OPERATING_POINTS.items()]
    return gr.Radio(choices, value=BALANCED, label=content.OPERATING_POINT, elem_id=elem_id)


def example_buttons(paths: Sequence[Path]) -> gr.HTML:
    """Thumbnails that can be clicked; `chosen_example` says which one was."""
    images = [views.preview(decode(path).pixels, views.THUMBNAIL_SIDE) for path in paths]
    return gr.HTML(views.example_buttons(images), js_on_load=_ON_EXAMPLE, visible=bool(paths))


def variant_choice(elem_id: str, predictors: Predictors) -> gr.Radio:
    """The variants of the page; as soon as it is open, those without weights are marked."""
    choices = [(get_variant(name).title, name) for name in PUBLISHED]
    choice = gr.Radio(choices, value=DEFAULT, label=content.VARIANT, elem_id=elem_id)
    gr.on(None, partial(availability, predictors), outputs=choice, **AT_ONCE)
    return choice


def not_read() -> str:
    """What stands in a result that failed, in place of saying that the image is being read."""
    return views.prompt(content.TRY_AGAIN)


def radiograph_image(label: str, elem_id: str, alt: str) -> gr.Image:
    """Shows a radiograph. PNG: what is judged by eye must not carry the marks of compression."""
    return gr.Image(label=label, elem_id=elem_id, alt_text=alt, format="png", interactive=False, buttons=["fullscreen"])


def live_region(elem_id: str, first: str = "") -> gr.HTML:
    """HTML whose changes are announced to screen readers; `first` is what it shows before the first."""
    return gr.HTML(first, elem_id=elem_id, js_on_load=_LIVE_REGION)


def read_when_chosen(
    upload: gr.File,
    example: gr.HTML,
    paths: Sequence[Path],
    choose: Callable[..., tuple],
    session: gr.State,
    emptied: Sequence[Component],
    read: dict[str, Any],
    shown_in: str,
    controls: Sequence[Component] = (),
) -> list[Dependency]:
    """Empty the result as soon as a file or an example is chosen, then start reading.

    Args:
        upload: takes files.
        example: the buttons of `paths`.
        paths: the example images.
        choose: takes the path of the chosen image, the session and the values of `controls`, and gives what `upload`
            and `emptied` show from then on, with the session between them.
        session: of the tab.
        emptied: what the result is shown in.
        read: the reading, as keyword arguments of an event.
        shown_in: element id of the result, which is brought into view on a narrow screen.
        controls: what the result is shown with, which a new session does not know yet.

    Returns:
        The two readings, to add to what follows them.
    """

    def choose_example(event: gr.EventData, session: Session, *chosen: Any) -> tuple:
        try:
            path = paths[event.index]
        except (LookupError, TypeError):
            raise refused(content.OTHER_VALUES) from None
        return choose(str(path), session, *chosen)

    outputs = [upload, session, *emptied]
    uploaded = upload.upload(choose, [upload, session, *controls], outputs, **AT_ONCE)
    picked = example.click(choose_example, [session, *controls], outputs, **AT_ONCE)
    look = f"() => document.getElementById('{shown_in}').scrollIntoView({{block: 'nearest'}})"
    readings = []
    for chosen in (uploaded, picked):
        reading = chosen.then(**read, **READING, **PRIVATE)
        reading.then(None, js=look, **PRIVATE)
        readings.append(reading)
    return readings
