"""Read tab: one image and one variant, in depth."""

from collections.abc import Sequence
from pathlib import Path

import gradio as gr

from demo import content, views
from demo.handlers import ReadHandlers, ReadView, Session
from demo.predictors import Predictors
from demo.tabs import (
    AT_ONCE,
    PRIVATE,
    READING,
    REDRAWN,
    example_buttons,
    live_region,
    operating_point_choice,
    radiograph_image,
    read_when_chosen,
    recalibration,
    session_state,
    upload_box,
    variant_choice,
)
from demo.tabs.report import report_row

# Of a reader's own threshold: a probability of exactly 0 or 1 has no logit.
_THRESHOLDS = (0.001, 0.999)

# Both images grow together; what does not fit (style.css) is scrolled or drawn to with the mouse, both together too.
_ZOOM = """(zoom) => {
    for (const image of document.querySelectorAll('#original, #overlay')) image.style.setProperty('--zoom', zoom);
}"""
_MOVE_TOGETHER = """
const parts = () => [...document.querySelectorAll('#original .image-container, #overlay .image-container')];
document.addEventListener('scroll', ({target}) => {
    const all = parts();
    if (!all.includes(target)) return;
    for (const other of all) {
        other.scrollLeft = target.scrollLeft;
        other.scrollTop = target.scrollTop;
    }
}, true);
document.addEventListener('pointermove', (event) => {
    if (event.pointerType !== 'mouse' || event.buttons !== 1) return;
    parts().find((part) => part.contains(event.target))?.scrollBy(-event.movementX, -event.movementY);
});
document.addEventListener('dragstart', (event) => {
    if (parts().some((part) => part.contains(event.target))) event.preventDefault();
});
"""


def build(predictors: Predictors, examples: Sequence[Path], own: gr.State) -> None:
    """Lay the tab out and wire it; call inside `gr.Blocks`. `own` are the calibrations to sites that the page made."""
    handlers = ReadHandlers(predictors)

    # === Layout ===

    with gr.Row():
        with gr.Column(scale=2, min_width=300):
            upload = upload_box("upload")
            example = example_buttons(examples)
            variant = variant_choice("variant", predictors)
            operating_point = operating_point_choice("operating-point")
            calibration = recalibration.calibration_choice()
            threshold = _slider(
                content.OWN_THRESHOLD, "threshold", *_THRESHOLDS, None, 0.001, content.OWN_THRESHOLD_HELP
            )
            button = gr.Button(content.READ, variant="primary", elem_id="read-button")
        with gr.Column(scale=5, min_width=320, elem_classes="result"):
            verdict = live_region("verdict", views.welcome())
            with gr.Row(elem_classes="images"):
                original = radiograph_image(content.ORIGINAL, "original", content.ORIGINAL_ALT)
                overlay = radiograph_image(content.OVERLAY, "overlay", content.OVERLAY_ALT)
            in_lungs = live_region("in-lungs")
            with gr.Row(elem_classes="below-images"):
                with gr.Column(min_width=300):
                    colour_key = gr.HTML(elem_id="colour-key", js_on_load=_MOVE_TOGETHER)
                    test = gr.Button(content.TEST_SUPPORT, size="sm", elem_id="support-button")
                    support = live_region("support")
                    checks = gr.HTML(elem_id="checks")
                with gr.Column(min_width=300):
                    with gr.Group():
                        shown = [(label, name) for name, label in content.SHOWN.items()]
                        show = gr.CheckboxGroup(shown, value=list(views.SHOW), label=content.SHOW, elem_id="show")
                        opacity = _slider(content.OPACITY, "opacity", 0, 1, views.OPACITY, 0.05)
                        zoom = _slider(content.ZOOM, "zoom", 1, 4, 1, 0.25)
                        with gr.Accordion(content.GREYS, open=False):
                            level = _slider(content.WINDOW_LEVEL, "window-level", 0, 100, 50, 1)
                            width = _slider(content.WINDOW_WIDTH, "window-width", 2, 100, 100, 1)
                            invert = gr.Checkbox(False, label=content.INVERT, elem_id="invert")
                            reset = gr.Button(content.RESET_VIEW, size="sm", elem_id="reset-view")
                    prevalence = _slider(content.PREVALENCE, "prevalence", 1, 99, None, 1, content.PREVALENCE_HELP)
                    predictive = live_region("predictive")
            report = report_row("report")

    record = gr.JSON(visible=False, label="reading")
    session = session_state(Session())

    # === Events ===

    details = ReadView(verdict, overlay, colour_key, in_lungs, checks, original, predictive, support)
    read = {
        "fn": handlers.read,
        "inputs": [upload, variant, operating_point, session],
        "outputs": [record, session, *details],
        "show_progress_on": verdict,
    }
    judge = {
        "fn": handlers.judge,
        "inputs": [variant, operating_point, session],
        "outputs": [verdict, predictive, threshold],
    }

    # The first event takes the name, so this is the one that scripts call.
    on_click = button.click(**read, **READING, api_name="read")
    controls = [operating_point, threshold, prevalence, opacity, show, level, width, invert]
    on_choice = read_when_chosen(
        upload, example, examples, handlers.choose, session, details, read, "verdict", controls
    )
    forget = {"fn": handlers.forget, "inputs": [variant, session], "outputs": list(details), **AT_ONCE}
    offer = recalibration.wire_choice(predictors, calibration, variant, own, session, judge)
    for reading in (on_click, *on_choice):
        # The operating point may have been changed while the image was read. A page that had been left alone before
        # shows a calibration as chosen that its session has forgotten.
        reading.then(**offer, **AT_ONCE).then(**judge, **AT_ONCE)
        # Else it would go on saying that the image is being read.
        reading.failure(**forget)
    forgotten = variant.input(**forget)
    forgotten.then(**judge, **AT_ONCE)
    operating_point.input(**judge, **REDRAWN)
    threshold.input(handlers.move, [threshold, session], [verdict, predictive, operating_point], **REDRAWN)
    prevalence.input(handlers.weigh, [prevalence, session], predictive, **REDRAWN)
    gr.on([opacity.change, show.change], handlers.redraw, [opacity, show, session], [overlay, colour_key], **REDRAWN)
    gr.on(
        [level.change, width.change, invert.change],
        handlers.view,
        [level, width, invert, session],
        [overlay, original],
        **REDRAWN,
    )
    zoom.change(None, zoom, js=_ZOOM, **PRIVATE)
    reset.click(lambda: (1, 50, 100, False), outputs=[zoom, level, width, invert], **AT_ONCE)
    test.click(handlers.support, session, support, **READING, **PRIVATE)
    report.wire(predictors, session, comparison=False)
    gr.on(None, handlers.begin, variant, [threshold, prevalence], **AT_ONCE)


def _slider(
    label: str, elem_id: str, least: float, most: float, value: float | None, step: float, info: str | None = None
) -> gr.Slider:
    return gr.Slider(least, most, value, step=step, label=label, info=info, elem_id=elem_id, buttons=[])
