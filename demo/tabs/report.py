"""Report row of a tab: what is shown there, as a file, with one click."""

from dataclasses import dataclass

import gradio as gr

from demo import content
from demo.predictors import Predictors
from demo.report.handlers import ReportHandlers
from demo.tabs import PRIVATE, READING

# A download button hands out the file it had before the click; so the file is made first, then fetched.
_FETCH = "(file) => Object.assign(document.createElement('a'), {href: file.url, download: file.orig_name}).click()"


@dataclass(frozen=True)
class ReportRow:
    """The row's components."""

    pdf: gr.Button
    json: gr.Button
    with_name: gr.Checkbox
    file: gr.File

    def wire(self, predictors: Predictors, session: gr.State, comparison: bool) -> None:
        """Make the buttons give reports of what a session shows."""
        handlers = ReportHandlers(predictors, comparison)
        for button, make in ((self.pdf, handlers.pdf), (self.json, handlers.json)):
            made = button.click(
                make,
                [self.with_name, session],
                self.file,
                **{**READING, "trigger_mode": "once"},
                **PRIVATE,
                show_progress_on=button,
            )
            made.success(None, self.file, js=_FETCH, **PRIVATE)


def report_row(elem_id: str) -> ReportRow:
    """Lay the row out; call where it shall stand, and wire it when there is a session."""
    with gr.Column(elem_classes="report"):
        with gr.Row():
            pdf = gr.Button(content.REPORT_PDF, size="sm", elem_id=f"{elem_id}-pdf")
            json = gr.Button(content.REPORT_JSON, size="sm", elem_id=f"{elem_id}-json")
        with_name = gr.Checkbox(
            label=content.REPORT_NAME, info=content.REPORT_NAME_HELP, container=False, elem_id=f"{elem_id}-name"
        )
    return ReportRow(pdf, json, with_name, gr.File(visible=False))
