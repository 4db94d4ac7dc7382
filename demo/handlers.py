"""What happens on a click: check the request, ask the predictor, hand the answer to the views."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np

from demo import content, views
from pneumonia import Prediction, Predictor
from pneumonia.case import Case
from pneumonia.errors import ImageError, WeightsError
from pneumonia.images import decode
from pneumonia.operating_points import OperatingPoint
from pneumonia.variants import PUBLISHED, get_variant


class Predictors:
    """The variants of the page, each loaded once, when it is first asked for.

    Args:
        load: gives the predictor of a variant, or raises `WeightsError`.
    """

    def __init__(self, load: Callable[[str], Predictor]) -> None:
        self._load = load
        self._loaded: dict[str, Predictor | WeightsError] = {}
        self._lock = threading.Lock()

    def get(self, variant: str) -> Predictor:
        """The predictor of a variant.

        Raises:
            WeightsError: as it was raised when the variant was first asked for.
        """
        with self._lock:
            if variant not in self._loaded:
                try:
                    self._loaded[variant] = self._load(variant)
                except WeightsError as error:
                    self._loaded[variant] = error
            found = self._loaded[variant]
        if isinstance(found, WeightsError):
            raise found
        return found

    def point(self, prediction: Prediction) -> OperatingPoint:
        """The operating point at which a prediction was judged."""
        return self.get(prediction.variant).operating_points[prediction.operating_point]

    def missing(self) -> dict[str, str]:
        """Why a variant of the page is unavailable, by variant; loads those not asked for yet."""
        reasons = {}
        for variant in PUBLISHED:
            try:
                self.get(variant)
            except WeightsError as error:
                reasons[variant] = str(error)
        return reasons


@dataclass(frozen=True)
class Reading:
    """One image that was read, with all it takes to show it anew without running a network.

    Attributes:
        shown: uint8 (H, W), the preview.
        predictions: by variant; one on the Read tab, all that are available on the Compare tab.
    """

    shown: np.ndarray
    predictions: dict[str, Prediction]


@dataclass
class Session:
    """What is kept for one tab of one open page; no two pages share one.

    Attributes:
        file: path of the chosen image. It is kept here and not in the upload box, which stays open for the next
            one and shows no file name, as that may be a patient's.
        reading: what is shown, if anything is.
        forgotten: how often a result was taken away. What began before the last time is not shown: its image
            or its variant is no longer the chosen one.
        opacity: of the overlay, in [0, 1].
        show: what is drawn over it; keys of `content.SHOWN`.
    """

    file: str | None = None
    reading: Reading | None = None
    forgotten: int = 0
    opacity: float = views.OPACITY
    show: Sequence[str] = views.SHOW

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


class ReadHandlers:
    """Events of the Read tab."""

    def __init__(self, predictors: Predictors) -> None:
        self._predictors = predictors

    def read(self, file: str | None, variant: str, operating_point: str, session: Session) -> tuple:
        """Read a file, or the chosen one: record, session, verdict, overlay, colour key, share, checks, original."""
        since = session.forgotten
        try:
            predictor = self._predictors.get(variant)
        except WeightsError as error:
            raise refused(unavailable(variant, str(error))) from error
        source, name = _source(file or session.file)
        prediction = predictor.predict(source, operating_point)
        if prediction.status == "read":
            reading = Reading(views.preview(source.radiograph.pixels), {variant: prediction})
            shown = (
                self._verdict(reading),
                *self._drawn(reading, session),
                views.in_lungs(prediction),
                views.checks(prediction),
                reading.shown,
            )
        else:
            # What could be decoded is shown, so that one sees what is wrong with it.
            original = views.preview(source.radiograph.pixels) if isinstance(source, Case) else None
            reading, shown = None, (views.rejection(prediction.error), None, "", "", "", original)
        if not session.keep(reading, since):
            shown = (gr.skip(),) * len(shown)
        return views.record(prediction, name), session, *shown

    def judge(self, operating_point: str, session: Session) -> str:
        """Judge what was read at another operating point: verdict."""
        return _judge(self._predictors, operating_point, session, self._verdict)

    def redraw(self, opacity: float, show: list[str], session: Session) -> tuple:
        """Draw the overlay with another opacity or other things over it: overlay, colour key."""
        session.opacity, session.show = opacity, show
        reading = session.reading
        return (gr.skip(),) * 2 if reading is None else self._drawn(reading, session)

    def forget(self, variant: str, session: Session) -> tuple:
        """Take the old variant's result away: verdict, overlay, colour key, share, checks."""
        session.forget()
        if reason := self._predictors.missing().get(variant):
            prompt = views.prompt(unavailable(variant, reason))
        else:
            prompt = views.welcome() if session.file is None else views.prompt(content.PRESS)
        return prompt, None, "", "", ""

    def choose(self, file: str, session: Session) -> tuple:
        """Choose a new image: upload box, and all that `read` shows; all emptied."""
        session.forget()
        session.file = file
        return None, views.prompt(content.READING), None, "", "", "", None

    def support(self, session: Session) -> str:
        """Test whether the region that the map marks matters more than others: sentence."""
        since, reading = session.forgotten, session.reading
        if reading is None:
            raise refused(content.NOTHING_TO_TEST)
        (variant,) = reading.predictions
        source, _ = _source(session.file)
        said = views.support(self._predictors.get(variant).measure_support(source))
        return said if session.forgotten == since else gr.skip()

    def availability(self) -> dict[str, Any]:
        """Mark the variants whose weights cannot be loaded, with the reasons."""
        missing = self._predictors.missing()
        titles = {variant: get_variant(variant).title for variant in PUBLISHED}
        choices = [
            (content.UNAVAILABLE_LABEL.format(title=title) if variant in missing else title, variant)
            for variant, title in titles.items()
        ]
        reasons = [unavailable(variant, reason) for variant, reason in missing.items()]
        return gr.update(choices=choices, info=" ".join(reasons) or None)

    def _verdict(self, reading: Reading) -> str:
        (prediction,) = reading.predictions.values()
        version = self._predictors.get(prediction.variant).version
        return views.verdict(prediction, self._predictors.point(prediction), version)

    def _drawn(self, reading: Reading, session: Session) -> tuple[np.ndarray, str]:
        (prediction,) = reading.predictions.values()
        scale = self._predictors.get(prediction.variant).heatmap_scale
        style = (scale, session.opacity, session.show)
        return views.overlay_on(reading.shown, prediction, *style), views.colour_key(*style)


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
        source, name = _source(file or session.file)
        predictions = {variant: self._predictors.get(variant).predict(source, operating_point) for variant in available}
        records = [views.record(prediction, name) for prediction in predictions.values()]
        records += [views.unavailable_record(variant, reason, name) for variant, reason in missing.items()]
        # What makes an upload unreadable depends on no variant.
        first = predictions[available[0]]
        if first.status == "read":
            reading = Reading(views.preview(source.radiograph.pixels, views.COMPARISON_SIDE), predictions)
            shown = self._table(reading)
        else:
            reading, shown = None, views.rejection(first.error)
        return records, session, shown if session.keep(reading, since) else gr.skip()

    def judge(self, operating_point: str, session: Session) -> str:
        """Judge what was read at another operating point: table."""
        return _judge(self._predictors, operating_point, session, self._table)

    def choose(self, file: str, session: Session) -> tuple:
        """Choose a new image: upload box, table; both emptied."""
        session.forget()
        session.file = file
        return None, views.prompt(content.READING)

    def _table(self, reading: Reading) -> str:
        predictions = list(reading.predictions.values())
        points = [self._predictors.point(prediction) for prediction in predictions]
        # One scale for all variants.
        scale = self._predictors.get(predictions[0].variant).heatmap_scale
        return views.comparison(reading.shown, predictions, points, scale, self._predictors.missing())


def _source(file: str | None) -> tuple[Case | Path, str]:
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


def _judge(predictors: Predictors, operating_point: str, session: Session, show: Callable[[Reading], str]) -> str:
    since, reading = session.forgotten, session.reading
    if reading is None:
        return gr.skip()
    predictions = {
        variant: prediction.at(predictors.get(variant).operating_points[operating_point])
        for variant, prediction in reading.predictions.items()
    }
    judged = replace(reading, predictions=predictions)
    return show(judged) if session.keep(judged, since) else gr.skip()


def unavailable(variant: str, reason: str) -> str:
    """Why a variant cannot be used, with its title."""
    return content.UNAVAILABLE.format(title=get_variant(variant).title, reason=reason)


def refused(sentence: str) -> gr.Error:
    """What to raise for a request that cannot be met; the page shows the sentence."""
    # Expected, so the log needs no traceback either.
    return gr.Error(sentence, print_exception=False)
