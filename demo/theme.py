"""The look of the page: fonts, colours, the sheets of styles, and its scripts."""

from pathlib import Path

import gradio as gr

_HERE = Path(__file__).parent
STYLES = (_HERE / "style.css", _HERE / "viewer" / "viewer.css", _HERE / "tabs" / "batch" / "worklist.css")
_SCRIPTS = (
    _HERE / "page.js",
    _HERE / "failures.js",
    _HERE / "viewer" / "viewer.js",
    _HERE / "tabs" / "batch" / "worklist.js",
)

# Plain strings name fonts of the reader's own system; Gradio's font classes would fetch files.
_SANS = ("system-ui", "-apple-system", "'Segoe UI'", "Roboto", "'Helvetica Neue'", "sans-serif")
_MONO = ("ui-monospace", "Menlo", "Consolas", "monospace")


def theme() -> gr.themes.Base:
    """Give Gradio's default theme with the page's fonts and enough contrast."""
    default = gr.themes.Default(primary_hue="blue", neutral_hue="slate", font=_SANS, font_mono=_MONO)
    # Gradio's own subdued text and primary button fall short of the contrast that WCAG asks for.
    return default.set(
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


def head() -> str:
    """Give the page's own scripts, as part of its head: nothing else is asked for, wherever the page is served."""
    return "".join(f"<script>{script.read_text(encoding='utf-8')}</script>" for script in _SCRIPTS)
