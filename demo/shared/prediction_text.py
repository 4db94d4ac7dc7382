"""Sentences on readings, for the page and for the report."""

from collections import Counter
from collections.abc import Sequence

from demo.shared import texts
from demo.shared.answer import undecided
from pneumonia import Prediction
from pneumonia.calibration.site import SiteCalibration
from pneumonia.core.check import Check
from pneumonia.core.operating_points import CUSTOM, Interval
from pneumonia.explain.region_test import Support
from pneumonia.inference.population import NAMES, PATIENT
from pneumonia.records.receipt import JudgedPrediction
from pneumonia.utils.formatting import percent


def agreement(findings: Sequence[str]) -> str:
    """Sentence on whether the networks agree at one operating point."""
    if len(findings) == 1:
        return texts.ONLY_ONE
    counts = Counter(texts.CALLED[finding] for finding in findings)
    if len(counts) == 1:
        return texts.AGREE.format(count=len(findings), called=next(iter(counts)))
    return texts.DISAGREE.format(counts=", ".join(f"{n} {called}" for called, n in counts.most_common()))


def sorted_checks(*predictions: Prediction) -> list[Check]:
    """Checks of one reading or several, each once, what needs care first."""
    order = list(texts.CHECK_STATES)
    once = dict.fromkeys(check for prediction in predictions for check in prediction.checks)
    return sorted(once, key=lambda check: -order.index(check.status))


def population(prediction: Prediction) -> str:
    """Sentence on whose radiograph it was read as; empty where nothing can be said."""
    if prediction.population is None:
        return next((check.message for check in prediction.checks if check.name == "population"), "")
    if prediction.population_source is None:
        return texts.READ_AS_ONLY.format(population=NAMES[prediction.population])
    return texts.READ_AS.format(
        patient=PATIENT[prediction.population], source=texts.SOURCES[prediction.population_source]
    )


def measured(judged: JudgedPrediction) -> str:
    """Sentence on what a network was measured on for patients like the one it read; empty where nobody knows whose."""
    prediction, site = judged.prediction, judged.prediction.calibration
    if prediction.population is None and undecided(prediction):
        return ""
    if site is not None:
        count, positives, auroc = site.images, site.positives, site.auroc.value
    else:
        sets = judged.predictor.metrics["sets"]
        of_set = sets[judged.predictor.calibration_for(prediction.population).sets[0]]
        count, positives, auroc = of_set["n"], of_set["positives"], of_set["auroc"]["value"]
    words = texts.MEASURED if prediction.population is None else texts.MEASURED_ON[prediction.population]
    where = texts.MEASURED_AT.format(name=site.name) if site else ""
    return words.format(count=f"{count:,}", where=where, positives=positives, pairs=percent(auroc, 0))


def operating_point(judged: JudgedPrediction) -> str:
    """Sentences on the operating point of a reading and what was measured at it."""
    prediction, point, _ = judged
    site = prediction.calibration
    images = calibration_images(prediction)
    if site is not None and point.name != CUSTOM:
        images = texts.LEFT_OUT.format(images=images)
    return texts.AT_OPERATING_POINT.format(
        name=texts.POINTS[point.name],
        images=images,
        threshold=percent(point.threshold),
        low=percent(point.low),
        high=percent(point.high),
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
        return texts.LESS_WELL.format(images=words) if undecided(prediction) else words
    return texts.LOCAL_IMAGES.format(count=site.images, name=site.name)


def region_test(support: Support | None) -> str:
    """Sentences on whether the outlined region matters; None where that was not tested."""
    if support is None or support.rank is None or support.random_falls is None:
        return texts.REGION_UNTESTED
    count = len(support.random_falls)
    words = texts.REGION_MATTERS if support.supported else texts.REGION_UNCONFIRMED
    return words.format(beaten=count - support.rank + 1, count=count)


def interval(share: Interval) -> str:
    """Words for a measured share with its 95 % interval."""
    return f"{percent(share.value)} (95% interval {percent(share.low)} to {percent(share.high)})"
