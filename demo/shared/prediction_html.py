"""HTML of one reading; every text from outside is escaped."""

from html import escape

from demo.shared import prediction_text, texts
from demo.shared.page_html import notice, paragraph
from demo.shared.prediction_text import (
    bar_key,
    calibration,
    in_lungs_sentence,
    operating_point,
    sorted_checks,
)
from pneumonia import Prediction
from pneumonia.core.operating_points import OperatingPoint
from pneumonia.utils.formatting import percent
from pneumonia.variants.registry import get_variant

_HASH_LENGTH = 12


def verdict(prediction: Prediction, point: OperatingPoint, version: str) -> str:
    """Card of a reading that was not rejected: words, a bar, and what was measured at its operating point."""
    return (
        f'<section class="card {finding_class(prediction)}">{population(prediction)}{finding(prediction, "h2")}'
        f"{probability_bar(prediction, point)}"
        f"{operating_point_sentence(prediction, point)}{notice()}"
        f"{paragraph(_small_print(prediction, version), 'small-print')}</section>"
    )


def population(prediction: Prediction) -> str:
    """Sentence on whose radiograph it was read as; it stands out where the reader is asked."""
    sentence = prediction_text.population(prediction)
    asks = prediction.population is None
    return paragraph(sentence, "population asks" if asks else "population") if sentence else ""


def operating_point_sentence(prediction: Prediction, point: OperatingPoint) -> str:
    """Sentence on the operating point of a reading, and on what was measured at it."""
    return paragraph(operating_point(point, prediction), "operating-point")


def probability_bar(prediction: Prediction, point: OperatingPoint) -> str:
    """Bar of probability, threshold and the zone that is too close to call, from 0 to 100 %."""
    probability = percent(prediction.probability)
    threshold, zone = bar_key(prediction, point)
    summary = f"Probability of pneumonia {probability}, {threshold}, {zone}."
    return (
        f'<figure class="bar" role="img" aria-label="{escape(summary)}">'
        f'<p class="bar-above">{escape(texts.PROBABILITY)} <strong>{escape(probability)}</strong></p>'
        '<div class="bar-track">'
        f'<span class="bar-fill" style="width:{100 * prediction.probability:.2f}%"></span>'
        f'<span class="bar-zone" style="left:{100 * point.low:.2f}%;width:{100 * (point.high - point.low):.2f}%">'
        "</span>"
        f'<span class="bar-threshold" style="left:{100 * prediction.threshold:.2f}%"></span>'
        f'<span class="bar-probability" style="left:{100 * prediction.probability:.2f}%"></span></div>'
        f'<p class="bar-below"><span class="key-threshold">{escape(threshold)}</span> '
        f'<span class="key-zone">{escape(zone)}</span></p></figure>'
    )


def checks(*predictions: Prediction) -> str:
    """List of what one reading or several noticed about the upload, what needs care first."""
    items = "".join(
        f'<li class="check-{check.status}"><strong>{escape(texts.CHECK_STATES[check.status])}:</strong> '
        f"{escape(check.message)}</li>"
        for check in sorted_checks(*predictions)
    )
    body = f"<ul>{items}</ul>" if items else paragraph(texts.NO_CHECKS)
    return f"<h3>{escape(texts.CHECKS)}</h3>{body}"


def in_lungs(prediction: Prediction) -> str:
    """Sentence on how much of the evidence lies inside the lungs."""
    return paragraph(in_lungs_sentence(prediction), "in-lungs")


def finding(prediction: Prediction, tag: str) -> str:
    """Finding, as an element of this tag."""
    sentence = prediction_text.finding(prediction)
    return (
        f'<{tag} class="finding"><span class="finding-name">{escape(prediction.finding)}</span> '
        f"{escape(sentence)}</{tag}>"
    )


def finding_class(prediction: Prediction) -> str:
    """Class that gives an element the finding's colour."""
    return f"finding-{prediction.finding.lower()}"


def _small_print(prediction: Prediction, version: str) -> str:
    return texts.SMALL_PRINT.format(
        title=get_variant(prediction.variant).title,
        version=version,
        weights=prediction.weights_sha256[:_HASH_LENGTH],
        image=prediction.image_sha256[:_HASH_LENGTH],
        calibration=calibration(prediction.calibration),
    )
