"""Batch tab: many images with one variant, as a table that fills while they are read."""

import gradio as gr

from demo import content, views
from demo.batch import BatchHandlers, BatchSession
from demo.predictors import Predictors
from demo.tabs import (
    AT_ONCE,
    BATCH,
    PRIVATE,
    READING,
    REDRAWN,
    live_region,
    operating_point_choice,
    radiograph_image,
    session_state,
    variant_choice,
)


def build(predictors: Predictors) -> None:
    """Lay the tab out and wire it; call inside `gr.Blocks`."""
    handlers = BatchHandlers(predictors)

    # === Layout ===

    with gr.Row():
        with gr.Column(scale=2, min_width=300):
            upload = gr.File(
                label=content.BATCH_UPLOAD,
                elem_id="batch-upload",
                elem_classes="upload",
                file_count="multiple",
                height=150,
            )
            folder = gr.UploadButton(content.FOLDER, file_count="directory", size="md", elem_id="batch-folder")
            variant = variant_choice("batch-variant", predictors)
            operating_point = operating_point_choice("batch-operating-point")
            with gr.Row():
                button = gr.Button(content.READ_ALL, variant="primary", elem_id="batch-button")
                stop = gr.Button(content.STOP, elem_id="batch-stop")
        with gr.Column(scale=5, min_width=320):
            progress = live_region("batch-progress", views.prompt(content.CHOOSE_SEVERAL))
            shown = gr.Radio(list(content.BATCH_FILTERS), value=content.ALL, label=content.SHOW, elem_id="batch-filter")
            table = gr.Dataframe(
                headers=list(content.BATCH_COLUMNS),
                datatype=list(content.BATCH_COLUMNS.values()),
                interactive=False,
                wrap=True,
                column_widths=["52px", "22%", "116px", "112px", "104px", "28%"],
                max_height=420,
                elem_id="batch-table",
                label=content.BATCH_TABLE,
            )
            with gr.Row():
                save_table = gr.DownloadButton(content.CSV, interactive=False, elem_id="batch-csv")
                save_overlays = gr.Button(content.OVERLAYS, elem_id="batch-overlays")
            archive = gr.File(label=content.OVERLAYS, interactive=False, visible=False, elem_id="batch-archive")
            with gr.Column(elem_classes="result"):
                verdict = live_region("batch-verdict", views.prompt(content.OPEN_A_ROW))
                with gr.Row(elem_classes="images"):
                    original = radiograph_image(content.ORIGINAL, "batch-original", content.ORIGINAL_ALT)
                    overlay = radiograph_image(content.OVERLAY, "batch-overlay", content.OVERLAY_ALT)
                in_lungs = live_region("batch-in-lungs")
                colour_key = gr.HTML(elem_id="batch-colour-key")
                checks = gr.HTML(elem_id="batch-checks")

    records = gr.JSON(visible=False, label="readings")
    session = session_state(BatchSession())

    # === Events ===

    details = [verdict, overlay, colour_key, in_lungs, checks, original]
    read = {
        "fn": handlers.read,
        "inputs": [upload, variant, operating_point, session],
        "outputs": [records, session, progress, table],
        "show_progress": "hidden",
    }
    # The first event takes the name, so this is the one that scripts call.
    on_click = button.click(**read, **BATCH, api_name="batch")
    chosen = folder.upload(lambda files: files, folder, upload, **AT_ONCE)
    on_folder = chosen.then(**read, **BATCH, **PRIVATE)
    emptied = [*details, save_table, archive]
    gr.on([button.click, folder.upload], handlers.begin, session, emptied, **AT_ONCE)
    stop.click(handlers.stop, session, **AT_ONCE)
    judge = {"fn": handlers.judge, "inputs": [operating_point, session], "outputs": [progress, table]}
    for ended in (on_click, on_folder, operating_point.input(**judge, **REDRAWN)):
        # The operating point may have been changed while images were read.
        ended.then(**judge, **AT_ONCE).then(handlers.save_table, session, save_table, **AT_ONCE)
    shown.input(handlers.show, [shown, session], table, **REDRAWN)
    table.select(handlers.open, session, details, **READING, **PRIVATE)
    save_overlays.click(handlers.save_overlays, session, archive, **BATCH, **PRIVATE)
