"""Compare tab: one image with all variants side by side, or two images with one variant."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import gradio as gr

from demo.report.layout import report_row
from demo.shared import page_html
from demo.shared import texts as shared_texts
from demo.shared.components import (
    example_buttons,
    live_region,
    operating_point_choice,
    population_choice,
    session_state,
    upload_box,
    variant_choice,
)
from demo.shared.events import (
    IMMEDIATE,
    LATEST_ONLY,
    PRIVATE,
    READING_NOW,
    READING_QUEUE,
    forget_patient,
    in_turn,
    judge_when_read,
    read_when_chosen,
)
from demo.shared.predictors import Predictors
from demo.shared.session import ChosenImage, Session
from demo.tabs.compare import texts
from demo.tabs.compare.handlers import CompareHandlers
from demo.tabs.compare.pair_handlers import PairHandlers, PairSession
from demo.viewer.component import viewer


def build(predictors: Predictors, examples: Sequence[Path], tab: gr.Tab, read: ChosenImage) -> None:
    """Lay the tab out and wire it; call inside `gr.Blocks`. `read` is the image of the Read tab."""
    with gr.Tab(texts.ALL_VARIANTS):
        compared = _build_variants(predictors, examples, tab, read)
    with gr.Tab(texts.TWO_IMAGES) as two_images:
        _build_pair(predictors, two_images, (*read, *compared))


def _build_variants(predictors: Predictors, examples: Sequence[Path], tab: gr.Tab, read: ChosenImage) -> ChosenImage:
    handlers = CompareHandlers(predictors)

    # === Layout ===

    with gr.Row():
        with gr.Column(scale=3, min_width=300):
            upload = upload_box("compare-upload")
            example = example_buttons(examples)
        with gr.Column(scale=2, min_width=300):
            population = population_choice("compare-population")
            operating_point = operating_point_choice("compare-operating-point")
            button = gr.Button(texts.COMPARE, variant="primary", elem_id="compare-button")
    table = live_region("compare-table", page_html.welcome())
    radiographs = viewer("compare-viewer")
    report = report_row("compare-report")

    records = gr.JSON(visible=False, label="readings")
    session = session_state(Session())

    # === Events ===

    compare = {
        "fn": handlers.on_compare,
        "inputs": [upload, operating_point, session, population],
        "outputs": [records, session, table, radiographs],
        "show_progress_on": table,
    }
    compare_now = {**compare, "fn": in_turn(predictors.activity, handlers.on_compare)}
    judge = {"fn": handlers.on_operating_point_change, "inputs": [operating_point, session], "outputs": table}

    forget_patient([upload.upload, example.click], population)
    # The first event takes the name, so this is the one that scripts call.
    on_click = button.click(**compare, **READING_QUEUE, api_name="compare")
    on_choice = read_when_chosen(
        upload,
        example,
        examples,
        handlers.on_image_choice,
        session,
        [table, radiographs],
        compare_now,
        ["compare-table"],
    )
    for reading in (on_click, *on_choice):
        judge_when_read(reading, judge)
    chosen = population.input(
        in_turn(predictors.activity, handlers.on_population_change),
        [operating_point, session, population],
        [records, session, table, radiographs],
        show_progress_on=table,
        **READING_NOW,
    )
    judge_when_read(chosen, judge)
    opened = tab.select(
        handlers.on_open,
        [operating_point, session, *read],
        [records, session, table, radiographs, population, report.comment],
        show_progress="hidden",
        **READING_QUEUE,
        **PRIVATE,
    )
    judge_when_read(opened, judge)
    operating_point.input(**judge, **LATEST_ONLY)
    report.wire(predictors, session, comparison=True, choices=[upload.upload, example.click])
    return ChosenImage(session, population)


def _build_pair(predictors: Predictors, tab: gr.Tab, others: Sequence[gr.State | gr.Radio]) -> None:
    handlers = PairHandlers(predictors)

    # === Layout ===

    with gr.Row():
        uploads = [upload_box(f"pair-upload-{place}", title) for place, title in enumerate(shared_texts.PAIR)]
        with gr.Column(min_width=300):
            variant = variant_choice("pair-variant", predictors)
            population = population_choice("pair-population")
            operating_point = operating_point_choice("pair-operating-point")
    table = live_region("pair-table", page_html.prompt(texts.CHOOSE_TWO))
    radiographs = viewer("pair-viewer")
    report = report_row("pair-report")
    session = session_state(PairSession())

    # === Events ===

    read = {
        "fn": in_turn(predictors.activity, handlers.on_read),
        "inputs": [variant, operating_point, session, population],
        "outputs": [table, radiographs],
        "show_progress_on": table,
    }
    judge = {"fn": handlers.on_operating_point_change, "inputs": [variant, operating_point, session], "outputs": table}
    choices = [
        upload.upload(
            partial(handlers.on_image_choice, place),
            [upload, session],
            [upload, session, table, radiographs],
            **IMMEDIATE,
        )
        for place, upload in enumerate(uploads)
    ]
    choices.append(
        gr.on([variant.input, population.input], handlers.on_variant_change, session, [table, radiographs], **IMMEDIATE)
    )
    for choice in choices:
        judge_when_read(choice.then(**read, **READING_NOW), judge)
    opened = tab.select(
        handlers.on_open,
        [variant, operating_point, session, population, *others],
        [session, table, radiographs, population, report.comment],
        show_progress="hidden",
        **READING_QUEUE,
        **PRIVATE,
    )
    judge_when_read(opened, judge)
    operating_point.input(**judge, **LATEST_ONLY)
    report.wire(predictors, session, comparison=True, choices=[upload.upload for upload in uploads])
