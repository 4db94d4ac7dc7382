"""Choice of the calibration on the Read tab: as published, one beside the weights, or one that this page fitted."""

from typing import Any

import gradio as gr
from gradio.components import Component

from demo.shared import prediction_text
from demo.shared import texts as shared_texts
from demo.shared.events import IMMEDIATE
from demo.shared.predictors import Predictors
from demo.shared.session import PageSites, Session
from demo.tabs.read import texts
from pneumonia.calibration.site import SiteCalibration
from pneumonia.calibration.site_store import saved_sites
from pneumonia.errors import WeightsError

AS_PUBLISHED = "published"


class CalibrationChoiceHandlers:
    """Events of the choice."""

    def __init__(self, predictors: Predictors) -> None:
        self._predictors = predictors

    def on_choice(self, chosen: str, variant: str, page_sites: PageSites, session: Session) -> dict[str, Any]:
        """Note what was chosen if it fits the variant, or else the calibration as published: choice."""
        session.calibration = self._offered(variant, page_sites).get(chosen)
        return self.on_variant_change(variant, page_sites, session)

    def on_variant_change(self, variant: str, page_sites: PageSites, session: Session) -> dict[str, Any]:
        """Offer what fits the variant, and show what is used: choice.

        That is the calibration as published where the chosen one does not fit, or where the session has expired.
        """
        offered = self._offered(variant, page_sites)
        used = next((key for key, site in offered.items() if site == session.calibration), AS_PUBLISHED)
        session.calibration = offered.get(used)
        choices = [
            (shared_texts.AS_PUBLISHED, AS_PUBLISHED),
            *((_title(key, site), key) for key, site in offered.items()),
        ]
        return gr.update(choices=choices, value=used, visible=bool(offered))

    def _offered(self, variant: str, page_sites: PageSites) -> dict[str, SiteCalibration]:
        try:
            predictor = self._predictors.get(variant)
        except WeightsError:
            return {}
        weights = predictor.weights_sha256
        offered = {f"saved {site.label}": site for site in saved_sites(predictor.variant, weights)}
        return offered | {f"page {site.label}": site for site in page_sites if site.weights_sha256 == weights}


def calibration_choice() -> gr.Dropdown:
    """Build the choice; it is not shown while there is nothing to choose."""
    return gr.Dropdown(
        [(shared_texts.AS_PUBLISHED, AS_PUBLISHED)],
        value=AS_PUBLISHED,
        label=shared_texts.CALIBRATION,
        info=texts.CALIBRATION_HELP,
        visible=False,
        elem_id="calibration",
    )


def wire_choice(
    predictors: Predictors,
    calibration: gr.Dropdown,
    variant: Component,
    page_sites: gr.State,
    session: gr.State,
    judge: dict[str, Any],
) -> dict[str, Any]:
    """Offer what fits the variant, and judge the reading again when another calibration is chosen.

    Args:
        predictors: of the page.
        calibration: as `calibration_choice` gives it.
        variant: the tab's choice.
        page_sites: the calibrations that the page fitted.
        session: of the tab.
        judge: keyword arguments of the event that judges the reading again.

    Returns:
        Keyword arguments of the event that offers what fits.
    """
    handlers = CalibrationChoiceHandlers(predictors)
    offer = {"fn": handlers.on_variant_change, "inputs": [variant, page_sites, session], "outputs": calibration}
    choose = {"fn": handlers.on_choice, "inputs": [calibration, variant, page_sites, session], "outputs": calibration}
    gr.on([variant.input, page_sites.change], **offer, **IMMEDIATE)
    gr.on(None, **offer, **IMMEDIATE)
    calibration.input(**choose, **IMMEDIATE).then(**judge, **IMMEDIATE)
    return offer


def _title(key: str, site: SiteCalibration) -> str:
    title = prediction_text.calibration(site)
    if key.startswith("page "):
        title = texts.THIS_SESSION.format(calibration=title)
    return title if site.helps else texts.ADVISED_AGAINST.format(calibration=title)
