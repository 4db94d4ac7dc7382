"""Batch tab: many images with one variant, as a list to work through, which fills while they are read."""

import gradio as gr

from demo.report.layout import FETCH, report_row
from demo.shared import page_html
from demo.shared.components import (
    live_region,
    operating_point_choice,
    population_choice,
    session_state,
    variant_choice,
)
from demo.shared.events import BATCH_QUEUE, IMMEDIATE, LATEST_ONLY, PRIVATE, READING_NOW, in_turn
from demo.shared.predictors import Predictors
from demo.tabs.batch import texts
from demo.tabs.batch.handlers import BatchHandlers
from demo.tabs.batch.session import BatchSession
from demo.tabs.batch.worklist import worklist
from demo.viewer import region_tests
from demo.viewer.component import viewer


def build(predictors: Predictors) -> None:
    """Lay the tab out and wire it; call inside `gr.Blocks`."""
    handlers = BatchHandlers(predictors)

    # === Layout ===

    with gr.Row():
        with gr.Column(scale=2, min_width=300):
            upload = gr.File(
                label=texts.UPLOAD,
                elem_id="batch-upload",
                elem_classes="upload",
                file_count="multiple",
                height=150,
            )
            folder = gr.UploadButton(texts.FOLDER, file_count="directory", size="md", elem_id="batch-folder")
        with gr.Column(scale=3, min_width=300):
            variant = variant_choice("batch-variant", predictors)
            population = population_choice("batch-population")
            with gr.Row():
                button = gr.Button(texts.READ_ALL, variant="primary", elem_id="batch-button")
                stop = gr.Button(texts.STOP, elem_id="batch-stop")
    with gr.Row():
        with gr.Column(scale=2, min_width=300):
            progress = live_region("batch-progress", page_html.prompt(texts.CHOOSE_SEVERAL))
        with gr.Column(scale=3, min_width=300):
            operating_point = operating_point_choice("batch-operating-point")
    with gr.Row(elem_id="batch-work"):
        with gr.Column(scale=2, min_width=320, elem_id="batch-list"):
            table = worklist("batch-table")
            with gr.Row():
                save_table = gr.DownloadButton(texts.CSV, interactive=False, size="sm", elem_id="batch-csv")
                save_overlays = gr.Button(texts.OVERLAYS, size="sm", elem_id="batch-overlays")
            archive = gr.File(label=texts.OVERLAYS, interactive=False, visible=False, elem_id="batch-archive")
        with gr.Column(scale=3, min_width=320, elem_id="batch-opened", elem_classes="result"):
            verdict = live_region("batch-verdict", page_html.prompt(texts.OPEN_A_ROW))
            support = live_region("batch-support")
            checks = gr.HTML(elem_id="batch-checks")
            radiograph = viewer("batch-viewer")
            report = report_row("batch-report")

    records = gr.JSON(visible=False, label="readings")
    session = session_state(BatchSession())

    # === Events ===

    details = [verdict, radiograph, checks, support]
    read = {
        "fn": handlers.on_read,
        "inputs": [upload, variant, operating_point, session, population],
        "outputs": [records, session, progress, table],
        "show_progress": "hidden",
    }
    # The first event takes the name, so this is the one that scripts call.
    on_click = button.click(**read, **BATCH_QUEUE, api_name="batch")
    chosen = folder.upload(lambda files: files, folder, upload, **IMMEDIATE)
    on_folder = chosen.then(**read, **BATCH_QUEUE, **PRIVATE)
    emptied = [*details, save_table, archive]
    gr.on([button.click, folder.upload], handlers.on_start, session, emptied, **IMMEDIATE)
    changed = [variant.input, population.input, upload.upload, upload.delete, upload.clear]
    gr.on(changed, handlers.on_choice_change, session, progress, **IMMEDIATE)
    stop.click(handlers.on_stop, session, **IMMEDIATE)
    judge = {
        "fn": handlers.on_operating_point_change,
        "inputs": [operating_point, session],
        "outputs": [progress, table, verdict, checks],
    }
    for ended in (on_click, on_folder, operating_point.input(**judge, **LATEST_ONLY)):
        # The operating point may have been changed while images were read.
        ended.then(**judge, **IMMEDIATE).then(handlers.on_readings_change, session, save_table, **IMMEDIATE)
    opened = table.click(
        in_turn(predictors.activity, handlers.on_row_open), session, details, **READING_NOW, show_progress_on=verdict
    )
    asked = verdict.click(
        in_turn(predictors.activity, handlers.on_whose),
        session,
        [*details, progress, table],
        **READING_NOW,
        show_progress_on=verdict,
    )
    asked.then(handlers.on_readings_change, session, save_table, **IMMEDIATE)
    for reading in (opened, asked):
        reading.success(handlers.on_row_opened, session, session, **IMMEDIATE)
        reading.failure(handlers.on_open_failure, session, details, **IMMEDIATE)
        tested = reading.then(handlers.on_region_test, session, [support, radiograph, verdict], **IMMEDIATE)
        tested.failure(lambda: region_tests.result(None), None, support, **IMMEDIATE)
    report.wire(predictors, session, comparison=False, choices=[table.click])
    written = save_overlays.click(handlers.on_overlays_request, session, archive, **BATCH_QUEUE, **PRIVATE)
    written.success(None, archive, js=FETCH, **PRIVATE)
