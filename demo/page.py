"""The page: the tabs put together."""

from collections.abc import Callable
from pathlib import Path

import gradio as gr

from demo.server.gradio_internals import PrivateBlocks
from demo.server.health import Health
from demo.server.reading_endpoint import ReadingEndpoint
from demo.server.uploads import use_private_folder
from demo.shared import page_html, texts
from demo.shared.activity import MOST_WAITING
from demo.shared.predictors import Predictors
from demo.tabs.about import layout as about_layout
from demo.tabs.batch import layout as batch_layout
from demo.tabs.compare import layout as compare_layout
from demo.tabs.performance import layout as performance_layout
from demo.tabs.read import layout as read_layout
from pneumonia import Predictor, load_predictor
from pneumonia.weights.locate import own_folders

_EXAMPLES = Path(__file__).parent / "examples"
# In the order in which they are offered, by what their names say.
_KINDS = ("pneumonia", "too-close-to-call", "normal", "refused")


def build_demo(load: Callable[[str], Predictor] = load_predictor) -> gr.Blocks:
    """Build the page; no weights are read until it is up.

    Args:
        load: gives the predictor of a variant, or raises `WeightsError`.
    """
    use_private_folder()
    own = own_folders()
    predictors = Predictors(lambda name: load_predictor(weights=own[name]) if name in own else load(name), own)
    examples = [path for kind in _KINDS for path in sorted(_EXAMPLES.glob(f"synthetic-{kind}*.png"))]
    with PrivateBlocks(predictors.activity, title=texts.TITLE, analytics_enabled=False, fill_width=True) as demo:
        gr.HTML(page_html.header())
        # Calibrations that this page fits, shared by its tabs: scores and no images, kept for as long as it is open.
        page_sites = gr.State(())
        with gr.Tab("Read"):
            read = read_layout.build(predictors, examples, page_sites)
        with gr.Tab("Compare") as tab:
            compare_layout.build(predictors, examples, tab, read)
        with gr.Tab("Batch", elem_id="batch-tab"):
            batch_layout.build(predictors)
        with gr.Tab("Performance") as tab:
            performance_layout.build(predictors, tab, page_sites)
        with gr.Tab("About"):
            about_layout.build()
    demo.health = Health(predictors)
    demo.reading = ReadingEndpoint(predictors)
    return demo.queue(max_size=MOST_WAITING, api_open=False)
