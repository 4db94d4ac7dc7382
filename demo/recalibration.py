"""A calibration to a site: made from uploaded images, and chosen on the Read tab. Nothing is kept on the server."""

from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any
from zipfile import is_zipfile

import gradio as gr

from demo import content, figures, views
from demo.downloads import new_file
from demo.handlers import Session
from demo.predictors import Predictors, refused
from pneumonia.errors import PneumoniaError, WeightsError
from pneumonia.labelled import images_in_archive, score_labelled
from pneumonia.site_calibration import SiteCalibration, require_name, saved_sites

MOST_IMAGES = 200
SHIPPED = "shipped"

# The calibrations that a page made for itself; nobody else sees them.
OwnSites = tuple[SiteCalibration, ...]


class RecalibrationHandlers:
    """Events of the Performance tab's section, and of the choice on the Read tab."""

    def __init__(self, predictors: Predictors) -> None:
        self._predictors = predictors

    def recalibrate(
        self,
        file: str | None,
        variant: str,
        name: str,
        own: OwnSites,
        progress: gr.Progress = gr.Progress(),  # noqa: B008
    ) -> tuple:
        """Fit a calibration to an archive of labelled images: result, calibrations of this page, download."""
        # Imported only here, as fitting is of no use to reading: the page starts without it.
        from pneumonia.recalibration import recalibrate

        if file is None or not Path(file).is_file():
            raise refused(content.NO_ARCHIVE)
        if not is_zipfile(file):
            raise refused(content.NO_ZIP)
        predictor = self._predictors.require(variant)
        try:
            require_name(name := name.strip())
            images, left_out = images_in_archive(Path(file), MOST_IMAGES)
            with (
                images[0].source.archive,
                closing(predictor.predict_many(image.source for image in images)) as readings,
            ):
                scores, rejected = score_labelled(images, progress.tqdm(readings, total=len(images), desc=content.FIT))
            site = recalibrate(predictor, scores, name, date.today())
        except PneumoniaError as error:
            raise refused(str(error)) from error
        unknown = sum(not image.patient_known for image in images)
        result = figures.recalibration(site, rejected, left_out, len(images), unknown)
        if not site.usable:
            return result, own, gr.update(value=None, visible=False)
        with new_file(f"{site.label}.json") as path:
            path.write_bytes(site.to_bytes())
        others = tuple(made for made in own if (made.variant, made.label) != (site.variant, site.label))
        return result, (*others, site), gr.update(value=str(path), visible=True)

    def choose(self, chosen: str, variant: str, own: OwnSites, session: Session) -> dict[str, Any]:
        """Note what was chosen if it fits the variant, or else the calibration as shipped: choice."""
        session.calibration = self._offered(variant, own).get(chosen)
        return self.offer(variant, own, session)

    def offer(self, variant: str, own: OwnSites, session: Session) -> dict[str, Any]:
        """Offer what fits the variant, and show what is used: as shipped, where the chosen one does not fit or was
        forgotten with the rest of a page that was left alone: choice."""
        offered = self._offered(variant, own)
        used = next((key for key, site in offered.items() if site == session.calibration), SHIPPED)
        session.calibration = offered.get(used)
        choices = [(content.AS_SHIPPED, SHIPPED), *((_title(key, site), key) for key, site in offered.items())]
        return gr.update(choices=choices, value=used, visible=bool(offered))

    def _offered(self, variant: str, own: OwnSites) -> dict[str, SiteCalibration]:
        try:
            weights = self._predictors.get(variant).weights_sha256
        except WeightsError:
            return {}
        offered = {f"saved {site.label}": site for site in saved_sites(variant, weights)}
        return offered | {
            f"own {site.label}": site for site in own if (site.variant, site.weights_sha256) == (variant, weights)
        }


def _title(key: str, site: SiteCalibration) -> str:
    said = views.calibration(site)
    return content.THIS_SESSION.format(calibration=said) if key.startswith("own ") else said
