"""What is shown of one reading, as HTML; every text from outside is escaped."""

from collections.abc import Collection
from dataclasses import replace
from html import escape
from math import isnan

from demo import content
from demo.views.images import OPACITY, SHOW, data_uri
from demo.views.page import notice
from demo.views.values import interval
from pneumonia import Prediction
from pneumonia.checks import Check
from pneumonia.explain.overlay import contour_level, legend
from pneumonia.explain.support import Support
from pneumonia.notices import AGAINST_HELP, HEATMAP_HELP
from pneumonia.operating_points import OWN, OperatingPoint
from pneumonia.prevalence import at_prevalence, predictive_values
from pneumonia.site_calibration import SiteCalibration
from pneumonia.variants import get_variant
from pneumonia.written import UNDEFINED, percent

_HASH_LENGTH = 12


def verdict(prediction: Prediction, point: OperatingPoint, version: str) -> str:
    """A reading that was not rejected, in words and on one bar, with what was measured at its operating point."""
    return (
        f'<section class="card {finding_class(prediction)}">{finding(prediction, "h2")}'
        f"{probability_bar(prediction, point)}"
        f'<p class="operating-point">{escape(operating_point(point, prediction.calibration))}</p>'
        f"{notice()}"
        f'<p class="small-print">{escape(_small_print(prediction, version))}</p></section>'
    )


def probability_bar(prediction: Prediction, point: OperatingPoint) -> str:
    """Probability, threshold and the zone that is too close to call, on one bar from 0 to 100 %."""
    probability = percent(prediction.probability)
    threshold, zone = bar_key(prediction, point)
    summary = f"Probability of pneumonia {probability}, {threshold}, {zone}."
    return (
        f'<figure class="bar" role="img" aria-label="{escape(summary)}">'
        f'<p class="bar-above">{escape(content.PROBABILITY)} <strong>{escape(probability)}</strong></p>'
        '<div class="bar-track">'
        f'<span class="bar-fill" style="width:{100 * prediction.probability:.2f}%"></span>'
        f'<span class="bar-zone" style="left:{100 * point.low:.2f}%;width:{100 * (point.high - point.low):.2f}%">'
        "</span>"
        f'<span class="bar-threshold" style="left:{100 * prediction.threshold:.2f}%"></span>'
        f'<span class="bar-probability" style="left:{100 * prediction.probability:.2f}%"></span></div>'
        f'<p class="bar-below"><span class="key-threshold">{escape(threshold)}</span> '
        f'<span class="key-zone">{escape(zone)}</span></p></figure>'
    )


def bar_key(prediction: Prediction, point: OperatingPoint) -> tuple[str, str]:
    """What is marked on the bar besides the probability: the threshold, and the zone around it."""
    return (
        content.BAR_THRESHOLD.format(threshold=percent(prediction.threshold)),
        content.BAR_ZONE.format(low=percent(point.low), high=percent(point.high)),
    )


def checks(*predictions: Prediction) -> str:
    """What was noticed about the upload by one reading or several, what needs care first."""
    items = "".join(
        f'<li class="check-{check.status}"><strong>{escape(content.CHECK_STATES[check.status])}:</strong> '
        f"{escape(check.message)}</li>"
        for check in sorted_checks(*predictions)
    )
    body = f"<ul>{items}</ul>" if items else f"<p>{escape(content.NO_CHECKS)}</p>"
    return f"<h3>{escape(content.CHECKS)}</h3>{body}"


def other_checks(prediction: Prediction) -> str:
    """What else was noticed about an upload that was refused; nothing where that is all."""
    others = tuple(check for check in prediction.checks if check.status == "warn")
    return checks(replace(prediction, checks=others)) if others else ""


def sorted_checks(*predictions: Prediction) -> list[Check]:
    """The checks of `checks`, each once."""
    order = list(content.CHECK_STATES)
    once = dict.fromkeys(check for prediction in predictions for check in prediction.checks)
    return sorted(once, key=lambda check: -order.index(check.status))


def in_lungs(prediction: Prediction) -> str:
    """How much of the evidence lies inside the lungs, in one sentence."""
    return f'<p class="in-lungs">{escape(in_lungs_sentence(prediction))}</p>'


def in_lungs_sentence(prediction: Prediction) -> str:
    """The words of `in_lungs`."""
    if prediction.lungs is None:
        return content.LUNGS_UNKNOWN
    if prediction.in_lung_share is None:
        return content.NO_EVIDENCE
    share, area = percent(prediction.in_lung_share, 0), percent(prediction.lung_area, 0)
    rewarded = content.REWARDED if get_variant(prediction.variant).recipe.evidence_penalty else ""
    return content.IN_LUNGS.format(share=share, area=area) + rewarded


def at_your_prevalence(prediction: Prediction, point: OperatingPoint, measured: float, prevalence: float) -> str:
    """What the finding and the probability mean at a prevalence.

    Args:
        prediction: a reading.
        point: that it was judged at.
        measured: prevalence among the images that its calibration was fixed on, in (0, 1).
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
            images=_images(prediction.calibration),
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
    least, most = scale_ends(scale, show)
    keys = "".join(f'<li class="key-{name}">{escape(words)}</li>' for name, words in line_keys(scale, show).items())
    return (
        f'<figure class="colour-key"><div class="colour-scale"><span>{escape(least)}</span>'
        f'<img src="{image}" alt="{escape(label)}"><span>{escape(most)}</span></div>'
        + (f'<ul class="line-keys">{keys}</ul>' if keys else "")
        + f"<figcaption>{escape(map_help(show))}</figcaption></figure>"
    )


def scale_ends(scale: float, show: Collection[str]) -> tuple[str, str]:
    """What stands at the left and at the right of the colours; arguments as for `overlay_on`."""
    return f"\N{MINUS SIGN}{scale:g}" if content.AGAINST in show else "0", f"{scale:g} logits or more"


def line_keys(scale: float, show: Collection[str]) -> dict[str, str]:
    """What each line means that is drawn, by its name; arguments as for `overlay_on`."""
    level = contour_level(scale)
    keys = {"lungs": content.KEY_LUNGS} if content.LUNGS in show else {}
    if content.CONTOUR in show:
        keys |= {"contour": content.KEY_CONTOUR.format(level=level), "peak": content.KEY_PEAK.format(level=level)}
    return keys


def map_help(show: Collection[str]) -> str:
    """How to read what is drawn."""
    return f"{HEATMAP_HELP} {AGAINST_HELP}" if content.AGAINST in show else HEATMAP_HELP


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


def operating_point(point: OperatingPoint, site: SiteCalibration | None) -> str:
    """The operating point with what was measured at it, in words; `site` is whose calibration it is of, if any's."""
    words, images = content.AT_POINT, _images(site)
    if point.name == OWN:
        words = content.AT_OWN
    elif site is not None:
        images = content.LEFT_OUT.format(images=images)
    return words.format(
        name=point.name,
        images=images,
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
        calibration=calibration(prediction.calibration),
    )


def calibration(site: SiteCalibration | None) -> str:
    """Which calibration probabilities and thresholds are of."""
    if site is None:
        return content.AS_SHIPPED
    return content.CALIBRATED_TO.format(name=site.name, date=site.date, count=site.images)


def _images(site: SiteCalibration | None) -> str:
    """Those that a calibration was fixed on."""
    if site is None:
        return content.VALIDATION_IMAGES
    return content.LOCAL_IMAGES.format(count=site.images, name=site.name)
