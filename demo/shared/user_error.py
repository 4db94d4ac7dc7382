"""Errors whose sentence the page shows."""

from html import escape

import gradio as gr


def user_error(sentence: str) -> gr.Error:
    """Build the error to raise for a request that cannot be met; the page shows the sentence."""
    # Gradio shows it as HTML, and it may hold the name of a file. Expected, so the log needs no traceback either.
    return gr.Error(escape(sentence, quote=False), print_exception=False)
