"""Many images with one variant: rows while they are read, one of them opened, all of them taken away as files."""

import os
import re
import time
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np

from demo.server.downloads import new_file, new_folder
from demo.server.gradio_internals import folder_address
from demo.shared import page_html, prediction_html, radiograph_images
from demo.shared import texts as shared_texts
from demo.shared.predictors import Predictors, chosen_population, reading_record
from demo.shared.session import Reading, judge_again
from demo.shared.texts import NOT_STATED
from demo.shared.uploaded_image import decode_once
from demo.shared.user_error import user_error
from demo.tabs.batch import texts, views
from demo.tabs.batch.files import Upload, archives_in_use, list_uploads
from demo.tabs.batch.session import Batch, BatchSession, Listed
from demo.viewer import contents
from demo.viewer.region_tests import RegionTests
from pneumonia import Prediction, Predictor
from pneumonia.explain.overlay import to_jpeg
from pneumonia.imaging.decode import decode
from pneumonia.imaging.zip_archive import ZipMember
from pneumonia.inference.reading_log import log_batch
from pneumonia.inference.shared_analysis import SharedAnalysis
from pneumonia.records.reading_table import READING_COLUMNS, reading_row
from pneumonia.utils.safe_csv import CsvWriter, plain_name

# Of a picture; what else follows the last point of a name may be a part of it.
_ENDING = re.compile(r"\.(jpe?g|png|tiff?|bmp|webp|dcm|dicom)$", re.IGNORECASE)
_REDRAW_SECONDS = 0.5  # between two updates of the list


class BatchHandlers:
    """Events of the Batch tab."""

    def __init__(self, predictors: Predictors) -> None:
        self._predictors, self._regions = predictors, RegionTests(predictors)

    def on_read(
        self,
        files: Sequence[str] | None,
        variant: str,
        operating_point: str,
        session: BatchSession,
        population: str = NOT_STATED,
    ) -> Iterator[tuple]:
        """Read all files, one after the other: records, session, progress, list; again and again while it goes on."""
        predictor, uploads = self._predictors.require(variant), list_uploads(files)
        operating_point = self._predictors.point(variant, operating_point).name
        chosen = chosen_population(population)
        batch = Batch(uploads, variant, operating_point, new_folder(), chosen, stopped=session.stopped_early)
        session.batch = batch
        session.stopped_early = session.expired = False
        started = redrawn = time.monotonic()
        try:
            yield gr.skip(), session, views.progress(0, len(uploads), None), _worklist(batch)
            sources = (
                partial(_open, upload.source, _thumbnail(batch, number))
                for number, upload in enumerate(uploads, start=1)
                if upload.refusal is None
            )
            with (
                archives_in_use(uploads),
                closing(predictor.predict_many(sources, operating_point, chosen)) as readings,
            ):
                for upload in uploads:
                    if batch.stopped:
                        break
                    refusal = upload.refusal
                    reading = (
                        next(readings) if refusal is None else predictor.rejected(refusal, operating_point, chosen)
                    )
                    self._list(reading, upload.name, batch)
                    now = time.monotonic()
                    if now - redrawn >= _REDRAW_SECONDS:
                        redrawn, done = now, len(batch.records)
                        left = (now - started) / done * (len(uploads) - done)
                        yield gr.skip(), session, views.progress(done, len(uploads), left), _worklist(batch)
        finally:
            # Whether it is through, was stopped, or failed.
            log_batch(started, batch.variant, batch.operating_point, batch.records)
            batch.ended = True
        yield batch.records, session, _summary(batch), _worklist(batch)

    def on_start(self, session: BatchSession) -> tuple:
        """Note that a batch is wanted, before it waits its turn, and take the opened reading and the downloads away:
        verdict, viewer, details, region test, CSV, archive."""
        session.stopped_early = False
        session.forget()
        opened = (page_html.prompt(texts.OPEN_A_ROW), None, "", "")
        return *opened, gr.update(value=None, interactive=False), gr.update(value=None, visible=False)

    def on_choice_change(self, session: BatchSession) -> str:
        """Say that the list is of other files, another network or patient than is chosen by now: progress."""
        batch = session.batch
        if batch is None or not batch.ended:
            return gr.skip()
        batch.outdated = True
        return _summary(batch)

    def on_stop(self, session: BatchSession) -> None:
        """End the batch after the images that are being read, or before the first; it then shows what it has."""
        session.stopped_early = True
        if session.batch is not None:
            session.batch.stopped = True

    def on_operating_point_change(self, operating_point: str, session: BatchSession) -> tuple:
        """Judge all readings at another operating point, without running a network: progress, list, verdict, details.

        The last two are of the opened row.
        """
        batch = session.batch
        if batch is None:
            prompt = page_html.prompt(shared_texts.SESSION_EXPIRED)
            return (prompt, None, "", "") if session.expired else (gr.skip(),) * 4
        batch.operating_point = operating_point
        for number in range(1, len(batch.records) + 1):
            self._judge(number, batch)
        opened = self._judge_opened(session, session.generation)
        shown = (gr.skip(),) * 2 if opened is None else self._card(session, opened)
        return _summary(batch) if batch.ended else gr.skip(), _worklist(batch), *shown

    def on_row_open(self, session: BatchSession, event: gr.EventData) -> tuple:
        """Open the reading of the row that was chosen: verdict, viewer, details, and that its region is tested."""
        batch = session.batch
        # By its number, as the list may be sorted or filtered; a row of an earlier list may have none here.
        try:
            number = int(event.index)
        except (TypeError, ValueError):
            raise user_error(shared_texts.WRONG_VALUES) from None
        if batch is None or not 1 <= number <= len(batch.records):
            raise user_error(shared_texts.UPLOAD_DELETED)
        return self._open(number, batch, session, batch.population_of(number))[0]

    def on_whose(self, session: BatchSession, event: gr.EventData) -> tuple:
        """Read one image as of the population that a button of its card names, in the list too: verdict, viewer,
        details, that its region is tested, summary, list."""
        batch, choices = session.batch, shared_texts.ASKED
        if not isinstance(event.index, int):
            raise user_error(shared_texts.WRONG_VALUES)
        number, choice = divmod(event.index, len(choices))
        if batch is None or not 1 <= number <= len(batch.records):
            raise user_error(shared_texts.UPLOAD_DELETED)
        nothing = (gr.skip(),) * 6
        # The card may be on the screen still when another row is being opened, or another batch read.
        if session.opened != (number, batch.uploads[number - 1]):
            return nothing
        shown, prediction = self._open(number, batch, session, choices[choice])
        if prediction.status == "read":
            batch.listed[number - 1] = replace(batch.listed[number - 1], prediction=replace(prediction, lungs=None))
            batch.records[number - 1] = reading_record(prediction, batch.uploads[number - 1].name)
            self._judge(number, batch)
        if session.batch is not batch:
            return nothing
        return *shown, _summary(batch) if batch.ended else gr.skip(), _worklist(batch)

    def _open(
        self, number: int, batch: Batch, session: BatchSession, population: str | None
    ) -> tuple[tuple, Prediction]:
        """Read one image again: what shows it, which is nothing where another was opened meanwhile; and its reading."""
        # Another row may be opened, or another batch begun, while this one is read.
        session.forget()
        upload, predictor = batch.uploads[number - 1], self._predictors.get(batch.variant)
        session.opened, generation = (number, upload), session.generation
        with archives_in_use([upload]):
            pixels, prediction = _read(upload, predictor, batch.operating_point, population)
        heading = views.heading(number, upload.name)
        picture = None if pixels is None else contents.write_picture(pixels)
        nothing = (gr.skip(),) * 4
        if prediction.status == "rejected":
            # What could be decoded is shown, so that one sees what is wrong with it.
            shown = None if picture is None else contents.side_by_side([contents.bare_pane(picture)])
            refusal = page_html.rejection(prediction.error, prediction_html.warnings({"": prediction}))
            view = heading + refusal, shown, "", ""
            return view if session.keep(None, generation) else nothing, prediction
        reading = Reading(radiograph_images.preview(pixels), {batch.variant: prediction}, upload.name, picture=picture)
        if not session.keep(reading, generation) or (judged := self._judge_opened(session, generation)) is None:
            return nothing, prediction
        verdict, details = self._card(session, judged)
        view = verdict, self._regions.viewer(reading), details, self._regions.announcement(reading)
        return view, prediction

    def on_row_opened(self, session: BatchSession) -> BatchSession:
        """Renew the list and its files, whose time begins again with each row that is opened: session.

        Gradio renews what it is given.
        """
        batch = session.batch
        if batch is not None:
            uploads = {upload.path for upload in batch.uploads}
            for path in (*uploads, *batch.thumbnails.glob("*"), *batch.downloads.values()):
                with suppress(OSError):  # it may just have been deleted
                    os.utime(path)
        return session

    def on_region_test(self, session: BatchSession) -> tuple:
        """Test whether the region that the opened reading outlines matters: sentence, viewer, verdict."""

        def decoded() -> SharedAnalysis | Path | ZipMember:
            _, upload = session.opened
            with archives_in_use([upload]):
                return decode_once(upload.source)

        return self._regions.test(session, decoded, lambda reading: self._card(session, reading)[0])

    def on_open_failure(self, session: BatchSession) -> tuple:
        """Take the row's predecessor away, which would stand beside it: verdict, viewer, details, region test."""
        session.forget()
        return page_html.prompt(shared_texts.TRY_AGAIN), None, "", ""

    def _judge_opened(self, session: BatchSession, generation: int) -> Reading | None:
        """Judge the opened reading as the list is by now; None where there is none, or another one by now."""
        judged = judge_again(self._predictors, session.batch.operating_point, session)
        return judged if judged is not None and session.keep(judged, generation) else None

    def _card(self, session: BatchSession, reading: Reading) -> tuple[str, str]:
        number, upload = session.opened
        (named,) = reading.predictions.items()
        judged, confirmed = self._predictors.judged_prediction(*named), not reading.region.unconfirmed

        def button(name: str) -> str:
            return f'data-index="{number * len(shared_texts.ASKED) + shared_texts.ASKED.index(name)}"'

        # Who pressed the wrong one can press the other.
        said = judged.prediction.population_source == "reader" and session.batch.population is None
        again = prediction_html.population_buttons(button) if said else ""
        verdict = (
            views.heading(number, upload.name)
            + prediction_html.verdict(judged, confirmed=confirmed, button=button)
            + again
            + prediction_html.figures(judged)
        )
        return verdict, prediction_html.details(judged)

    def _list(self, prediction: Prediction, name: str, batch: Batch) -> None:
        """Add a reading to a batch, judged as this is by now."""
        record = reading_record(prediction, name)
        thumbnail = _thumbnail(batch, len(batch.records) + 1).exists()
        batch.listed.append(Listed(replace(prediction, lungs=None), thumbnail))
        batch.rows.append(views.Row())
        batch.records.append(record)
        self._judge(len(batch.records), batch)

    def _judge(self, number: int, batch: Batch) -> None:
        """Judge a reading at the operating point of its batch: its record and its row."""
        listed, record = batch.listed[number - 1], batch.records[number - 1]
        prediction = self._predictors.judged(batch.variant, listed.prediction, batch.operating_point)
        record |= {name: getattr(prediction, name) for name in ("operating_point", "threshold", "finding")}
        judged = self._predictors.judged_prediction(batch.variant, prediction)
        batch.rows[number - 1] = views.row(record["name"], judged, listed.thumbnail)

    def on_readings_change(self, session: BatchSession) -> dict[str, Any]:
        """Write what was read as CSV, once no more is being read: download button."""
        batch = session.batch
        if batch is None or not batch.ended or not batch.records:
            return gr.update(value=None, interactive=False)
        with (
            new_file("readings.csv") as path,
            path.open("w", newline="", encoding="utf-8", errors="backslashreplace") as file,
        ):
            table = CsvWriter(file, ("name", "answer", *READING_COLUMNS))
            for row, record in zip(batch.rows, batch.records, strict=True):
                table.write({**reading_row(record), "answer": row.answer})
        batch.downloads[path.name] = path
        return gr.update(value=str(path), interactive=True)

    def on_overlays_request(self, session: BatchSession, progress: gr.Progress = gr.Progress()) -> dict[str, Any]:  # noqa: B008
        """Write the overlays of all that was read as a ZIP archive of JPEG files: download."""
        batch = session.batch
        if batch is None or not batch.records:
            raise user_error(shared_texts.NOTHING_READ)
        predictor = self._predictors.get(batch.variant)
        numbered = list(enumerate(zip(batch.uploads, batch.records, strict=False), start=1))
        with (
            new_file("overlays.zip") as path,
            archives_in_use(batch.uploads),
            # JPEG files are compressed already.
            zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive,
        ):
            for number, (upload, record) in progress.tqdm(numbered, desc=texts.OVERLAYS):
                if record["status"] != "read":
                    continue
                population = batch.population_of(number)
                pixels, prediction = _read(upload, predictor, batch.operating_point, population)
                if prediction.image_sha256 != record["image_sha256"]:
                    raise user_error(shared_texts.UPLOAD_DELETED)
                shown = radiograph_images.preview(pixels)
                overlay = radiograph_images.overlay_on(shown, prediction, predictor.heatmap_scale)
                # The number in the table keeps equal names from different folders apart. The archive says nothing of
                # the time, which a clock before 1980 could not even be written as.
                stem = _ENDING.sub("", plain_name(upload.name))
                archive.writestr(zipfile.ZipInfo(f"{number:04} {stem}.jpg"), to_jpeg(overlay))
        batch.downloads[path.name] = path
        return gr.update(value=str(path), visible=True)


def _read(
    upload: Upload, predictor: Predictor, operating_point: str, population: str | None
) -> tuple[np.ndarray | None, Prediction]:
    """Read one file again: its pixels, float32 (H, W), or None if it cannot be decoded, and its reading."""
    if not upload.path.is_file():
        raise user_error(shared_texts.UPLOAD_DELETED)
    if upload.refusal is not None:
        return None, predictor.rejected(upload.refusal, operating_point, population)
    source = decode_once(upload.source)
    pixels = source.radiograph.pixels if isinstance(source, SharedAnalysis) else None
    return pixels, predictor.predict(source, operating_point, population)


def _open(source: Path | ZipMember, thumbnail: Path) -> SharedAnalysis:
    """Decode a file, and write its thumbnail; a full disk costs that alone."""
    case = SharedAnalysis(decode(source))
    with suppress(OSError):
        thumbnail.write_bytes(radiograph_images.row_thumbnail(case))
    return case


def _thumbnail(batch: Batch, number: int) -> Path:
    return batch.thumbnails / f"{number}.jpg"


def _worklist(batch: Batch) -> dict[str, Any]:
    """What the list shows, as `worklist.worklist` says."""
    return {
        "count": len(batch.uploads),
        "rows": "\n".join(row.line for row in batch.rows),
        "ended": batch.ended,
        "thumbnails": folder_address(batch.thumbnails),
    }


def _summary(batch: Batch) -> str:
    if batch.outdated:
        return page_html.prompt(texts.READ_AGAIN)
    return views.summary([row.state for row in batch.rows], len(batch.uploads), batch.operating_point)
