"""Sentences on readings, for the page and for the report."""

from collections import Counter
from collections.abc import Sequence

from demo.shared import texts
from pneumonia import Prediction
from pneumonia.calibration.site import SiteCalibration
from pneumonia.core.check import Check
from pneumonia.core.labels import UNCERTAIN
from pneumonia.core.operating_points import CUSTOM, Interval, OperatingPoint
from pneumonia.inference.population import NAMES, PATIENT
from pneumonia.utils.formatting import percent
from pneumonia.variants.registry import get_variant


def agreement(findings: Sequence[str]) -> str:
    """Sentence on whether the variants agree."""
    if len(findings) == 1:
        return texts.ONLY_ONE
    counts = Counter(findings)
    if len(counts) == 1:
        return texts.AGREE.format(count=len(findings), finding=findings[0])
    return texts.DISAGREE.format(findings=", ".join(f"{n} {finding}" for finding, n in counts.most_common()))


def bar_key(prediction: Prediction, point: OperatingPoint) -> tuple[str, str]:
    """Words for what is marked on the bar besides the probability: the threshold, and the zone around it."""
    return (
        texts.BAR_THRESHOLD.format(threshold=percent(prediction.threshold)),
        texts.BAR_ZONE.format(low=percent(point.low), high=percent(point.high)),
    )


def sorted_checks(*predictions: Prediction) -> list[Check]:
    """Checks of one reading or several, each once, what needs care first."""
    order = list(texts.CHECK_STATES)
    once = dict.fromkeys(check for prediction in predictions for check in prediction.checks)
    return sorted(once, key=lambda check: -order.index(check.status))


def in_lungs_sentence(prediction: Prediction) -> str:
    """Sentence on how much of the evidence lies inside the lungs."""
    if prediction.lungs is None:
        return texts.LUNGS_UNKNOWN
    if prediction.in_lung_share is None:
        return texts.NO_EVIDENCE
    share, area = percent(prediction.in_lung_share, 0), percent(prediction.lung_area, 0)
    rewarded = texts.REWARDED if get_variant(prediction.variant).recipe.evidence_penalty else ""
    return texts.IN_LUNGS.format(share=share, area=area) + rewarded


def scale_ends(scale: float) -> tuple[str, str]:
    """Words at the left and at the right of the colours, which saturate at a `scale` in logits."""
    return "0", f"{scale:g} logits or more"


def population(prediction: Prediction) -> str:
    """Sentence on whose radiograph it was read as; empty where nothing can be said."""
    if prediction.population is None:
        return next((check.message for check in prediction.checks if check.name == "population"), "")
    if prediction.population_source is None:
        return texts.READ_AS_ONLY.format(population=NAMES[prediction.population])
    return texts.READ_AS.format(
        patient=PATIENT[prediction.population], source=texts.SOURCES[prediction.population_source]
    )


def undecided(prediction: Prediction) -> bool:
    """Tell whether a reading would need to know as whose it is judged."""
    return prediction.population is None and any(check.name == "population" for check in prediction.checks)


def finding(prediction: Prediction) -> str:
    """What a finding means."""
    if prediction.finding == UNCERTAIN and undecided(prediction):
        return texts.UNDECIDED
    return texts.FINDINGS[prediction.finding]


def operating_point(point: OperatingPoint, prediction: Prediction) -> str:
    """Sentence on the operating point of a reading and what was measured at it."""
    site = prediction.calibration
    words, images = texts.AT_OPERATING_POINT, calibration_images(prediction)
    if point.name == CUSTOM:
        words = texts.AT_CUSTOM_THRESHOLD
    elif site is not None:
        images = texts.LEFT_OUT.format(images=images)
    return words.format(
        name=point.name,
        images=images,
        threshold=percent(point.threshold),
        sensitivity=interval(point.sensitivity),
        specificity=interval(point.specificity),
    )


def calibration(site: SiteCalibration | None) -> str:
    """Words for the calibration that probabilities and thresholds are of."""
    if site is None:
        return texts.AS_PUBLISHED
    return texts.CALIBRATED_TO.format(name=site.name, date=site.date, count=site.images)


def calibration_images(prediction: Prediction) -> str:
    """Words for the images that the calibration of a reading was fitted to."""
    site = prediction.calibration
    if site is None:
        words = texts.VALIDATION_IMAGES[prediction.population]
        return texts.LESS_WELL.format(images=words.rstrip(",")) if undecided(prediction) else words
    return texts.LOCAL_IMAGES.format(count=site.images, name=site.name)


def interval(share: Interval) -> str:
    """Words for a measured share with its 95 % interval."""
    return f"{percent(share.value)} (95% interval {percent(share.low)} to {percent(share.high)})"
