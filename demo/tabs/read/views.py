"""HTML that only the Read tab shows."""

import zipfile
from collections.abc import Iterable
from html import escape

from demo.shared import prediction_text
from demo.shared.page_html import paragraph, rejection
from demo.shared.prediction_html import warnings
from demo.tabs.read import texts
from pneumonia import Prediction
from pneumonia.core.correction import UNCHANGED, Correction
from pneumonia.inference.chest_check import NEGATIVE, ON_ITS_SIDE, UPSIDE_DOWN
from pneumonia.records.receipt import JudgedPrediction

# All that can have been done to a picture; a button has the number of what it leads to.
OUTCOMES = tuple(Correction(quarters, inverted) for inverted in (False, True) for quarters in range(4))
# By the sentence of a refusal, what may help.
_OFFERED = {
    ON_ITS_SIDE: (Correction(1), Correction(3)),
    UPSIDE_DOWN: (Correction(2),),
    NEGATIVE: (Correction(inverted=True),),
}


def predictive_value(judged: JudgedPrediction, measured: float, prevalence: float) -> str:
    """What the finding and the probability mean at a prevalence; arguments as for `prediction_text`."""
    value, adjusted = prediction_text.predictive_value(judged, measured, prevalence)
    return paragraph(value) + paragraph(adjusted, "small-print")


def clicks_population(name: str) -> str:
    """Attribute of a button that chooses a population as the control of the tab does."""
    return f'data-clicks="#population input[value={name}]"'


def refusal(prediction: Prediction, file: str | None, correction: Correction = UNCHANGED) -> str:
    """Refusal of an image, with buttons that do what the sentence asks for, where the page can.

    Args:
        prediction: a rejected one.
        file: the path of the upload; None where only a program has it.
        correction: what its reader did to it so far.
    """
    offered = _OFFERED.get(prediction.error or "", ())
    if not offered and _looks_negative(prediction):
        offered = (Correction(inverted=True),)
    buttons = _buttons(offered, correction)
    if file is not None and zipfile.is_zipfile(file):
        buttons += f'<button type="button" data-opens="batch">{escape(texts.OPEN_IN_BATCH)}</button>'
    return rejection(prediction.error or "", _offers(buttons) + warnings({"": prediction}))


def inversion(prediction: Prediction, correction: Correction) -> str:
    """Button that inverts what was read with the warning that it looks like a negative, or inverts it back."""
    if not _looks_negative(prediction):
        return ""
    return _offers(_buttons((Correction(inverted=True),), correction))


def _looks_negative(prediction: Prediction) -> bool:
    return any(check.name == "polarity" for check in prediction.checks)


def _buttons(offered: Iterable[Correction], correction: Correction) -> str:
    """Buttons for changes of a picture that was changed so far as `correction` says."""
    return "".join(
        f'<button type="button" data-index="{OUTCOMES.index(correction.then(by))}">'
        f"{escape(texts.CORRECTIONS[by])}</button>"
        for by in offered
    )


def _offers(buttons: str) -> str:
    return f'<div class="offers">{buttons}</div>' if buttons else ""
