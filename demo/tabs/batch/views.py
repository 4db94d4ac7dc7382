"""Views of many readings: rows, progress, summary."""

import json
import math
from collections import Counter
from collections.abc import Sequence
from html import escape
from typing import NamedTuple

from demo.shared import texts as shared_texts
from demo.shared.answer import answer
from demo.shared.page_html import notice, prompt
from demo.tabs.batch import texts
from pneumonia import Prediction
from pneumonia.core.labels import UNCERTAIN
from pneumonia.records.receipt import JudgedPrediction
from pneumonia.utils.formatting import percent

# Odds of a probability beyond these are drawn and sorted as theirs.
_LEAST, _MOST = 1e-6, 1 - 1e-6


class Row(NamedTuple):
    """One image of the list.

    Attributes:
        line: for the list's script, a JSON array: name, answer or reason, state, probability in [0, 1] and in words,
            doubt, remarks, and whether there is a thumbnail.
        answer: in one sentence; None for an image that was not read, as is the state.
        state: whose colour it has.
    """

    line: str = ""
    answer: str | None = None
    state: str | None = None


def row(name: str, judged: JudgedPrediction, thumbnail: bool) -> Row:
    """The row of one image.

    Args:
        name: of the file.
        judged: the reading.
        thumbnail: whether there is one.
    """
    prediction = judged.prediction
    remarks = " ".join(check.message for check in prediction.checks if check.status == "warn")
    if prediction.status == "rejected":
        return Row(json.dumps([name, prediction.error, None, None, "", None, "", thumbnail]))
    words, state = answer(judged, placed=False)  # a place is tested only where a reading is opened
    probability = prediction.probability
    line = [name, words, state, probability, percent(probability), doubt(prediction, state), remarks, thumbnail]
    return Row(json.dumps(line), words, state)


def doubt(prediction: Prediction, state: str) -> float:
    """Order of a reading among others, from the most doubtful one on.

    What is in doubt comes first, below zero; in each part what lies nearest to the threshold by its odds, as only they
    tell the points of adults apart.
    """
    far = abs(_log_odds(prediction.probability) - _log_odds(prediction.threshold))
    return round(-1 / (1 + far) if state == UNCERTAIN else far, 4)


def _log_odds(probability: float) -> float:
    inside = min(max(probability, _LEAST), _MOST)
    return math.log(inside / (1 - inside))


def progress(done: int, count: int, seconds_left: float | None) -> str:
    """Progress of a batch."""
    left = "" if seconds_left is None else texts.LEFT.format(duration=duration(seconds_left))
    sentence = texts.PROGRESS.format(done=done, count=count, left=left)
    return prompt(sentence, f'<progress max="{count}" value="{done}" aria-label="{escape(sentence)}"></progress>')


def summary(states: Sequence[str | None], count: int, operating_point: str) -> str:
    """Summary of a batch at an operating point, finished or stopped.

    Args:
        states: of the images that were read or refused, as `row` gives them.
        count: of all images.
        operating_point: its name.
    """
    counts = Counter(states)
    findings = ", ".join(words.format(count=counts[state]) for state, words in texts.COUNTED.items() if counts[state])
    headline = texts.READ.format(images="1 image" if count == 1 else f"{count} images", findings=findings)
    if len(states) < count:
        headline = texts.STOPPED.format(done=len(states), count=count) + (f" {findings}." if findings else "")
    headline += f" {texts.JUDGED_AT.format(point=shared_texts.POINTS[operating_point])}"
    return prompt(headline, notice())


def heading(number: int, name: str) -> str:
    """Heading of the row that was opened, and on a narrow screen the way back."""
    back = f'<a class="back" href="#batch-table">{escape(texts.BACK)}</a>'
    return f'{back}<h2 class="opened">{escape(texts.ROW.format(number=number, name=name))}</h2>'


def duration(seconds: float) -> str:
    """Words for a time to wait, no more exact than it can be known."""
    return f"{max(1, round(seconds))} s" if seconds < 90 else f"{round(seconds / 60)} min"
