"""Many images with one variant: rows while they are read, one of them opened, all of them taken away as files."""

import time
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np

from demo.server.downloads import new_file
from demo.shared import page_html, prediction_html, radiograph_images
from demo.shared import texts as shared_texts
from demo.shared.predictors import Predictors, chosen_population, reading_record
from demo.shared.session import TabSession
from demo.shared.texts import NOT_STATED
from demo.shared.uploaded_image import decode_once
from demo.shared.user_error import user_error
from demo.tabs.batch import texts, views
from demo.viewer import contents
from pneumonia import Prediction, Predictor
from pneumonia.errors import ImageError
from pneumonia.explain.overlay import to_png
from pneumonia.imaging.zip_archive import ZipMember, list_members
from pneumonia.inference.reading_log import log_batch
from pneumonia.inference.shared_analysis import SharedAnalysis
from pneumonia.records.reading_table import READING_COLUMNS, reading_row
from pneumonia.utils.safe_csv import CsvWriter, plain_name

MAX_FILES = 5000
_REDRAW_SECONDS = 0.5  # between two updates of the table
_ZIP_SIGNATURE = b"PK\x03\x04"


@dataclass(frozen=True)
class Upload:
    """File to read.

    Attributes:
        name: as the reader knows it; inside an archive with its folders.
        source: of its bytes.
        refusal: why it cannot be read, where it is an archive whose files cannot be listed.
    """

    name: str
    source: Path | ZipMember
    refusal: str | None = None


@dataclass
class Batch:
    """Run over some files. Images are not kept: a reading that is opened is read again.

    Attributes:
        uploads: the files, in order.
        variant: they are read with.
        operating_point: they are judged at.
        population: of all patients; None where each image tells.
        records: of those read so far, in the same order, as `Prediction.to_dict` with the name.
        stopped: whether no more images are to be read.
        ended: whether none is being read any more.
    """

    uploads: list[Upload]
    variant: str
    operating_point: str
    population: str | None = None
    records: list[dict[str, Any]] = field(default_factory=list)
    stopped: bool = False
    ended: bool = False


@dataclass
class BatchSession(TabSession):
    """State of the Batch tab.

    Attributes:
        batch: the last one; the next takes its place, and what still works on the last one is not disturbed.
        stopped_early: whether a batch that waits its turn is to be stopped.
        shown: which findings the table shows; a key of `texts.FILTERS`.
    """

    batch: Batch | None = None
    stopped_early: bool = False
    shown: str = texts.ALL


class BatchHandlers:
    """Events of the Batch tab."""

    def __init__(self, predictors: Predictors) -> None:
        self._predictors = predictors

    def on_read(
        self,
        files: Sequence[str] | None,
        variant: str,
        operating_point: str,
        session: BatchSession,
        population: str = NOT_STATED,
    ) -> Iterator[tuple]:
        """Read all files, one after the other: records, session, progress, table; again and again while it goes on."""
        predictor, uploads = self._predictors.require(variant), _uploads(files)
        operating_point = self._predictors.point(variant, operating_point).name
        chosen = chosen_population(population)
        session.batch = batch = Batch(uploads, variant, operating_point, chosen, stopped=session.stopped_early)
        session.stopped_early = session.expired = False
        started = redrawn = time.monotonic()
        try:
            yield gr.skip(), session, views.progress(0, len(uploads), None), _rows(session)
            with (
                _archives_in_use(uploads),
                closing(
                    predictor.predict_many(
                        (upload.source for upload in uploads if upload.refusal is None), operating_point, chosen
                    )
                ) as readings,
            ):
                for upload in uploads:
                    if batch.stopped:
                        break
                    refusal = upload.refusal
                    reading = (
                        next(readings) if refusal is None else predictor.rejected(refusal, operating_point, chosen)
                    )
                    record = reading_record(reading, upload.name)
                    batch.records.append(record)
                    # It may have been changed since the first of them.
                    self._judge(record, batch)
                    now = time.monotonic()
                    if now - redrawn >= _REDRAW_SECONDS:
                        redrawn, done = now, len(batch.records)
                        left = (now - started) / done * (len(uploads) - done)
                        yield gr.skip(), session, views.progress(done, len(uploads), left), _rows(session)
        finally:
            # Whether it is through, was stopped, or failed.
            log_batch(started, batch.variant, batch.operating_point, batch.records)
            batch.ended = True
        yield batch.records, session, _summary(batch), _rows(session)

    def on_start(self, session: BatchSession) -> tuple:
        """Note that a batch is wanted, before it waits its turn, and take the opened reading and the downloads away:
        verdict, viewer, details, CSV, archive."""
        session.stopped_early = False
        opened = (page_html.prompt(texts.OPEN_A_ROW), None, "")
        return *opened, gr.update(value=None, interactive=False), gr.update(value=None, visible=False)

    def on_stop(self, session: BatchSession) -> None:
        """End the batch after the images that are being read, or before the first; it then shows what it has."""
        session.stopped_early = True
        if session.batch is not None:
            session.batch.stopped = True

    def on_operating_point_change(self, operating_point: str, session: BatchSession) -> tuple:
        """Judge the readings at another operating point, without running a network: progress, table."""
        batch = session.batch
        if batch is None:
            return (page_html.prompt(shared_texts.SESSION_EXPIRED), []) if session.expired else (gr.skip(), gr.skip())
        batch.operating_point = operating_point
        for record in batch.records:
            self._judge(record, batch)
        return _summary(batch) if batch.ended else gr.skip(), _rows(session)

    def _judge(self, record: dict[str, Any], batch: Batch) -> None:
        point = self._predictors.point(batch.variant, batch.operating_point, population=record["population"])
        record |= {"operating_point": point.name, "threshold": point.threshold}
        if record["probability"] is not None:
            record["finding"] = point.finding(record["probability"])

    def on_filter_change(self, shown: str | None, session: BatchSession) -> list[list[Any]]:
        """Show some findings only: table."""
        session.shown = shown or texts.ALL
        return _rows(session)

    def on_row_select(self, session: BatchSession, event: gr.SelectData) -> tuple:
        """Open the reading of the row that was chosen: verdict, viewer, details."""
        batch = session.batch
        # By its number, as the table may be sorted or filtered; a row of an earlier table may have none here.
        try:
            number = int(event.row_value[0])
        except (LookupError, TypeError, ValueError):
            raise user_error(shared_texts.WRONG_VALUES) from None
        if batch is None or not 1 <= number <= len(batch.records):
            raise user_error(shared_texts.UPLOAD_DELETED)
        upload, predictor = batch.uploads[number - 1], self._predictors.get(batch.variant)
        with _archives_in_use([upload]):
            pixels, prediction = _read(upload, predictor, batch)
        heading = views.heading(number, upload.name)
        picture = None if pixels is None else contents.write_picture(pixels)
        if prediction.status == "rejected":
            # What could be decoded is shown, so that one sees what is wrong with it.
            shown = None if picture is None else contents.side_by_side([contents.bare_pane(picture)])
            refusal = page_html.rejection(prediction.error, prediction_html.warnings(prediction))
            return heading + refusal, shown, ""
        judged, scale = self._predictors.judged_prediction(batch.variant, prediction), predictor.heatmap_scale
        return (
            heading + prediction_html.verdict(judged) + prediction_html.figures(judged),
            contents.side_by_side([contents.evidence_pane(picture, prediction, scale)], scale),
            prediction_html.details(judged),
        )

    def on_readings_change(self, session: BatchSession) -> dict[str, Any]:
        """Write what was read as CSV: download button."""
        if session.batch is None or not session.batch.records:
            return gr.update(value=None, interactive=False)
        with (
            new_file("readings.csv") as path,
            path.open("w", newline="", encoding="utf-8", errors="backslashreplace") as file,
        ):
            table = CsvWriter(file, ("name", *READING_COLUMNS))
            for record in session.batch.records:
                table.write(reading_row(record))
        return gr.update(value=str(path), interactive=True)

    def on_overlays_request(self, session: BatchSession, progress: gr.Progress = gr.Progress()) -> dict[str, Any]:  # noqa: B008
        """Write the overlays of all that was read as a ZIP archive of PNG files: download."""
        batch = session.batch
        if batch is None or not batch.records:
            raise user_error(shared_texts.NOTHING_READ)
        predictor = self._predictors.get(batch.variant)
        numbered = list(enumerate(zip(batch.uploads, batch.records, strict=False), start=1))
        with (
            new_file("overlays.zip") as path,
            _archives_in_use(batch.uploads),
            # PNG files are compressed already.
            zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive,
        ):
            for number, (upload, record) in progress.tqdm(numbered, desc=texts.OVERLAYS):
                if record["status"] != "read":
                    continue
                pixels, prediction = _read(upload, predictor, batch)
                if prediction.image_sha256 != record["image_sha256"]:
                    raise user_error(shared_texts.UPLOAD_DELETED)
                shown = radiograph_images.preview(pixels)
                overlay = radiograph_images.overlay_on(shown, prediction, predictor.heatmap_scale)
                # The number in the table keeps equal names from different folders apart. The archive says nothing of
                # the time, which a clock before 1980 could not even be written as.
                name = f"{number:04} {plain_name(upload.name)}.png"
                archive.writestr(zipfile.ZipInfo(name), to_png(overlay))
        return gr.update(value=str(path), visible=True)


def _uploads(files: Sequence[str] | None) -> list[Upload]:
    """The files that were chosen, those inside of archives one by one."""
    if not files:
        raise user_error(texts.NO_FILES)
    uploads: list[Upload] = []
    for path in map(Path, files):
        if not path.is_file():
            raise user_error(shared_texts.UPLOAD_DELETED)
        with path.open("rb") as file:
            is_archive = file.read(len(_ZIP_SIGNATURE)) == _ZIP_SIGNATURE
        if not is_archive:
            uploads.append(Upload(path.name, path))
            continue
        try:
            uploads += [Upload(member.name, member) for member in list_members(path, MAX_FILES)]
        except ImageError as error:
            uploads.append(Upload(path.name, path, str(error)))
    if all(upload.refusal is not None for upload in uploads):
        raise user_error(" ".join(f"{upload.name}: {upload.refusal}" for upload in uploads))
    if len(uploads) > MAX_FILES:
        raise user_error(texts.TOO_MANY.format(count=len(uploads), most=MAX_FILES))
    return uploads


def _read(upload: Upload, predictor: Predictor, batch: Batch) -> tuple[np.ndarray | None, Prediction]:
    """Read one file again: its pixels, float32 (H, W), or None if it cannot be decoded, and its reading."""
    if not (upload.source.archive.path if isinstance(upload.source, ZipMember) else upload.source).is_file():
        raise user_error(shared_texts.UPLOAD_DELETED)
    if upload.refusal is not None:
        return None, predictor.rejected(upload.refusal, batch.operating_point, batch.population)
    source = decode_once(upload.source)
    pixels = source.radiograph.pixels if isinstance(source, SharedAnalysis) else None
    return pixels, predictor.predict(source, batch.operating_point, batch.population)


def _rows(session: BatchSession) -> list[list[Any]]:
    """The table's rows of those records that are to be shown."""
    findings = texts.FILTERS[session.shown]
    numbered = enumerate(session.batch.records if session.batch else (), start=1)
    return [
        views.row(number, record) for number, record in numbered if findings is None or record["finding"] in findings
    ]


def _summary(batch: Batch) -> str:
    return views.summary(batch.records, len(batch.uploads), batch.operating_point)


def _archives_in_use(uploads: Sequence[Upload]) -> ExitStack:
    """Closes the archives in the end: a file that is open outlives its deletion."""
    stack = ExitStack()
    for archive in {upload.source.archive for upload in uploads if isinstance(upload.source, ZipMember)}:
        stack.enter_context(archive)
    return stack
