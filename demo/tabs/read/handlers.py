"""Events of the Read tab: check the request, ask the predictor, hand the answer to the views."""

from contextlib import suppress
from typing import Any, NamedTuple

import gradio as gr

from demo.shared import page_html, prediction_html, radiograph_images
from demo.shared import texts as shared_texts
from demo.shared.events import option
from demo.shared.predictors import THRESHOLD_DIGITS, Predictors, chosen_population, reading_record, unavailable
from demo.shared.session import Reading, Session, judge_again
from demo.shared.texts import NOT_STATED
from demo.shared.uploaded_image import decode_upload
from demo.tabs.read import texts, views
from demo.viewer import contents
from demo.viewer.contents import Contents
from demo.viewer.region_tests import RegionTests
from pneumonia.calibration.calibration import Calibration
from pneumonia.core.correction import UNCHANGED
from pneumonia.core.operating_points import BALANCED, OperatingPoint
from pneumonia.core.populations import CHILDREN
from pneumonia.errors import WeightsError
from pneumonia.inference.shared_analysis import SharedAnalysis
from pneumonia.records.receipt import JudgedPrediction


class ReadView(NamedTuple):
    """Values of the Read tab's components; empty until something is shown there."""

    verdict: str
    viewer: Contents | None = None
    checks: str = ""
    figures: str = ""
    predictive: str = ""
    support: str = ""
    dicom: Any = gr.update(visible=False)


class ReadHandlers:
    """Events of the Read tab."""

    def __init__(self, predictors: Predictors) -> None:
        self._predictors = predictors
        self._regions = RegionTests(predictors)

    def on_read(
        self,
        file: str | None,
        variant: str,
        operating_point: str | None,
        session: Session,
        population: str = NOT_STATED,
    ) -> tuple:
        """Read a file, or the chosen one: record, session, and a `ReadView`."""
        # Another calibration may be chosen while the image is decoded.
        generation, site = session.generation, session.calibration
        chosen = file, session.file, session.correction
        self._predictors.require(variant)
        source, name = decode_upload(file or session.file, UNCHANGED if file else session.correction)
        predictor = self._predictors.calibrated(variant, site)

        def judged_at(calibration: Calibration) -> OperatingPoint:
            return self._predictors.point(variant, operating_point, session.threshold, site, calibration.population)

        prediction = predictor.predict(source, judged_at, chosen_population(population))
        pixels = source.radiograph.pixels if isinstance(source, SharedAnalysis) else None
        of, picture = session.picture
        if pixels is not None and (of != chosen or not contents.is_there(picture)):
            picture = contents.write_picture(pixels)
            session.picture = chosen, picture
        if prediction.status == "read":
            reading = Reading(radiograph_images.preview(pixels), {variant: prediction}, name, picture=picture)
            is_dicom = source.radiograph.facts["format"] == "DICOM"
            view = self._view(reading, session)._replace(dicom=gr.update(visible=is_dicom))
        else:
            # What could be decoded is shown, so that one sees what is wrong with it.
            shown = None if pixels is None else contents.side_by_side([contents.bare_pane(picture)])
            reading, view = None, ReadView(views.refusal(prediction, session.file, session.correction), shown)
        overtaken = session.asked not in (None, (variant, population))
        if overtaken or not session.keep(reading, generation):
            view = (gr.skip(),) * len(view)
        return reading_record(prediction, name), session, *view

    def on_request(
        self,
        file: str | None,
        variant: str,
        operating_point: str | None,
        session: Session,
        population: str = NOT_STATED,
    ) -> tuple:
        """Read what a program sends, or what is chosen as the controls say now: as `on_read`."""
        session.asked = None
        return self.on_read(file, variant, operating_point, session, population)

    def on_read_again(self, variant: str, operating_point: str | None, session: Session, population: str) -> tuple:
        """Read the chosen image otherwise: as `on_read`; nothing where none is chosen, or no network can read it."""
        if session.file is None or variant in self._predictors.missing():
            return (gr.skip(),) * (2 + len(ReadView._fields))
        return self.on_read(None, variant, operating_point, session, population)

    def on_correction(self, event: gr.EventData, session: Session) -> tuple:
        """Turn or invert the chosen image as a button says: session, and an empty `ReadView`."""
        # What it leads to, and not by how much: a second press of the same button changes nothing.
        session.correction = option(event, views.OUTCOMES)
        session.forget()
        return session, *ReadView(page_html.prompt(shared_texts.READING))

    def on_operating_point_change(self, variant: str, operating_point: str | None, session: Session) -> tuple:
        """Judge the reading at another operating point: verdict, figures, predictive value, details, threshold."""
        threshold = gr.skip()
        if operating_point is not None:
            session.threshold = None
            with suppress(WeightsError):
                point = self._predictors.point(
                    variant, operating_point, site=session.calibration, population=_population(session)
                )
                threshold = round(point.threshold, THRESHOLD_DIGITS)
        return *self._judged(operating_point, session), threshold

    def on_threshold_change(self, threshold: float, session: Session) -> tuple:
        """Judge the reading at a custom threshold: verdict, figures, predictive value, details, operating point."""
        session.threshold = threshold
        return *self._judged(None, session), None

    def on_prevalence_change(self, prevalence: float | None, session: Session) -> tuple[str, None]:
        """Carry the operating point over to a prevalence: predictive value, and the other choice of a prevalence.

        Args:
            prevalence: in percent; None while none was chosen. There is no predictive value at 0 or 100.
            session: of the tab.
        """
        session.prevalence = prevalence / 100 if prevalence is not None and 0 < prevalence < 100 else None
        if prevalence is not None and session.prevalence is None:
            return page_html.paragraph(texts.NO_PREVALENCE), None
        predictive = gr.skip() if session.reading is None else self._predictive_value(session.reading, session)
        return predictive, None

    def on_choice_change(self, variant: str, session: Session, population: str = NOT_STATED) -> tuple:
        """Take the result of another variant or population away, before the image is read again: a `ReadView`."""
        session.forget()
        session.asked = variant, population
        return self._nothing_shown(variant, session, shared_texts.READING)

    def on_failure(self, variant: str, session: Session) -> tuple:
        """Say that nothing was read, or the page would go on saying that the image is being read: a `ReadView`.

        What failed may be the reading of an earlier image than that whose result is there by now.
        """
        if session.reading is not None:
            return (gr.skip(),) * len(ReadView._fields)
        session.forget()
        return self._nothing_shown(variant, session, shared_texts.TRY_AGAIN)

    def on_image_choice(
        self,
        file: str,
        session: Session,
        operating_point: str | None,
        threshold: float,
        variant: str,
    ) -> tuple:
        """Choose a new image: upload box, session, and an empty `ReadView`.

        A custom threshold is noted again, as a session that has expired has forgotten it; the prevalence was that of
        the last image's patient.
        """
        session.choose(file)
        # What is still being read of the last one, or waits for that, may be read as another patient's.
        session.asked = variant, NOT_STATED
        session.threshold, session.prevalence = threshold if operating_point is None else None, None
        return None, session, *ReadView(page_html.prompt(shared_texts.READING))

    def on_region_test(self, session: Session) -> tuple:
        """Test whether the region that is outlined matters: sentence, viewer, verdict."""
        return self._regions.test(
            session,
            lambda: decode_upload(session.file, session.correction)[0],
            lambda reading: self._card(reading, session)[0],
        )

    def on_page_open(self, variant: str) -> tuple[Any, None]:
        """Set what starts at a figure of the weights, and what starts empty: threshold, and a prevalence."""
        try:
            threshold = self._predictors.point(variant, BALANCED, population=CHILDREN).threshold
        except WeightsError:
            return gr.skip(), None
        return round(threshold, THRESHOLD_DIGITS), None

    def _nothing_shown(self, variant: str, session: Session, sentence: str) -> ReadView:
        """What takes the place of a result: why there is none, or else this sentence on the chosen image."""
        if reason := self._predictors.missing().get(variant):
            return ReadView(page_html.prompt(unavailable(variant, reason)))
        return ReadView(page_html.welcome() if session.file is None else page_html.prompt(sentence))

    def _view(self, reading: Reading, session: Session) -> ReadView:
        verdict, figures, predictive, details = self._card(reading, session)
        testing = self._regions.announcement(reading)
        return ReadView(verdict, self._regions.viewer(reading), details, figures, predictive, testing)

    def _judged(self, operating_point: str | None, session: Session) -> tuple[str, ...]:
        skipped = (gr.skip(),) * 4
        generation, judged = session.generation, judge_again(self._predictors, operating_point, session)
        if judged is None:
            return (page_html.prompt(shared_texts.SESSION_EXPIRED), "", "", "") if session.expired else skipped
        shown = self._card(judged, session)
        return shown if session.keep(judged, generation) else skipped

    def _judgement(self, reading: Reading) -> JudgedPrediction:
        (named,) = reading.predictions.items()
        return self._predictors.judged_prediction(*named)

    def _card(self, reading: Reading, session: Session) -> tuple[str, ...]:
        """Verdict, figures, predictive value and details, which name the calibration."""
        judged = self._judgement(reading)
        offers = views.inversion(judged.prediction, session.correction)
        verdict = prediction_html.verdict(judged, True, not reading.region.unconfirmed, views.clicks_population, offers)
        figures = prediction_html.figures(judged)
        return verdict, figures, self._predictive_value(reading, session), prediction_html.details(judged)

    def _predictive_value(self, reading: Reading, session: Session) -> str:
        if session.prevalence is None:
            return ""
        ((variant, prediction),) = reading.predictions.items()
        measured = self._predictors.measured_prevalence(variant, prediction)
        return views.predictive_value(self._judgement(reading), measured, session.prevalence)


def _population(session: Session) -> str | None:
    """That of the patient whose reading is shown; children's while there is none."""
    if session.reading is None:
        return CHILDREN
    (prediction,) = session.reading.predictions.values()
    return prediction.population
