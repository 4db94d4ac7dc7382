"""Performance tab: how well the variants do on labelled images, from the figures that travel with their weights."""

import gradio as gr

from demo import content, figures
from demo.performance import PerformanceHandlers
from demo.predictors import Predictors
from demo.tabs import AT_ONCE, REDRAWN, operating_point_choice, recalibration, variant_choice
from pneumonia.evaluation.scores import VALIDATION

_WHOLE = [0.0, 1.0]
_COLOURS = {
    "observed": "#b45309",
    "perfect": "#94a3b8",
    "training": "#94a3b8",
    "validation": "#b45309",
}


def build(predictors: Predictors, tab: gr.Tab, own: gr.State) -> None:
    """Lay the tab out and wire it; call inside `gr.Blocks`. Nothing is computed before the tab is opened.

    `own` are the calibrations to sites that the page made.
    """
    handlers = PerformanceHandlers(predictors)

    # === Layout ===

    gr.HTML(f"<p>{content.PERFORMANCE_HELP}</p>")
    with gr.Row():
        name = gr.Dropdown(
            [(content.SETS[VALIDATION], VALIDATION)], value=VALIDATION, label=content.SET, elem_id="performance-set"
        )
        operating_point = operating_point_choice("performance-operating-point")
    overview = gr.HTML(elem_id="performance-overview")
    variant = variant_choice("performance-variant", predictors)
    mark = gr.HTML(elem_id="performance-mark")
    with gr.Row():
        roc = _curve(content.ROC, content.FALSE_ALARMS, content.SENSITIVITY, "performance-roc")
        precision_recall = _curve(content.PRECISION_RECALL, content.SENSITIVITY, content.PRECISION, "performance-pr")
    with gr.Row():
        reliability = _curve(content.RELIABILITY, content.PREDICTED, content.OBSERVED, "performance-reliability", True)
        training = gr.LinePlot(
            x=content.EPOCH,
            y=content.LOSS,
            color=content.LINE,
            color_map=_COLOURS,
            title=content.TRAINING,
            height=320,
            min_width=320,
            elem_id="performance-training",
        )
    threshold = gr.Slider(0, 1, step=0.001, label=content.THRESHOLD, elem_id="performance-threshold", buttons=[])
    at_threshold = gr.HTML(elem_id="performance-at-threshold")
    gr.HTML(figures.shortcut_baseline(), elem_id="performance-shortcuts")
    recalibration.build(predictors, variant, own)

    # === Events ===

    sets = {"fn": handlers.sets, "inputs": name, "outputs": name}
    table = {"fn": handlers.overview, "inputs": [name, operating_point], "outputs": overview}
    curves = {
        "fn": handlers.curves,
        "inputs": [variant, name, operating_point],
        "outputs": [mark, threshold, roc, precision_recall, reliability, training, at_threshold],
    }
    tab.select(**sets, **AT_ONCE).then(**table, **AT_ONCE).then(**curves, **AT_ONCE)
    gr.on([name.input, operating_point.input], **table, **REDRAWN).then(**curves, **AT_ONCE)
    variant.input(**curves, **REDRAWN)
    threshold.input(handlers.move, [threshold, variant, name], at_threshold, **REDRAWN)


def _curve(title: str, x: str, y: str, elem_id: str, lines: bool = False) -> gr.LinePlot:
    return gr.LinePlot(
        x=x,
        y=y,
        color=content.LINE if lines else None,
        color_map=_COLOURS if lines else None,
        title=title,
        x_lim=_WHOLE,
        y_lim=_WHOLE,
        height=320,
        min_width=320,
        elem_id=elem_id,
    )
