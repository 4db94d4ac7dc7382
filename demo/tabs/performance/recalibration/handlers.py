"""Events of the section that fits a calibration to a site from uploaded images; nothing is kept on the server."""

from contextlib import closing
from datetime import date
from pathlib import Path
from zipfile import is_zipfile

import gradio as gr

from demo.server.downloads import new_file
from demo.shared.predictors import Predictors
from demo.shared.session import PageSites
from demo.shared.user_error import user_error
from demo.tabs.performance.recalibration import texts, views
from pneumonia.calibration.site import require_name
from pneumonia.core.populations import CHILDREN
from pneumonia.data.labelled_images import images_in_archive, score_labelled
from pneumonia.errors import PneumoniaError

MAX_IMAGES = 200


class RecalibrationHandlers:
    """Events of the section."""

    def __init__(self, predictors: Predictors) -> None:
        self._predictors = predictors

    def on_fit(
        self,
        file: str | None,
        variant: str,
        name: str | None,
        page_sites: PageSites,
        population: str = CHILDREN,
        progress: gr.Progress = gr.Progress(),  # noqa: B008
    ) -> tuple:
        """Fit a calibration to an archive of labelled images: result, calibrations of this page, download."""
        # Imported only here, as fitting is of no use to reading: the page starts without it.
        from pneumonia.calibration.recalibrate import recalibrate

        try:
            # Before anything is unpacked or read.
            require_name(name := (name or "").strip())
        except PneumoniaError as error:
            raise user_error(str(error)) from error
        if file is None or not Path(file).is_file():
            raise user_error(texts.NO_ARCHIVE)
        if not is_zipfile(file):
            raise user_error(texts.NO_ZIP)
        predictor = self._predictors.require(variant)
        try:
            images, left_out = images_in_archive(Path(file), MAX_IMAGES)
            with (
                images[0].source.archive,
                closing(predictor.predict_many(image.source for image in images)) as readings,
            ):
                scores, rejected = score_labelled(images, progress.tqdm(readings, total=len(images), desc=texts.FIT))
            site = recalibrate(predictor.calibration_for(population), scores, name, date.today())
        except PneumoniaError as error:
            raise user_error(str(error)) from error
        unknown = sum(not image.patient_known for image in images)
        result = views.recalibration(site, rejected, left_out, len(images), unknown)
        if not site.usable:
            return result, page_sites, gr.update(value=None, visible=False)
        with new_file(f"{site.label}.json") as path:
            path.write_bytes(site.to_bytes())
        others = tuple(other for other in page_sites if (other.variant, other.label) != (site.variant, site.label))
        label = texts.DOWNLOAD_CALIBRATION if site.helps else texts.DOWNLOAD_ADVISED_AGAINST
        return result, (*others, site), gr.update(value=str(path), visible=True, label=label)
