"""The page: tabs put together, its look, and how it is served."""

from collections.abc import Callable
from pathlib import Path

import gradio as gr

from demo import content, views
from demo.health import Health
from demo.memory import return_large_blocks
from demo.predictors import Predictors
from demo.privacy import PrivateBlocks, app_settings
from demo.tabs import KEPT_SECONDS, about, batch, compare, performance, read, recalibration
from demo.uploads import delete_regularly, delete_when_stopped, use_private_folder
from pneumonia import Predictor, load_predictor

_FOLDER = Path(__file__).parent
_EXAMPLES = _FOLDER / "examples"

# Plain strings name fonts of the reader's own system; Gradio's font classes would fetch files.
_SANS = ("system-ui", "-apple-system", "'Segoe UI'", "Roboto", "'Helvetica Neue'", "sans-serif")
_MONO = ("ui-monospace", "Menlo", "Consolas", "monospace")

# An image from the clipboard goes to the upload box that is in sight, as if it had been chosen there.
_ON_PASTE = """
document.addEventListener('paste', (event) => {
    const pasted = [...event.clipboardData?.files ?? []];
    const boxes = [...document.querySelectorAll('.upload input[type=file]')];
    const box = boxes.find((input) => input.closest('.upload').offsetParent);
    if (!pasted.length || !box) return;
    event.preventDefault();
    const chosen = new DataTransfer();
    for (const file of box.multiple ? pasted : pasted.slice(0, 1)) chosen.items.add(file);
    box.files = chosen.files;
    box.dispatchEvent(new Event('change', {bubbles: true}));
});
"""


def build_demo(load: Callable[[str], Predictor] = load_predictor) -> gr.Blocks:
    """Build the page; no weights are read until it is up.

    Args:
        load: gives the predictor of a variant, or raises `WeightsError`.
    """
    use_private_folder()
    predictors = Predictors(load)
    examples = sorted(_EXAMPLES.glob("*.png"))
    with PrivateBlocks(title=content.TITLE, analytics_enabled=False) as demo:
        gr.HTML(views.header(), js_on_load=_ON_PASTE)
        own = recalibration.own_calibrations()
        with gr.Tab("Read"):
            read.build(predictors, examples, own)
        with gr.Tab("Compare"):
            compare.build(predictors, examples)
        with gr.Tab("Batch"):
            batch.build(predictors)
        with gr.Tab("Performance") as tab:
            performance.build(predictors, tab, own)
        with gr.Tab("About"):
            about.build()
    demo.health = Health(predictors)
    # A longer queue would only make everybody wait; beyond it Gradio says that the page is busy.
    return demo.queue(max_size=20, api_open=False)


def launch(demo: gr.Blocks) -> None:
    """Serve the page to this machine, or as GRADIO_SERVER_NAME and GRADIO_SERVER_PORT say, until interrupted.

    Beside it `/health` answers, and what is done is logged as JSON lines on standard error.
    """
    return_large_blocks()
    uploads = use_private_folder()
    delete_regularly(uploads, KEPT_SECONDS)
    delete_when_stopped(uploads)
    demo.launch(
        theme=_theme(),
        css_paths=_FOLDER / "style.css",
        footer_links=[],
        max_file_size="100mb",
        strict_cors=True,
        # A session keeps a preview of some megabytes.
        state_session_capacity=200,
        # What follows would send the page, its use or a reader's images elsewhere, or keep them.
        share=False,
        run_history=False,
        enable_monitoring=False,
        ssr_mode=False,
        pwa=False,
        mcp_server=False,
        app_kwargs={**app_settings(), "routes": [demo.health.route]},
        prevent_thread_lock=True,
    )
    # Only now: what takes time must not keep the page from opening.
    demo.health.begin()
    demo.block_thread()


def _theme() -> gr.themes.Base:
    theme = gr.themes.Default(primary_hue="blue", neutral_hue="slate", font=_SANS, font_mono=_MONO)
    # Gradio's own subdued text and primary button fall short of the contrast that WCAG asks for.
    return theme.set(
        body_text_color_subdued="*neutral_600",
        body_text_color_subdued_dark="*neutral_300",
        color_accent="*primary_700",
        link_text_color_dark="*primary_300",
        block_label_text_color="*neutral_600",
        block_info_text_color="*neutral_600",
        button_primary_background_fill="*primary_700",
        button_primary_background_fill_hover="*primary_800",
        button_primary_background_fill_dark="*primary_700",
        button_primary_background_fill_hover_dark="*primary_600",
    )
