"""What is shown of one reading, as HTML; every text from outside is escaped."""

from collections.abc import Collection
from html import escape
from math import isnan

from demo import content
from demo.views.images import OPACITY, SHOW, data_uri
from demo.views.page import notice
from demo.views.values import interval
from pneumonia import Prediction
from pneumonia.explain.overlay import contour_level, legend
from pneumonia.explain.support import Support
from pneumonia.notices import AGAINST_HELP, HEATMAP_HELP
from pneumonia.operating_points import OWN, OperatingPoint
from pneumonia.prevalence import at_prevalence, predictive_values
from pneumonia.shares import UNDEFINED, percent
from pneumonia.variants import get_variant

_HASH_LENGTH = 12


def verdict(prediction: Prediction, point: OperatingPoint, version: str) -> str:
    """A reading that was not rejected, in words and on one bar, with what was measured at its operating point."""
    return (
        f'<section class="card {finding_class(prediction)}">{finding(prediction, "h2")}'
        f"{probability_bar(prediction, point)}"
        f'<p class="operating-point">{escape(operating_point(point))}</p>'
        f"{notice()}"
        f'<p class="small-print">{escape(_small_print(prediction, version))}</p></section>'
    )


def probability_bar(prediction: Prediction, point: OperatingPoint) -> str:
    """Probability, threshold and the zone that is too close to call, on one bar from 0 to 100 %."""
    probability, threshold = percent(prediction.probability), percent(prediction.threshold)
    zone = f"{percent(point.low)} to {percent(point.high)}"
    summary = f"Probability of pneumonia {probability}, threshold {threshold}, too close to call from {zone}."
    return (
        f'<figure class="bar" role="img" aria-label="{escape(summary)}">'
        f'<p class="bar-above">Calibrated probability of pneumonia <strong>{escape(probability)}</strong></p>'
        '<div class="bar-track">'
        f'<span class="bar-fill" style="width:{100 * prediction.probability:.2f}%"></span>'
        f'<span class="bar-zone" style="left:{100 * point.low:.2f}%;width:{100 * (point.high - point.low):.2f}%">'
        "</span>"
        f'<span class="bar-threshold" style="left:{100 * prediction.threshold:.2f}%"></span>'
        f'<span class="bar-probability" style="left:{100 * prediction.probability:.2f}%"></span></div>'
        f'<p class="bar-below"><span class="key-threshold">threshold {escape(threshold)}</span> '
        f'<span class="key-zone">too close to call {escape(zone)}</span></p></figure>'
    )


def checks(*predictions: Prediction) -> str:
    """What was noticed about the upload by one reading or several, what needs care first."""
    order = list(content.CHECK_STATES)
    once = dict.fromkeys(check for prediction in predictions for check in prediction.checks)
    noticed = sorted(once, key=lambda check: -order.index(check.status))
    items = "".join(
        f'<li class="check-{check.status}"><strong>{escape(content.CHECK_STATES[check.status])}:</strong> '
        f"{escape(check.message)}</li>"
        for check in noticed
    )
    body = f"<ul>{items}</ul>" if items else f"<p>{escape(content.NO_CHECKS)}</p>"
    return f"<h3>{escape(content.CHECKS)}</h3>{body}"


def in_lungs(prediction: Prediction) -> str:
    """How much of the evidence lies inside the lungs, in one sentence."""
    if prediction.lungs is None:
        sentence = content.LUNGS_UNKNOWN
    elif prediction.in_lung_share is None:
        sentence = content.NO_EVIDENCE
    else:
        share, area = percent(prediction.in_lung_share, 0), percent(prediction.lung_area, 0)
        sentence = content.IN_LUNGS.format(share=share, area=area)
        if get_variant(prediction.variant).recipe.evidence_penalty:
            sentence += content.REWARDED
    return f'<p class="in-lungs">{escape(sentence)}</p>'


def at_your_prevalence(prediction: Prediction, point: OperatingPoint, measured: float, prevalence: float) -> str:
    """What the finding and the probability mean at a prevalence.

    Args:
        prediction: a reading.
        point: that it was judged at.
        measured: prevalence among the validation images, in (0, 1).
        prevalence: the reader's, in (0, 1).
    """
    positive, negative = predictive_values(point, prevalence)
    lines = [
        words.format(value=interval(value), count=UNDEFINED if isnan(value.value) else round(100 * value.value))
        for words, value in ((content.POSITIVE_VALUE, positive), (content.NEGATIVE_VALUE, negative))
    ]
    if percent(prevalence, 0) != percent(measured, 0):
        carried = content.CARRIED.format(
            probability=percent(at_prevalence(prediction.probability, measured, prevalence)),
            prevalence=percent(prevalence, 0),
            here=percent(prediction.probability),
            measured=percent(measured, 0),
        )
        lines.append(carried)
    return "<ul>" + "".join(f"<li>{escape(line)}</li>" for line in lines) + "</ul>"


def support(tested: Support) -> str:
    """What came of testing the marked region, in words."""
    return f'<p class="in-lungs">{escape(tested.message)}</p>'


def colour_key(scale: float, opacity: float = OPACITY, show: Collection[str] = SHOW) -> str:
    """What is drawn over the radiograph, with its unit, and how to read it; arguments as for `overlay_on`."""
    against = content.AGAINST in show
    label = f"Colours from 0 (clear) to {scale:g} logits towards pneumonia (right)."
    if against:
        label += f" Blue from 0 to {scale:g} logits against it (left)."
    image = data_uri(legend(width=256, height=12, opacity=opacity, against=against))
    level = contour_level(scale)
    lines = {
        content.LUNGS: [("lungs", content.KEY_LUNGS)],
        content.CONTOUR: [
            ("contour", content.KEY_CONTOUR.format(level=level)),
            ("peak", content.KEY_PEAK.format(level=level)),
        ],
    }
    keys = "".join(
        f'<li class="key-{name}">{escape(words)}</li>'
        for chosen in lines
        if chosen in show
        for name, words in lines[chosen]
    )
    return (
        f'<figure class="colour-key"><div class="colour-scale"><span>{f"&minus;{scale:g}" if against else "0"}</span>'
        f'<img src="{image}" alt="{escape(label)}"><span>{scale:g} logits or more</span></div>'
        + (f'<ul class="line-keys">{keys}</ul>' if keys else "")
        + f"<figcaption>{escape(HEATMAP_HELP)}{escape(' ' + AGAINST_HELP if against else '')}</figcaption></figure>"
    )


def finding(prediction: Prediction, tag: str) -> str:
    """The finding, as an element of this tag."""
    sentence = content.FINDINGS[prediction.finding]
    return (
        f'<{tag} class="finding"><span class="finding-name">{escape(prediction.finding)}</span> '
        f"{escape(sentence)}</{tag}>"
    )


def finding_class(prediction: Prediction) -> str:
    """Gives an element the finding's colour."""
    return f"finding-{prediction.finding.lower()}"


def operating_point(point: OperatingPoint) -> str:
    """The operating point with what was measured at it, in words."""
    words = content.AT_OWN if point.name == OWN else content.AT_POINT
    return words.format(
        name=point.name,
        threshold=percent(point.threshold),
        sensitivity=interval(point.sensitivity),
        specificity=interval(point.specificity),
    )


def _small_print(prediction: Prediction, version: str) -> str:
    return content.SMALL_PRINT.format(
        title=get_variant(prediction.variant).title,
        version=version,
        weights=prediction.weights_sha256[:_HASH_LENGTH],
        image=prediction.image_sha256[:_HASH_LENGTH],
    )
