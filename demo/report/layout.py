"""Report row of a tab: what is shown there, as a file, with one click."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import gradio as gr

from demo.report import texts
from demo.report.handlers import LONGEST_COMMENT, ReportHandlers
from demo.shared.events import PRIVATE, READING_QUEUE
from demo.shared.predictors import Predictors

# A download button hands out the file it had before the click; so the file is made first, then fetched.
FETCH = "(file) => Object.assign(document.createElement('a'), {href: file.url, download: file.orig_name}).click()"
# The server may stand, or think that it stands, in another time zone than the reader.
_WITH_ZONE = "(name, session, comment) => [name, session, comment, -new Date().getTimezoneOffset()]"


@dataclass(frozen=True)
class ReportRow:
    """The row's components."""

    comment: gr.Textbox
    pdf: gr.Button
    json: gr.Button
    with_name: gr.Checkbox
    zone: gr.Number
    file: gr.File

    def wire(self, predictors: Predictors, session: gr.State, comparison: bool, choices: Sequence[Callable]) -> None:
        """Make the buttons give reports of what a session shows.

        Args:
            predictors: those of the page.
            session: of the tab.
            comparison: whether several readings are shown beside each other.
            choices: listeners for the choice of another image, to which a comment on the last one does not belong.
        """
        handlers = ReportHandlers(predictors, comparison)
        gr.on(list(choices), None, outputs=self.comment, js="() => ''", **PRIVATE)
        for button, make in ((self.pdf, handlers.on_pdf_request), (self.json, handlers.on_json_request)):
            file_written = button.click(
                make,
                [self.with_name, session, self.comment, self.zone],
                self.file,
                js=_WITH_ZONE,
                **{**READING_QUEUE, "trigger_mode": "once"},
                **PRIVATE,
                show_progress_on=button,
            )
            file_written.success(None, self.file, js=FETCH, **PRIVATE)


def report_row(elem_id: str) -> ReportRow:
    """Lay the row out; call where it shall stand, and wire it when there is a session."""
    with gr.Column(elem_classes="report"):
        comment = gr.Textbox(
            label=texts.COMMENT,
            info=texts.COMMENT_HELP,
            lines=2,
            max_lines=8,
            max_length=LONGEST_COMMENT,
            elem_id=f"{elem_id}-comment",
        )
        with gr.Row():
            pdf = gr.Button(texts.PDF, size="sm", elem_id=f"{elem_id}-pdf")
            json = gr.Button(texts.JSON, size="sm", elem_id=f"{elem_id}-json")
        with_name = gr.Checkbox(label=texts.NAME, info=texts.NAME_HELP, container=False, elem_id=f"{elem_id}-name")
    return ReportRow(comment, pdf, json, with_name, gr.Number(visible=False), gr.File(visible=False))
