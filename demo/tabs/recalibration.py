"""Making a calibration to a site, on the Performance tab, and choosing one, on the Read tab."""

from typing import Any

import gradio as gr
from gradio.components import Component

from demo import content
from demo.predictors import Predictors
from demo.recalibration import SHIPPED, RecalibrationHandlers
from demo.tabs import AT_ONCE, BATCH, PRIVATE, live_region


def own_calibrations() -> gr.State:
    """What a page made for itself, shared by its tabs: scores and no images, kept for as long as it is open."""
    return gr.State(())


def build(predictors: Predictors, variant: Component, own: gr.State) -> None:
    """Lay the section out and wire it; call inside the Performance tab.

    Args:
        predictors: of the page.
        variant: the tab's choice.
        own: as `own_calibrations` gives it.
    """
    handlers = RecalibrationHandlers(predictors)
    with gr.Accordion(content.RECALIBRATE, open=False, elem_id="recalibrate"):
        gr.HTML(f"<p>{content.RECALIBRATE_HELP}</p>")
        with gr.Row():
            upload = gr.File(label=content.RECALIBRATE_UPLOAD, elem_id="recalibrate-upload", height=150)
            with gr.Column():
                name = gr.Textbox(label=content.SITE_NAME, info=content.SITE_NAME_HELP, elem_id="recalibrate-name")
                button = gr.Button(content.FIT, elem_id="recalibrate-button")
        result = live_region("recalibrate-result")
        download = gr.DownloadButton(content.DOWNLOAD_CALIBRATION, visible=False, elem_id="recalibrate-download")
    button.click(
        handlers.recalibrate,
        [upload, variant, name, own],
        [result, own, download],
        show_progress_on=result,
        **BATCH,
        **PRIVATE,
    )


def calibration_choice() -> gr.Dropdown:
    """As shipped, or a site; not shown while there is nothing to choose."""
    return gr.Dropdown(
        [(content.AS_SHIPPED, SHIPPED)],
        value=SHIPPED,
        label=content.CALIBRATION,
        info=content.CALIBRATION_HELP,
        visible=False,
        elem_id="calibration",
    )


def wire_choice(
    predictors: Predictors,
    calibration: gr.Dropdown,
    variant: Component,
    own: gr.State,
    session: gr.State,
    judge: dict[str, Any],
) -> dict[str, Any]:
    """Offer what fits the variant, and judge what was read anew when another calibration is chosen.

    Args:
        predictors: of the page.
        calibration: as `calibration_choice` gives it.
        variant: the tab's choice.
        own: as `own_calibrations` gives it.
        session: of the tab.
        judge: the judging, as keyword arguments of an event.

    Returns:
        The offering, as keyword arguments of an event.
    """
    handlers = RecalibrationHandlers(predictors)
    offer = {"fn": handlers.offer, "inputs": [variant, own, session], "outputs": calibration}
    choose = {"fn": handlers.choose, "inputs": [calibration, variant, own, session], "outputs": calibration}
    gr.on([variant.input, own.change], **offer, **AT_ONCE)
    gr.on(None, **offer, **AT_ONCE)
    calibration.input(**choose, **AT_ONCE).then(**judge, **AT_ONCE)
    return offer
