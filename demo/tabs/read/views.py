"""HTML that only the Read tab shows."""

import zipfile
from html import escape

from demo.shared import prediction_text
from demo.shared.page_html import paragraph, rejection
from demo.shared.prediction_html import warnings
from demo.tabs.read import texts
from pneumonia import Prediction
from pneumonia.inference.chest_check import ON_ITS_SIDE, UPSIDE_DOWN
from pneumonia.records.receipt import JudgedPrediction

# By the sentence of a refusal: the turns that may help, in quarters to the left.
_TURNS = {ON_ITS_SIDE: (1, 3), UPSIDE_DOWN: (2,)}


def predictive_value(judged: JudgedPrediction, measured: float, prevalence: float) -> str:
    """What the finding and the probability mean at a prevalence; arguments as for `prediction_text`."""
    value, adjusted = prediction_text.predictive_value(judged, measured, prevalence)
    return paragraph(value) + paragraph(adjusted, "small-print")


def refusal(prediction: Prediction, file: str | None) -> str:
    """Refusal of an image, with buttons that do what the sentence asks for, where the page can.

    Args:
        prediction: a rejected one.
        file: the path of the upload; None where only a program has it.
    """
    turns = _TURNS.get(prediction.error or "", ())
    buttons = "".join(
        f'<button type="button" data-index="{turn}">{escape(texts.TURN[turn])}</button>' for turn in turns
    )
    if file is not None and zipfile.is_zipfile(file):
        buttons += f'<button type="button" data-opens="batch">{escape(texts.OPEN_IN_BATCH)}</button>'
    offered = f'<div class="offers">{buttons}</div>' if buttons else ""
    return rejection(prediction.error or "", offered + warnings(prediction))
