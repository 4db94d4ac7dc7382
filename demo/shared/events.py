"""Ways in which events of the page are run, and the reading that follows the choice of an image."""

import functools
import json
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any, TypeVar

import gradio as gr
from gradio.components import Component
from gradio.events import Dependency

from demo.shared import page_html, texts
from demo.shared.activity import MOST_AT_ONCE, Activity, BusyError
from demo.shared.session import Session
from demo.shared.user_error import user_error

T = TypeVar("T")

# Readings and files that are asked for with a button, by readers and programs. A click is never dropped because another
# reading is under way: that one may be of an image that is no longer the chosen one.
READING_QUEUE: dict[str, Any] = {
    "concurrency_id": "reading",
    "concurrency_limit": MOST_AT_ONCE,
    "trigger_mode": "multiple",
}

# One batch at a time keeps all cores busy; single readings do not wait behind it.
BATCH_QUEUE: dict[str, Any] = {"concurrency_id": "batch", "concurrency_limit": 1}

# Scripts see the named endpoints and nothing of the page's own wiring.
PRIVATE: dict[str, Any] = {"api_visibility": "private"}

# Readings of the page, with a handler made by `in_turn`: Gradio's queue would take longer than a reading does.
READING_NOW: dict[str, Any] = {**PRIVATE, "queue": False, "trigger_mode": "multiple"}

# Answers at once instead of waiting behind readings in the queue.
IMMEDIATE: dict[str, Any] = {**READING_NOW, "show_progress": "hidden"}

# Of several changes in a row, the last counts.
LATEST_ONLY: dict[str, Any] = {**IMMEDIATE, "trigger_mode": "always_last"}


def on_failure() -> str:
    """Prompt in place of a result that failed; else it would go on saying that the image is being read."""
    return page_html.prompt(texts.TRY_AGAIN)


def option(event: gr.EventData, options: Sequence[T]) -> T:
    """The option whose number a pressed button has.

    Raises:
        gr.Error: there is none of that number, which only a program sends.
    """
    if not isinstance(event.index, int) or not 0 <= event.index < len(options):
        raise user_error(texts.WRONG_VALUES)
    return options[event.index]


def in_turn(activity: Activity, read: Callable[..., T]) -> Callable[..., Coroutine[Any, Any, T]]:
    """Make a handler that reads wait for its turn.

    Args:
        activity: of the page.
        read: the handler.

    Returns:
        The same, which says that the page is busy where too many wait.
    """

    @functools.wraps(read)
    async def wait_and_read(*values: Any) -> T:
        try:
            return await activity.in_turn(read, *values)
        except BusyError as error:
            raise user_error(str(error)) from None

    return wait_and_read


def judge_when_read(reading: Dependency, judge: dict[str, Any]) -> None:
    """Judge a reading as soon as it is there, as the operating point may have been changed while the image was read.

    Args:
        reading: the event that reads.
        judge: keyword arguments of the event that judges, whose only output is the result.
    """
    reading.then(**judge, **IMMEDIATE)
    reading.failure(on_failure, outputs=judge["outputs"], **IMMEDIATE)


def forget_patient(choices: Sequence[Callable], population: gr.Radio, *others: Component) -> None:
    """Take back what was said of the last image's patient when another is chosen, in the browser and at once.

    Args:
        choices: listeners for the choice of an image.
        population: the choice of whose radiograph it is.
        others: what is emptied.
    """
    unsaid = json.dumps([texts.NOT_STATED, *(None for _ in others)])
    gr.on(list(choices), None, outputs=[population, *others], js=f"() => {unsaid}", **PRIVATE)


def read_when_chosen(
    upload: gr.File,
    example: gr.HTML,
    paths: Sequence[Path],
    choose: Callable[..., tuple],
    session: gr.State,
    emptied: Sequence[Component],
    read: dict[str, Any],
    shown_in: Sequence[str],
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
        emptied: what the result is shown in, the answer and its picture first.
        read: keyword arguments of the event that reads, with a handler made by `in_turn`.
        shown_in: element ids of what is brought into view on a narrow screen, where the last one must be.
        controls: what the result is shown with, which a new session does not know yet.

    Returns:
        The two events that read, to add what follows them.
    """

    def on_example_click(event: gr.EventData, session: Session, *chosen: Any) -> tuple:
        return choose(str(option(event, paths)), session, *chosen)

    outputs = [upload, session, *emptied]
    uploaded = upload.upload(choose, [upload, session, *controls], outputs, **IMMEDIATE)
    picked = example.click(on_example_click, [session, *controls], outputs, **IMMEDIATE)
    into_view = "document.getElementById(id).scrollIntoView({block: 'nearest'})"
    scroll = f"() => {json.dumps(shown_in)}.forEach((id) => {into_view})"
    readings = []
    nothing = json.dumps([None, on_failure(), None])
    for chosen in (uploaded, picked):
        # Else the last image's answer would stand under the name of this one.
        chosen.failure(None, None, [upload, *emptied[:2]], js=f"() => {nothing}", **PRIVATE)
        reading = chosen.success(**read, **READING_NOW)
        reading.then(None, js=scroll, **PRIVATE)
        readings.append(reading)
    return readings
