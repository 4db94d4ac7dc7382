"""HTML that only the Read tab shows."""

from dataclasses import replace
from html import escape
from math import isnan

from demo.shared.prediction_html import checks
from demo.shared.prediction_text import calibration_images, interval
from demo.tabs.read import texts
from pneumonia import Prediction
from pneumonia.calibration.prevalence import at_prevalence, predictive_values
from pneumonia.core.operating_points import OperatingPoint
from pneumonia.utils.formatting import UNDEFINED, percent


def other_checks(prediction: Prediction) -> str:
    """Other checks of an upload that was refused; nothing where there are none."""
    others = tuple(check for check in prediction.checks if check.status == "warn")
    return checks(replace(prediction, checks=others)) if others else ""


def predictive_values_list(prediction: Prediction, point: OperatingPoint, measured: float, prevalence: float) -> str:
    """List of what the finding and the probability mean at a prevalence.

    Args:
        prediction: a reading.
        point: that it was judged at.
        measured: prevalence among the images that its calibration was fixed on, in (0, 1).
        prevalence: the reader's, in (0, 1).
    """
    positive, negative = predictive_values(point, prevalence)
    lines = [
        words.format(value=interval(value), count=UNDEFINED if isnan(value.value) else round(100 * value.value))
        for words, value in ((texts.POSITIVE_VALUE, positive), (texts.NEGATIVE_VALUE, negative))
    ]
    if percent(prevalence, 0) != percent(measured, 0):
        adjusted = texts.AT_PREVALENCE.format(
            probability=percent(at_prevalence(prediction.probability, measured, prevalence)),
            prevalence=percent(prevalence, 0),
            here=percent(prediction.probability),
            measured=percent(measured, 0),
            images=calibration_images(prediction),
        )
        lines.append(adjusted)
    return "<ul>" + "".join(f"<li>{escape(line)}</li>" for line in lines) + "</ul>"
