"""Many images with one variant: rows while they are read, one of them opened, all of them taken away as files."""

import tempfile
import time
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.utils import get_upload_folder
from PIL import Image

from demo import content, views
from demo.handlers import Predictors, refused, unavailable
from pneumonia import Prediction, Predictor
from pneumonia.archives import ZipMember, list_members
from pneumonia.errors import ImageError, WeightsError
from pneumonia.images import Radiograph, decode
from pneumonia.tables import READING_COLUMNS, CsvWriter, reading_row

MOST_FILES = 5000
# Seconds between two redrawings of the table.
_REDRAWN_EVERY = 0.5
_ZIP_SIGNATURE = b"PK\x03\x04"


@dataclass(frozen=True)
class Upload:
    """One file to read.

    Attributes:
        name: as the reader knows it; inside an archive with its folders.
        source: of its bytes.
    """

    name: str
    source: Path | ZipMember


@dataclass
class BatchSession:
    """What is kept of one open page's batch. Images are not kept: a reading that is opened is read again.

    Attributes:
        uploads: the files, in order.
        records: what came of those read so far, in the same order, as `Prediction.to_dict` with the name.
        variant: they are read with.
        operating_point: they are judged at.
        stopped: whether the reader wants no more images read.
        shown: which findings the table shows; a key of `content.BATCH_FILTERS`.
    """

    uploads: list[Upload] = field(default_factory=list)
    records: list[dict[str, Any]] = field(default_factory=list)
    variant: str = ""
    operating_point: str = ""
    stopped: bool = False
    shown: str = content.ALL


class BatchHandlers:
    """Events of the Batch tab."""

    def __init__(self, predictors: Predictors) -> None:
        self._predictors = predictors

    def read(
        self, files: Sequence[str] | None, variant: str, operating_point: str, session: BatchSession
    ) -> Iterator[tuple]:
        """Read all files, one after the other: records, session, progress, table; again and again while it goes on."""
        try:
            predictor = self._predictors.get(variant)
        except WeightsError as error:
            raise refused(unavailable(variant, str(error))) from error
        uploads = _uploads(files)
        session.uploads, session.records = uploads, []
        session.variant, session.operating_point = variant, operating_point
        started = redrawn = time.monotonic()
        yield gr.skip(), session, views.batch_progress(0, len(uploads), None), _rows(session)
        with closing(predictor.predict_many((upload.source for upload in uploads), operating_point)) as readings:
            for upload in uploads:
                if session.stopped:
                    break
                session.records.append(views.record(next(readings), upload.name))
                now = time.monotonic()
                if now - redrawn >= _REDRAWN_EVERY:
                    redrawn, done = now, len(session.records)
                    left = (now - started) / done * (len(uploads) - done)
                    yield gr.skip(), session, views.batch_progress(done, len(uploads), left), _rows(session)
        yield session.records, session, views.batch_summary(session.records, len(uploads)), _rows(session)

    def begin(self, session: BatchSession) -> None:
        """Note that a batch is wanted, before it waits its turn."""
        session.stopped = False

    def stop(self, session: BatchSession) -> None:
        """End the batch after the image that is being read, or before the first; it then shows what it has."""
        session.stopped = True

    def judge(self, operating_point: str, session: BatchSession) -> list[list[Any]]:
        """Judge what was read at another operating point, without running a network: table."""
        if not session.records:
            return gr.skip()
        session.operating_point = operating_point
        point = self._predictors.get(session.variant).operating_points[operating_point]
        for record in session.records:
            record |= {"operating_point": point.name, "threshold": point.threshold}
            if record["probability"] is not None:
                record["finding"] = point.finding(record["probability"])
        return _rows(session)

    def show(self, shown: str, session: BatchSession) -> list[list[Any]]:
        """Show some findings only: table."""
        session.shown = shown
        return _rows(session)

    def open(self, session: BatchSession, event: gr.SelectData) -> tuple:
        """Open the reading of the row that was chosen: verdict, overlay, colour key, share, checks, original."""
        # By its number, as the table may be sorted or filtered.
        number = int(event.row_value[0])
        upload = session.uploads[number - 1]
        predictor = self._predictors.get(session.variant)
        radiograph, prediction = _read(upload, predictor, session.operating_point)
        heading = views.batch_heading(number, upload.name)
        if radiograph is None:
            return heading + views.rejection(prediction.error), None, "", "", "", None
        shown = views.preview(radiograph.pixels)
        scale = predictor.heatmap_scale
        verdict = views.verdict(prediction, self._predictors.point(prediction), predictor.version)
        overlay = views.overlay_on(shown, prediction, scale)
        share = views.in_lungs(prediction)
        return heading + verdict, overlay, views.colour_key(scale), share, views.checks(prediction), shown

    def save_table(self, session: BatchSession) -> dict[str, Any]:
        """Write what was read as CSV: download button."""
        if not session.records:
            return gr.update(value=None, interactive=False)
        path = _new_file("readings.csv")
        with path.open("w", newline="", encoding="utf-8") as file:
            table = CsvWriter(file, ("name", *READING_COLUMNS))
            for record in session.records:
                table.write(reading_row(record))
        return gr.update(value=str(path), interactive=True)

    def save_overlays(self, session: BatchSession, progress: gr.Progress = gr.Progress()) -> dict[str, Any]:  # noqa: B008
        """Write the overlays of all that was read as a ZIP archive of PNG files: download."""
        if not session.records:
            raise refused(content.NOTHING_READ)
        predictor = self._predictors.get(session.variant)
        path = _new_file("overlays.zip")
        # PNG files are compressed already.
        with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
            for number, record in progress.tqdm(list(enumerate(session.records, start=1)), desc=content.OVERLAYS):
                upload = session.uploads[number - 1]
                if record["status"] != "read":
                    continue
                radiograph, prediction = _read(upload, predictor, session.operating_point)
                if radiograph is None:
                    continue
                shown = views.preview(radiograph.pixels)
                overlay = views.overlay_on(shown, prediction, predictor.heatmap_scale)
                stream = BytesIO()
                Image.fromarray(overlay).save(stream, "PNG")
                # The number in the table keeps equal names from different folders apart.
                archive.writestr(f"{number:04} {Path(upload.name).name}.png", stream.getvalue())
        return gr.update(value=str(path), visible=True)


def _uploads(files: Sequence[str] | None) -> list[Upload]:
    """The files that were chosen, those inside of archives one by one."""
    if not files:
        raise refused(content.NO_FILES)
    uploads: list[Upload] = []
    for path in map(Path, files):
        if not path.is_file():
            raise refused(content.EXPIRED)
        with path.open("rb") as file:
            is_archive = file.read(len(_ZIP_SIGNATURE)) == _ZIP_SIGNATURE
        if not is_archive:
            uploads.append(Upload(path.name, path))
            continue
        try:
            uploads += [Upload(member.name, member) for member in list_members(path, MOST_FILES)]
        except ImageError as error:
            raise refused(f"{path.name}: {error}") from error
    if len(uploads) > MOST_FILES:
        raise refused(content.TOO_MANY.format(count=len(uploads), most=MOST_FILES))
    return uploads


def _read(upload: Upload, predictor: Predictor, operating_point: str) -> tuple[Radiograph | None, Prediction]:
    """Read one file again; None for what cannot be read."""
    try:
        radiograph = decode(upload.source)
    except ImageError:
        # The predictor meets the same error and turns it into a rejected prediction.
        return None, predictor.predict(upload.source, operating_point)
    return radiograph, predictor.predict(radiograph, operating_point)


def _rows(session: BatchSession) -> list[list[Any]]:
    """The table's rows of those records that are to be shown."""
    kept = content.BATCH_FILTERS[session.shown]
    numbered = enumerate(session.records, start=1)
    return [views.batch_row(number, record) for number, record in numbered if kept is None or record["finding"] in kept]


def _new_file(name: str) -> Path:
    """A place for a download among the uploads, which are deleted after a while."""
    folder = Path(get_upload_folder())
    folder.mkdir(parents=True, exist_ok=True)
    return Path(tempfile.mkdtemp(dir=folder)) / name
