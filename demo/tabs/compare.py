"""Compare tab: one image with all variants side by side, or two images with one variant."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import gradio as gr

from demo import content, views
from demo.handlers import CompareHandlers, Session
from demo.pairs import PairHandlers, PairSession
from demo.predictors import Predictors
from demo.tabs import (
    AT_ONCE,
    PRIVATE,
    READING,
    REDRAWN,
    example_buttons,
    live_region,
    not_read,
    operating_point_choice,
    read_when_chosen,
    session_state,
    upload_box,
    variant_choice,
)
from demo.tabs.report import report_row


def build(predictors: Predictors, examples: Sequence[Path]) -> None:
    """Lay the tab out and wire it; call inside `gr.Blocks`."""
    with gr.Tab(content.ALL_VARIANTS):
        _build_variants(predictors, examples)
    with gr.Tab(content.TWO_IMAGES):
        _build_pair(predictors)


def _build_variants(predictors: Predictors, examples: Sequence[Path]) -> None:
    handlers = CompareHandlers(predictors)

    # === Layout ===

    with gr.Row():
        with gr.Column(scale=3, min_width=300):
            upload = upload_box("compare-upload")
            example = example_buttons(examples)
        with gr.Column(scale=2, min_width=300):
            operating_point = operating_point_choice("compare-operating-point")
            button = gr.Button(content.COMPARE, variant="primary", elem_id="compare-button")
    table = live_region("compare-table", views.welcome())
    report = report_row("compare-report")

    records = gr.JSON(visible=False, label="readings")
    session = session_state(Session())

    # === Events ===

    compare = {
        "fn": handlers.compare,
        "inputs": [upload, operating_point, session],
        "outputs": [records, session, table],
        "show_progress_on": table,
    }
    judge = {"fn": handlers.judge, "inputs": [operating_point, session], "outputs": table}

    # The first event takes the name, so this is the one that scripts call.
    on_click = button.click(**compare, **READING, api_name="compare")
    on_choice = read_when_chosen(upload, example, examples, handlers.choose, session, [table], compare, "compare-table")
    for reading in (on_click, *on_choice):
        # The operating point may have been changed while the image was read.
        reading.then(**judge, **AT_ONCE)
        reading.failure(not_read, outputs=table, **AT_ONCE)
    operating_point.input(**judge, **REDRAWN)
    report.wire(predictors, session, comparison=True)


def _build_pair(predictors: Predictors) -> None:
    handlers = PairHandlers(predictors)

    # === Layout ===

    with gr.Row():
        uploads = [upload_box(f"pair-upload-{place}", title) for place, title in enumerate(content.PAIR)]
        with gr.Column(min_width=300):
            variant = variant_choice("pair-variant", predictors)
            operating_point = operating_point_choice("pair-operating-point")
    table = live_region("pair-table", views.prompt(content.CHOOSE_TWO))
    session = session_state(PairSession())

    # === Events ===

    read = {
        "fn": handlers.read,
        "inputs": [variant, operating_point, session],
        "outputs": table,
        "show_progress_on": table,
    }
    judge = {"fn": handlers.judge, "inputs": [variant, operating_point, session], "outputs": table}
    began = [
        upload.upload(partial(handlers.choose, place), [upload, session], [upload, session, table], **AT_ONCE)
        for place, upload in enumerate(uploads)
    ]
    began.append(variant.input(handlers.forget, session, table, **AT_ONCE))
    for event in began:
        # The operating point may have been changed while the images were read.
        reading = event.then(**read, **READING, **PRIVATE)
        reading.then(**judge, **AT_ONCE)
        reading.failure(not_read, outputs=table, **AT_ONCE)
    operating_point.input(**judge, **REDRAWN)
