"""Read tab: one image and one variant, in depth."""

from collections.abc import Sequence
from pathlib import Path

import gradio as gr
from gradio.events import Dependency

from demo.report.layout import report_row
from demo.shared import page_html
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
    READING_NOW,
    READING_QUEUE,
    forget_patient,
    in_turn,
    read_when_chosen,
)
from demo.shared.predictors import Predictors
from demo.shared.session import ChosenImage, Session
from demo.tabs.read import texts
from demo.tabs.read.calibration_choice import calibration_choice, wire_choice
from demo.tabs.read.dicom_objects import dicom_button
from demo.tabs.read.handlers import ReadHandlers, ReadView
from demo.viewer import region_tests
from demo.viewer.component import viewer

# Of a reader's own threshold: a probability of exactly 0 or 1 has no logit.
_THRESHOLDS = (0.001, 0.999)


def build(predictors: Predictors, examples: Sequence[Path], page_sites: gr.State) -> ChosenImage:
    """Lay the tab out and wire it; call inside `gr.Blocks`.

    Args:
        predictors: those of the page.
        examples: images.
        page_sites: the calibrations that the page fitted.

    Returns:
        The tab's image, for others to take over.
    """
    handlers = ReadHandlers(predictors)

    # === Layout ===

    # On a wide screen the viewer stands beside all else; on a narrow one below the answer.
    with gr.Column(elem_classes="reading"):
        upload = upload_box("upload")
        with gr.Column(elem_id="answer-card"):
            population = population_choice("population")
            verdict = live_region("verdict", page_html.welcome())
            operating_point = operating_point_choice("operating-point")
            figures = gr.HTML(elem_id="figures")
            support = live_region("support")
        with gr.Column(elem_classes="result"):
            radiograph = viewer("viewer")
            example = example_buttons(examples)
            report = report_row("report")
            session = session_state(Session())
            dicom = dicom_button(predictors, session)
        with gr.Column(elem_id="answer-details"):
            with gr.Row(elem_id="prevalences"):
                choices = [(str(percent), percent) for percent in texts.PREVALENCES]
                prevalence = gr.Radio(choices, label=texts.PREVALENCE, elem_id="prevalence")
                # Without ends of its own: one out of them would keep the next image from being chosen.
                other = gr.Number(label=texts.OTHER_PREVALENCE, value=None, elem_id="prevalence-other")
            predictive = live_region("predictive")
            checks = gr.HTML(elem_id="checks")
        with gr.Column(elem_classes="choices"):
            variant = variant_choice("variant", predictors)
            calibration = calibration_choice()
            with gr.Accordion(texts.OWN_THRESHOLD, open=False, elem_id="own-threshold"):
                threshold = _slider(
                    texts.CUSTOM_THRESHOLD, "threshold", *_THRESHOLDS, None, 0.001, texts.CUSTOM_THRESHOLD_HELP
                )
            button = gr.Button(texts.READ, variant="primary", elem_id="read-button")

    record = gr.JSON(visible=False, label="reading")

    # === Events ===

    details = ReadView(verdict, radiograph, checks, figures, predictive, support, dicom)
    read = {
        "fn": handlers.on_request,
        "inputs": [upload, variant, operating_point, session, population],
        "outputs": [record, session, *details],
        "show_progress_on": verdict,
    }
    read_now = {**read, "fn": in_turn(predictors.activity, handlers.on_read)}
    again_now = {
        **read,
        "fn": in_turn(predictors.activity, handlers.on_read_again),
        "inputs": [variant, operating_point, session, population],
    }
    judge = {
        "fn": handlers.on_operating_point_change,
        "inputs": [variant, operating_point, session],
        "outputs": [verdict, figures, predictive, checks, threshold],
    }

    def follow(reading: Dependency) -> None:
        """Judge a reading as the controls say by now, and then test the region that it marks."""
        judged = reading.then(**judge, **IMMEDIATE)
        # Not in the queue, where it would take the place of somebody who waits.
        tested = judged.then(handlers.on_region_test, session, [support, radiograph, verdict], **IMMEDIATE)
        tested.failure(lambda: region_tests.result(None), None, support, **IMMEDIATE)

    # The first event takes the name, so this is the one that scripts call.
    on_click = button.click(**read, **READING_QUEUE, api_name="read")
    controls = [operating_point, threshold, variant]
    forget_patient([upload.upload, example.click], population, prevalence, other)
    on_choice = read_when_chosen(
        upload,
        example,
        examples,
        handlers.on_image_choice,
        session,
        details,
        read_now,
        ["verdict", "operating-point"],
        controls,
    )
    changed = gr.on(
        [variant.input, population.input],
        handlers.on_choice_change,
        [variant, session, population],
        list(details),
        **IMMEDIATE,
    )
    on_change = changed.then(**again_now, **READING_NOW)
    corrected = verdict.click(handlers.on_correction, session, [session, *details], **IMMEDIATE)
    on_correction = corrected.then(**read_now, **READING_NOW)
    offer = wire_choice(predictors, calibration, variant, page_sites, session, judge)
    for reading in (on_click, *on_choice, on_change, on_correction):
        # The operating point may have been changed while the image was read. A page whose session had
        # expired shows a calibration as chosen that the session has forgotten.
        follow(reading.then(**offer, **IMMEDIATE))
        # Else it would go on saying that the image is being read.
        reading.failure(handlers.on_failure, [variant, session], list(details), **IMMEDIATE)
    operating_point.input(**judge, **LATEST_ONLY)
    threshold.input(
        handlers.on_threshold_change,
        [threshold, session],
        [verdict, figures, predictive, checks, operating_point],
        **LATEST_ONLY,
    )
    for chosen, instead in ((prevalence, other), (other, prevalence)):
        chosen.input(handlers.on_prevalence_change, [chosen, session], [predictive, instead], **LATEST_ONLY)
    report.wire(predictors, session, comparison=False, choices=[upload.upload, example.click])
    gr.on(None, handlers.on_page_open, variant, [threshold, other], **IMMEDIATE)
    return ChosenImage(session, population)


def _slider(
    label: str, elem_id: str, least: float, most: float, value: float | None, step: float, info: str | None = None
) -> gr.Slider:
    return gr.Slider(least, most, value, step=step, label=label, info=info, elem_id=elem_id, buttons=[])
