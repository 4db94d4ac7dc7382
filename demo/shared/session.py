"""State of the tabs of one open page: the chosen image, and the reading of it."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

import gradio as gr
import numpy as np

from demo.shared.predictors import Predictors
from pneumonia import Prediction
from pneumonia.calibration.site import SiteCalibration
from pneumonia.core.correction import UNCHANGED, Correction
from pneumonia.explain.region_test import Support, is_unconfirmed

# Of what a page knows of its images, from when it was used last; then it is deleted, as the uploads are.
KEPT_SECONDS = 1800

# The calibrations to sites that a page fitted for itself; no one else sees them.
PageSites = tuple[SiteCalibration, ...]


@dataclass
class RegionTest:
    """The test of the region that a reading marks, which follows it; one for the reading at all its thresholds.

    Attributes:
        support: its result; None where there is none.
    """

    support: Support | None = None

    @property
    def unconfirmed(self) -> bool:
        """Whether a test has shown that the region does not matter more than others."""
        return is_unconfirmed(self.support)


@dataclass(frozen=True)
class Reading:
    """One image that was read, with all it takes to show it again without running a network.

    Attributes:
        shown: uint8 (H, W), the preview.
        predictions: by the network's name; one on the Read tab, all that are available on the Compare tab.
        name: base name of its file, which may be a patient's.
        seconds: that each took, on the Compare tab.
        picture: as the viewer is given it, where it is shown again.
        region: whether the marked region matters, where one reading is shown.
    """

    shown: np.ndarray
    predictions: dict[str, Prediction]
    name: str
    seconds: Sequence[float] = ()
    picture: Mapping[str, Any] = field(default_factory=dict)
    region: RegionTest = field(default_factory=RegionTest)


@dataclass
class TabSession:
    """State of one tab of one open page; no two pages share one.

    Attributes:
        generation: how often a result was taken away. The result of an event that began before the last time is not
            shown: its image or its variant is no longer the chosen one.
        expired: whether what the page had was deleted after a while, and nothing was chosen since.
        chosen_at: when an image was chosen last, in seconds of a clock that only runs on; 0 for never.
    """

    generation: int = 0
    expired: bool = False
    chosen_at: float = 0.0

    def renew(self) -> None:
        """Note that an image was chosen, now.

        Whoever calls this gives the session to Gradio again, or one that had expired is lost at once.
        """
        self.generation += 1
        self.expired = False
        self.chosen_at = time.monotonic()


@dataclass
class Session(TabSession):
    """State of a tab that shows one image.

    Attributes:
        file: path of the chosen image. It is kept here and not in the upload box, which stays open for the next
            one and shows no file name, as that may be a patient's.
        correction: what the reader did to it.
        asked: variant and population that were chosen last; what was read with others is not shown. None where nothing
            was chosen.
        picture: the last one that the viewer was given, and what image it is of.
        reading: what is shown, if anything is.
        threshold: a custom one, in place of an operating point.
        prevalence: a custom one, in (0, 1).
        calibration: to the site that was chosen; None as published.
    """

    file: str | None = None
    correction: Correction = UNCHANGED
    asked: tuple[str, str] | None = None
    picture: tuple[Any, Mapping[str, Any]] = (None, {})
    reading: Reading | None = None
    threshold: float | None = None
    prevalence: float | None = None
    calibration: SiteCalibration | None = None

    @property
    def readings(self) -> dict[str, Reading]:
        """What is shown, if anything is, by its title; one image needs none."""
        return {} if self.reading is None else {"": self.reading}

    def choose(self, file: str) -> None:
        """Note a new image, as `renew` does."""
        self.reading, self.file, self.correction = None, file, UNCHANGED
        self.renew()

    def forget(self) -> None:
        """Take the result away."""
        self.reading = None
        self.generation += 1

    def keep(self, reading: Reading | None, generation: int) -> bool:
        """Note what will be shown, unless a result was taken away since an event began in `generation`."""
        if self.generation != generation:
            return False
        self.reading = reading
        return True


class ChosenImage(NamedTuple):
    """Components of a tab whose image other tabs take over: its session, and as whose it is read."""

    session: gr.State
    population: gr.Radio


def chosen_elsewhere(session: TabSession, *others: Session | str) -> tuple[str, str] | None:
    """Give the image that was chosen last on this page, if it was on another tab and is still there.

    Args:
        session: of the tab that is opened.
        others: values of a `ChosenImage` for each other tab, one after the other.

    Returns:
        Its path, and the choice of the population there.
    """
    last, population = max(zip(others[::2], others[1::2], strict=True), key=lambda pair: pair[0].chosen_at)
    # One that the reader turned or inverted is not the file.
    if last.chosen_at <= session.chosen_at or last.file is None or last.correction != UNCHANGED:
        return None
    if not Path(last.file).is_file():
        return None
    return last.file, population


def judge_again(predictors: Predictors, operating_point: str | None, session: Session) -> Reading | None:
    """Judge a session's reading at another operating point, or at its custom threshold; None where it has none."""
    if session.reading is None:
        return None
    predictions = {
        variant: predictors.judged(variant, prediction, operating_point, session.threshold, session.calibration)
        for variant, prediction in session.reading.predictions.items()
    }
    return replace(session.reading, predictions=predictions)
