"""HTML that only the Read tab shows."""

from demo.shared import prediction_text
from demo.shared.page_html import paragraph
from pneumonia.records.receipt import JudgedPrediction


def predictive_value(judged: JudgedPrediction, measured: float, prevalence: float) -> str:
    """What the finding and the probability mean at a prevalence; arguments as for `prediction_text`."""
    value, adjusted = prediction_text.predictive_value(judged, measured, prevalence)
    return paragraph(value) + paragraph(adjusted, "small-print")
