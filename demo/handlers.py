"""What happens on a click: check the request, ask the predictor, hand the answer to the views."""

import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import gradio as gr
import numpy as np

from demo import content, views
from demo.predictors import THRESHOLD_DIGITS, Predictors, refused, unavailable
from pneumonia import Prediction
from pneumonia.case import Case
from pneumonia.errors import ImageError, WeightsError
from pneumonia.images import decode
from pneumonia.operating_points import BALANCED
from pneumonia.site_calibration import SiteCalibration
from pneumonia.variants import PUBLISHED


@dataclass(frozen=True)
class Reading:
    """One image that was read, with all it takes to show it anew without running a network.

    Attributes:
        shown: uint8 (H, W), the preview.
        predictions: by variant; one on the Read tab, all that are available on the Compare tab.
        name: base name of its file, which may be a patient's.
        seconds: that each took, on the Compare tab.
    """

    shown: np.ndarray
    predictions: dict[str, Prediction]
    name: str
    seconds: Sequence[float] = ()


@dataclass
class Session:
    """What is kept for one tab of one open page; no two pages share one.

    Attributes:
        file: path of the chosen image. It is kept here and not in the upload box, which stays open for the next
            one and shows no file name, as that may be a patient's.
        reading: what is shown, if anything is.
        forgotten: how often a result was taken away. What began before the last time is not shown: its image
            or its variant is no longer the chosen one.
        threshold: a reader's own, in place of an operating point.
        prevalence: a reader's own, in (0, 1).
        opacity: of the overlay, in [0, 1].
        show: what is drawn over it; keys of `content.SHOWN`.
        window: how grey values are shown.
        calibration: to the site that was chosen; None as shipped.
        left_alone: whether what the page had was deleted after a while, and nothing was chosen since.
    """

    file: str | None = None
    reading: Reading | None = None
    forgotten: int = 0
    threshold: float | None = None
    prevalence: float | None = None
    opacity: float = views.OPACITY
    show: Sequence[str] = views.SHOW
    window: views.Window = views.WHOLE_WINDOW
    calibration: SiteCalibration | None = None
    left_alone: bool = False

    def choose(self, file: str) -> None:
        """Note a new image.

        Whoever calls this gives the session to Gradio again, or one that had expired is lost at once.
        """
        self.forget()
        self.file = file
        self.left_alone = False

    def forget(self) -> None:
        """Take the result away."""
        self.reading = None
        self.forgotten += 1

    def keep(self, reading: Reading | None, since: int) -> bool:
        """Note what will be shown, unless a result was taken away since `forgotten` was `since`."""
        if self.forgotten != since:
            return False
        self.reading = reading
        return True


class ReadView(NamedTuple):
    """What the Read tab shows, each for one component; empty until something is shown there."""

    verdict: str
    overlay: np.ndarray | None = None
    colour_key: str = ""
    in_lungs: str = ""
    checks: str = ""
    original: np.ndarray | dict[str, Any] | None = None
    predictive: str = ""
    support: str = ""


class ReadHandlers:
    """Events of the Read tab."""

    def __init__(self, predictors: Predictors) -> None:
        self._predictors = predictors

    def read(self, file: str | None, variant: str, operating_point: str | None, session: Session) -> tuple:
        """Read a file, or the chosen one: record, session, and a `ReadView`."""
        # Another calibration may be chosen while the image is decoded.
        since, site = session.forgotten, session.calibration
        self._predictors.require(variant)
        source, name = read_source(file or session.file)
        predictor = self._predictors.calibrated(variant, site)
        point = self._predictors.point(variant, operating_point, session.threshold, site)
        prediction = predictor.predict(source, point)
        if prediction.status == "read":
            reading = Reading(views.preview(source.radiograph.pixels), {variant: prediction}, name)
            shown = self._shown(reading, session)
        else:
            # What could be decoded is shown, so that one sees what is wrong with it.
            original = None
            if isinstance(source, Case):
                original = views.windowed(views.preview(source.radiograph.pixels), session.window)
            checks = views.other_checks(prediction)
            reading, shown = None, ReadView(views.rejection(prediction.error), checks=checks, original=original)
        if not session.keep(reading, since):
            shown = (gr.skip(),) * len(shown)
        return views.record(prediction, name), session, *shown

    def judge(self, variant: str, operating_point: str | None, session: Session) -> tuple:
        """Judge what was read at another operating point: verdict, predictive values, threshold."""
        threshold = gr.skip()
        if operating_point is not None:
            session.threshold = None
            with suppress(WeightsError):
                point = self._predictors.point(variant, operating_point, site=session.calibration)
                threshold = round(point.threshold, THRESHOLD_DIGITS)
        return *self._judged(operating_point, session), threshold

    def move(self, threshold: float, session: Session) -> tuple:
        """Judge what was read at a reader's own threshold: verdict, predictive values, operating point."""
        session.threshold = threshold
        return *self._judged(None, session), None

    def weigh(self, prevalence: float, session: Session) -> str:
        """Carry the operating point over to a reader's own prevalence, in percent: predictive values."""
        session.prevalence = prevalence / 100
        return gr.skip() if session.reading is None else self._predictive(session.reading, session)

    def redraw(self, opacity: float, show: list[str], session: Session) -> tuple:
        """Draw the overlay with another opacity or other things over it: overlay, colour key."""
        session.opacity, session.show = opacity, show
        reading = session.reading
        return (gr.skip(),) * 2 if reading is None else self._drawn(reading, session)

    def view(self, level: float, width: float, inverted: bool, session: Session) -> tuple:
        """Show the grey values otherwise, level and width in percent; the reading stays: overlay, original."""
        session.window = views.Window(level / 100, width / 100, inverted)
        reading = session.reading
        if reading is None:
            return gr.skip(), gr.skip()
        return self._drawn(reading, session)[0], views.windowed(reading.shown, session.window)

    def forget(self, variant: str, session: Session) -> tuple:
        """Take the old variant's result away: a `ReadView` in which the original stays."""
        session.forget()
        if reason := self._predictors.missing().get(variant):
            prompt = views.prompt(unavailable(variant, reason))
        else:
            prompt = views.welcome() if session.file is None else views.prompt(content.PRESS)
        return ReadView(prompt, original=gr.skip())

    def choose(
        self,
        file: str,
        session: Session,
        operating_point: str | None,
        threshold: float,
        prevalence: float,
        opacity: float,
        show: list[str],
        level: float,
        width: float,
        inverted: bool,
    ) -> tuple:
        """Choose a new image: upload box, session, and an empty `ReadView`.

        The controls are noted anew: the session of a page that was left alone has forgotten them.
        """
        session.choose(file)
        session.threshold = threshold if operating_point is None else None
        # Nothing is there to be shown otherwise yet.
        self.weigh(prevalence, session)
        self.redraw(opacity, show, session)
        self.view(level, width, inverted, session)
        return None, session, *ReadView(views.prompt(content.READING))

    def support(self, session: Session) -> str:
        """Test whether the region that the map marks matters more than others: sentence."""
        since, reading = session.forgotten, session.reading
        if reading is None:
            raise refused(content.NOTHING_TO_TEST)
        (variant,) = reading.predictions
        source, _ = read_source(session.file)
        said = views.support(self._predictors.get(variant).measure_support(source))
        return said if session.forgotten == since else gr.skip()

    def begin(self, variant: str) -> tuple:
        """What a page opens with: threshold, and prevalence in percent."""
        try:
            threshold = self._predictors.point(variant, BALANCED).threshold
        except WeightsError:
            return gr.skip(), gr.skip()
        return round(threshold, THRESHOLD_DIGITS), round(100 * self._predictors.measured_prevalence(variant))

    def _shown(self, reading: Reading, session: Session) -> ReadView:
        (prediction,) = reading.predictions.values()
        overlay, colour_key = self._drawn(reading, session)
        return ReadView(
            self._verdict(reading),
            overlay,
            colour_key,
            views.in_lungs(prediction),
            views.checks(prediction),
            views.windowed(reading.shown, session.window),
            self._predictive(reading, session),
        )

    def _judged(self, operating_point: str | None, session: Session) -> tuple[str, str]:
        since, judged = session.forgotten, _judge(self._predictors, operating_point, session)
        if judged is None:
            return (views.prompt(content.LEFT_ALONE), "") if session.left_alone else (gr.skip(), gr.skip())
        shown = self._verdict(judged), self._predictive(judged, session)
        return shown if session.keep(judged, since) else (gr.skip(), gr.skip())

    def _verdict(self, reading: Reading) -> str:
        (prediction,) = reading.predictions.values()
        version = self._predictors.get(prediction.variant).version
        return views.verdict(prediction, self._predictors.point_of(prediction), version)

    def _predictive(self, reading: Reading, session: Session) -> str:
        (prediction,) = reading.predictions.values()
        # Where the slider begins, whatever the calibration.
        usual = self._predictors.measured_prevalence(prediction.variant)
        site = prediction.calibration
        return views.at_your_prevalence(
            prediction,
            self._predictors.point_of(prediction),
            usual if site is None else site.prevalence,
            session.prevalence or usual,
        )

    def _drawn(self, reading: Reading, session: Session) -> tuple[np.ndarray, str]:
        (prediction,) = reading.predictions.values()
        scale = self._predictors.get(prediction.variant).heatmap_scale
        style = (scale, session.opacity, session.show)
        shown = views.windowed(reading.shown, session.window)
        return views.overlay_on(shown, prediction, *style), views.colour_key(*style)


class CompareHandlers:
    """Events of the Compare tab."""

    def __init__(self, predictors: Predictors) -> None:
        self._predictors = predictors

    def compare(self, file: str | None, operating_point: str, session: Session) -> tuple:
        """Read a file, or the chosen one, with every variant: records, session, table."""
        since = session.forgotten
        missing = self._predictors.missing()
        available = [variant for variant in PUBLISHED if variant not in missing]
        if not available:
            raise refused(" ".join(unavailable(variant, reason) for variant, reason in missing.items()))
        points = {variant: self._predictors.point(variant, operating_point) for variant in available}
        source, name = read_source(file or session.file)
        if isinstance(source, Case):
            # What all share is done before any is timed.
            source.find_all()
        predictions, seconds = {}, []
        for variant in available:
            started = time.perf_counter()
            predictions[variant] = self._predictors.get(variant).predict(source, points[variant])
            seconds.append(time.perf_counter() - started)
        records = [views.record(prediction, name) for prediction in predictions.values()]
        records += [views.unavailable_record(variant, reason, name) for variant, reason in missing.items()]
        # What makes an upload unreadable depends on no variant.
        first = predictions[available[0]]
        if first.status == "read":
            reading = Reading(
                views.preview(source.radiograph.pixels, views.COMPARISON_SIDE), predictions, name, seconds
            )
            shown = self._table(reading)
        else:
            reading, shown = None, views.rejection(first.error)
        return records, session, shown if session.keep(reading, since) else gr.skip()

    def judge(self, operating_point: str, session: Session) -> str:
        """Judge what was read at another operating point: table."""
        since, judged = session.forgotten, _judge(self._predictors, operating_point, session)
        if judged is None:
            return views.prompt(content.LEFT_ALONE) if session.left_alone else gr.skip()
        table = self._table(judged)
        return table if session.keep(judged, since) else gr.skip()

    def choose(self, file: str, session: Session) -> tuple:
        """Choose a new image: upload box, session, table."""
        session.choose(file)
        return None, session, views.prompt(content.READING)

    def _table(self, reading: Reading) -> str:
        predictions = list(reading.predictions.values())
        points = [self._predictors.point_of(prediction) for prediction in predictions]
        # One scale for all variants.
        scale = self._predictors.get(predictions[0].variant).heatmap_scale
        return views.comparison(reading.shown, predictions, points, reading.seconds, scale, self._predictors.missing())


def read_source(file: str | None) -> tuple[Case | Path, str]:
    """An upload, decoded once for all variants if it can be, and its base name."""
    if file is None:
        raise refused(content.NO_FILE)
    path = Path(file)
    if not path.is_file():
        raise refused(content.EXPIRED)
    try:
        return Case(decode(path)), path.name
    except ImageError:
        # The predictor meets the same error and turns it into a rejected prediction.
        return path, path.name


def _judge(predictors: Predictors, operating_point: str | None, session: Session) -> Reading | None:
    """What was read, at another operating point or at the session's own threshold; None where nothing was."""
    if session.reading is None:
        return None
    threshold, site = session.threshold, session.calibration
    predictions = {
        variant: predictors.calibrated(variant, site).judge(
            prediction, predictors.point(variant, operating_point, threshold, site)
        )
        for variant, prediction in session.reading.predictions.items()
    }
    return replace(session.reading, predictions=predictions)
