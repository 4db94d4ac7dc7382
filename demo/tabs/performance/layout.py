"""Performance tab: how well the variants do on labelled images, from the figures that travel with their weights."""

import gradio as gr

from demo.shared import texts as shared_texts
from demo.shared.components import operating_point_choice, variant_choice
from demo.shared.events import IMMEDIATE, LATEST_ONLY
from demo.shared.page_html import paragraph
from demo.shared.predictors import Predictors
from demo.tabs.performance import texts, views
from demo.tabs.performance.handlers import PerformanceHandlers
from demo.tabs.performance.recalibration import layout as recalibration_layout
from pneumonia.metrics.scores import VALIDATION


def build(predictors: Predictors, tab: gr.Tab, page_sites: gr.State) -> None:
    """Lay the tab out and wire it; call inside `gr.Blocks`. Nothing is computed before the tab is opened.

    `page_sites` are the calibrations that the page fitted.
    """
    handlers = PerformanceHandlers(predictors)

    # === Layout ===

    gr.HTML(paragraph(texts.HELP))
    with gr.Row():
        variant = variant_choice("performance-variant", predictors)
        operating_point = operating_point_choice("performance-operating-point")
        name = gr.Dropdown(
            [(texts.SETS[VALIDATION], VALIDATION)], value=VALIDATION, label=texts.SET, elem_id="performance-set"
        )
    populations = gr.HTML(elem_id="performance-populations")
    overview = gr.HTML(elem_id="performance-overview")
    mark = gr.HTML(elem_id="performance-mark")
    with gr.Row(elem_classes="charts"):
        roc, precision_recall, reliability = (
            gr.HTML(elem_id=f"performance-{chart}") for chart in ("roc", "pr", "reliability")
        )
    threshold = gr.Slider(0, 1, step=0.001, label=texts.THRESHOLD, elem_id="performance-threshold", buttons=[])
    at_threshold = gr.HTML(elem_id="performance-at-threshold")
    gr.HTML(views.shortcut_baseline(), elem_id="performance-shortcuts")
    recalibration_layout.build(predictors, variant, page_sites)
    with gr.Accordion(shared_texts.FOR_ENGINEERS, open=False):
        training = gr.HTML(elem_id="performance-training")

    # === Events ===

    sets = {"fn": handlers.on_tab_select, "inputs": name, "outputs": name}
    table = {"fn": handlers.on_set_change, "inputs": [name, operating_point], "outputs": overview}
    curves = {
        "fn": handlers.on_variant_change,
        "inputs": [variant, name, operating_point],
        "outputs": [populations, mark, threshold, roc, precision_recall, reliability, training, at_threshold],
    }
    tab.select(**sets, **IMMEDIATE).then(**table, **IMMEDIATE).then(**curves, **IMMEDIATE)
    gr.on([name.input, operating_point.input], **table, **LATEST_ONLY).then(**curves, **IMMEDIATE)
    variant.input(**curves, **LATEST_ONLY)
    threshold.input(handlers.on_threshold_change, [threshold, variant, name], at_threshold, **LATEST_ONLY)
