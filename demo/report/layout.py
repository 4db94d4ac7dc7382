"""Report row of a tab: what is shown there, as a file, with one click."""

from dataclasses import dataclass

import gradio as gr

from demo.report import texts
from demo.report.handlers import ReportHandlers
from demo.shared.events import PRIVATE, READING_QUEUE
from demo.shared.predictors import Predictors

# A download button hands out the file it had before the click; so the file is made first, then fetched.
FETCH = "(file) => Object.assign(document.createElement('a'), {href: file.url, download: file.orig_name}).click()"


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
        for button, make in ((self.pdf, handlers.on_pdf_request), (self.json, handlers.on_json_request)):
            file_written = button.click(
                make,
                [self.with_name, session],
                self.file,
                **{**READING_QUEUE, "trigger_mode": "once"},
                **PRIVATE,
                show_progress_on=button,
            )
            file_written.success(None, self.file, js=FETCH, **PRIVATE)


def report_row(elem_id: str) -> ReportRow:
    """Lay the row out; call where it shall stand, and wire it when there is a session."""
    with gr.Column(elem_classes="report"):
        with gr.Row():
            pdf = gr.Button(texts.PDF, size="sm", elem_id=f"{elem_id}-pdf")
            json = gr.Button(texts.JSON, size="sm", elem_id=f"{elem_id}-json")
        with_name = gr.Checkbox(label=texts.NAME, info=texts.NAME_HELP, container=False, elem_id=f"{elem_id}-name")
    return ReportRow(pdf, json, with_name, gr.File(visible=False))
