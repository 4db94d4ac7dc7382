"""Section of the Performance tab: a calibration to a site, fitted to uploaded images."""

import gradio as gr
from gradio.components import Component

from demo.shared.components import live_region
from demo.shared.events import BATCH_QUEUE, PRIVATE
from demo.shared.page_html import paragraph
from demo.shared.predictors import Predictors
from demo.shared.texts import POPULATION, POPULATIONS
from demo.tabs.performance.recalibration import texts
from demo.tabs.performance.recalibration.handlers import RecalibrationHandlers
from pneumonia.core.populations import ADULTS, CHILDREN


def build(predictors: Predictors, variant: Component, page_sites: gr.State) -> None:
    """Lay the section out and wire it; call inside the Performance tab.

    Args:
        predictors: of the page.
        variant: the tab's choice.
        page_sites: the calibrations that the page fitted.
    """
    handlers = RecalibrationHandlers(predictors)
    with gr.Accordion(texts.RECALIBRATE, open=False, elem_id="recalibrate"):
        gr.HTML(paragraph(texts.HELP))
        with gr.Row():
            upload = gr.File(label=texts.UPLOAD, elem_id="recalibrate-upload", height=150)
            with gr.Column():
                name = gr.Textbox(label=texts.SITE_NAME, info=texts.SITE_NAME_HELP, elem_id="recalibrate-name")
                population = gr.Radio(
                    [(POPULATIONS[key], key) for key in (CHILDREN, ADULTS)],
                    value=CHILDREN,
                    label=POPULATION,
                    elem_id="recalibrate-population",
                )
                button = gr.Button(texts.FIT, elem_id="recalibrate-button")
        result = live_region("recalibrate-result")
        download = gr.DownloadButton(texts.DOWNLOAD_CALIBRATION, visible=False, elem_id="recalibrate-download")
    button.click(
        handlers.on_fit,
        [upload, variant, name, page_sites, population],
        [result, page_sites, download],
        show_progress_on=result,
        **BATCH_QUEUE,
        **PRIVATE,
    )
