"""DICOM objects of the reading that is shown, with one click."""

import zipfile
from datetime import datetime
from pathlib import Path

import gradio as gr

from demo.report.layout import FETCH
from demo.server.downloads import new_file
from demo.shared import texts as shared_texts
from demo.shared.events import PRIVATE, READING_QUEUE
from demo.shared.predictors import Predictors
from demo.shared.session import Session
from demo.shared.user_error import user_error
from demo.tabs.read import texts
from pneumonia.core.correction import UNCHANGED
from pneumonia.dicom_out.objects import make_objects, to_files
from pneumonia.errors import DicomOutputError, ImageError, MissingExtraError


def dicom_button(predictors: Predictors, session: gr.State) -> gr.Button:
    """Lay a button out that hands the objects out, and wire it; it is seen when a DICOM image was read."""
    with gr.Column(elem_classes="report"):
        button = gr.Button(texts.DICOM, size="sm", visible=False, elem_id="dicom-button")
    file = gr.File(visible=False)

    def on_click(session: Session) -> str:
        return on_dicom_request(predictors, session)

    queue = {**READING_QUEUE, "trigger_mode": "once"}
    file_written = button.click(on_click, session, file, **queue, **PRIVATE, show_progress_on=button)
    file_written.success(None, file, js=FETCH, **PRIVATE)
    return button


def on_dicom_request(predictors: Predictors, session: Session) -> str:
    """Write the objects as a ZIP archive: its path.

    Raises:
        gr.Error: nothing was read, the upload was deleted, or no objects can be made of it.
    """
    if session.reading is None or session.file is None:
        raise user_error(shared_texts.NOTHING_READ)
    if not Path(session.file).is_file():
        raise user_error(shared_texts.UPLOAD_DELETED)
    if session.correction != UNCHANGED:
        raise user_error(texts.CHANGED_BY_READER)
    ((variant, prediction),) = session.reading.predictions.items()
    try:
        objects = make_objects(session.file, prediction, predictors.calibrated(variant, prediction.calibration))
    except (DicomOutputError, ImageError, MissingExtraError) as error:
        raise user_error(str(error)) from None
    with new_file(f"dicom-{datetime.now():%Y-%m-%d-%H%M}.zip") as path, zipfile.ZipFile(path, "w") as archive:
        for name, contents in to_files(objects).items():
            archive.writestr(name, contents)
    return str(path)
