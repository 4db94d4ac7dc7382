"""Read tab: one image and one variant, in depth."""

from collections.abc import Sequence
from pathlib import Path

import gradio as gr

from demo import content, views
from demo.handlers import Predictors, ReadHandlers, Session
from demo.tabs import (
    AT_ONCE,
    KEPT_SECONDS,
    PRIVATE,
    READING,
    REDRAWN,
    example_buttons,
    live_region,
    operating_point_choice,
    radiograph_image,
    read_when_chosen,
    upload_box,
    variant_choice,
)
from demo.tabs.report import report_row


def build(predictors: Predictors, examples: Sequence[Path]) -> None:
    """Lay the tab out and wire it; call inside `gr.Blocks`."""
    handlers = ReadHandlers(predictors)

    # === Layout ===

    with gr.Row():
        with gr.Column(scale=2, min_width=300):
            upload = upload_box("upload")
            example = example_buttons(examples)
            variant = variant_choice("variant")
            operating_point = operating_point_choice("operating-point")
            button = gr.Button(content.READ, variant="primary", elem_id="read-button")
        with gr.Column(scale=5, min_width=320, elem_classes="result"):
            verdict = live_region("verdict", views.welcome())
            with gr.Row(elem_classes="images"):
                original = radiograph_image(content.ORIGINAL, "original", content.ORIGINAL_ALT)
                overlay = radiograph_image(content.OVERLAY, "overlay", content.OVERLAY_ALT)
            in_lungs = live_region("in-lungs")
            with gr.Row(elem_classes="overlay-controls"):
                with gr.Column(min_width=280):
                    colour_key = gr.HTML(elem_id="colour-key")
                with gr.Column(min_width=280):
                    shown = [(label, name) for name, label in content.SHOWN.items()]
                    show = gr.CheckboxGroup(shown, value=list(views.SHOW), label=content.SHOW, elem_id="show")
                    opacity = gr.Slider(
                        0, 1, views.OPACITY, step=0.05, label=content.OPACITY, elem_id="opacity", buttons=[]
                    )
                    test = gr.Button(content.TEST_SUPPORT, size="sm", elem_id="support-button")
            support = live_region("support")
            checks = gr.HTML(elem_id="checks")
            report = report_row("report")

    record = gr.JSON(visible=False, label="reading")
    session = gr.State(Session(), time_to_live=KEPT_SECONDS)

    # === Events ===

    details = [verdict, overlay, colour_key, in_lungs, checks]
    read = {
        "fn": handlers.read,
        "inputs": [upload, variant, operating_point, session],
        "outputs": [record, session, *details, original],
        "show_progress_on": verdict,
    }
    judge = {"fn": handlers.judge, "inputs": [operating_point, session], "outputs": verdict}

    # The first event takes the name, so this is the one that scripts call.
    on_click = button.click(**read, **READING, api_name="read")
    on_choice = read_when_chosen(
        upload, example, examples, handlers.choose, session, [*details, original], read, "verdict"
    )
    for reading in (on_click, *on_choice):
        # The operating point may have been changed while the image was read.
        reading.then(**judge, **AT_ONCE)
    variant.input(handlers.forget, [variant, session], details, **AT_ONCE)
    operating_point.input(**judge, **REDRAWN)
    gr.on([opacity.change, show.change], handlers.redraw, [opacity, show, session], [overlay, colour_key], **REDRAWN)
    test.click(handlers.support, session, support, **READING, **PRIVATE)
    gr.on([original.change, variant.input], lambda: "", outputs=support, **AT_ONCE)
    report.wire(predictors, session, comparison=False)
    gr.on(None, handlers.availability, outputs=variant, **PRIVATE, show_progress="hidden")
