"""Sentences on readings, for the page and for the report."""

from collections import Counter
from collections.abc import Callable, Mapping

from demo.shared import texts
from demo.shared.answer import place, undecided
from demo.shared.predictors import Repeatability
from pneumonia import Prediction
from pneumonia.calibration.prevalence import at_prevalence, predictive_values
from pneumonia.calibration.site import SiteCalibration
from pneumonia.core.check import Check
from pneumonia.core.labels import NORMAL, PNEUMONIA
from pneumonia.core.operating_points import CUSTOM, Interval
from pneumonia.explain.region_test import Support, is_unconfirmed
from pneumonia.inference.population import NAMES, PATIENT
from pneumonia.records.receipt import JudgedPrediction
from pneumonia.utils.formatting import percent


def agreement(predictions: Mapping[str, Prediction]) -> tuple[str, str]:
    """Sentences on whether networks agree at one operating point, and on whether they mean the same place.

    Args:
        predictions: of one image, by the network's name.

    Returns:
        The second is empty where they agree on it, or where there is none to agree on.
    """
    if len(predictions) == 1:
        return texts.ONLY_ONE, ""
    counts = Counter(texts.CALLED[prediction.finding] for prediction in predictions.values())
    if len(counts) == 1:
        called = next(iter(counts))
        apart = "" if called == texts.CALLED[NORMAL] else _places(predictions)
        return texts.AGREE.format(count=len(predictions), called=called), apart
    return texts.DISAGREE.format(counts=", ".join(f"{n} {called}" for called, n in counts.most_common())), ""


def _places(predictions: Mapping[str, Prediction]) -> str:
    """Sentence that there is no zone that all mean; empty if there is. It names none, as no region was tested."""
    zones = [set(where.zones if where else ()) for where in map(place, predictions.values())]
    return "" if not any(zones) or set.intersection(*zones) else texts.OTHER_PLACES


def change(
    earlier: Prediction, later: Prediction, repeatability: Callable[[str | None], Repeatability | None]
) -> tuple[str, str]:
    """Headline on what a network sees changed between two images of one patient, and what it means.

    Args:
        earlier: reading of the first.
        later: reading of the second, by the same network.
        repeatability: of the network, by population.
    """
    whose = earlier.population
    if earlier.image_sha256 == later.image_sha256:
        return texts.SAME_IMAGE, texts.SAME_IMAGE_MEANS
    if whose != later.population or undecided(earlier):
        return (texts.UNDECIDED_PATIENT if None in (whose, later.population) else texts.OTHER_PATIENTS), texts.SAY_WHOSE
    usual = repeatability(whose)
    if usual is None:
        return texts.CHANGE_UNKNOWN.format(patient=texts.ONE_PATIENT[whose]), texts.CHANGE_UNKNOWN_MEANS
    difference = later.logit - earlier.logit
    headline, means = texts.NO_CHANGE, texts.NO_CHANGE_MEANS
    if abs(difference) > usual.limit:
        headline, means = (texts.MORE if difference > 0 else texts.FEWER), texts.CHANGE_MEANS
    # What was measured on others is said of them.
    patient, of = texts.ONE_PATIENT[usual.population], usual.population
    sentences = [means.format(patient=patient), texts.ONE_PATIENT_ASSUMED]
    if whose not in (None, of):
        sentences.insert(1, texts.MEASURED_ON_OTHERS.format(patients=NAMES[of], others=NAMES[whose]))
    return headline.format(patient=patient), " ".join(sentences)


def noticed(predictions: Mapping[str, Prediction | None]) -> list[tuple[Check, str]]:
    """Checks of one reading or several, each once, what needs care first; `population` has what the population asks.

    Args:
        predictions: by title; None for one that is not there.

    Returns:
        With each check, where not all readings noticed it, the titles of those that did, in brackets.
    """
    titles: dict[Check, list[str]] = {}
    for title, prediction in predictions.items():
        for check in dict.fromkeys(prediction.checks if prediction else ()):
            if not (check.name == "population" and undecided(prediction)):
                titles.setdefault(check, []).append(title)
    order = list(texts.CHECK_STATES)
    return [
        (check, "" if len(by) == len(predictions) else f" ({', '.join(by)})")
        for check, by in sorted(titles.items(), key=lambda pair: -order.index(pair[0].status))
    ]


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
        count, positives = site.images, site.positives
    else:
        sets = judged.predictor.metrics["sets"]
        of_set = sets[judged.predictor.calibration_for(prediction.population).sets[0]]
        count, positives = of_set["n"], of_set["positives"]
    words = texts.MEASURED if prediction.population is None else texts.MEASURED_ON[prediction.population]
    where = texts.MEASURED_AT.format(name=site.name) if site else ""
    return words.format(count=f"{count:,}", where=where, positives=positives)


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


def predictive_value(judged: JudgedPrediction, measured: float, prevalence: float) -> tuple[str, str]:
    """Sentences on what the finding and the probability mean at a prevalence; of the predictive values the finding's.

    Args:
        judged: a reading.
        measured: prevalence among the images that its calibration was fixed on, in (0, 1).
        prevalence: the reader's, in (0, 1).
    """
    prediction, point, _ = judged
    positive, negative = predictive_values(point, prevalence)
    words, value = {PNEUMONIA: (texts.POSITIVE_VALUE, positive), NORMAL: (texts.NEGATIVE_VALUE, negative)}.get(
        prediction.finding, (texts.NO_VALUE, None)
    )
    adjusted = texts.AT_PREVALENCE.format(
        probability=percent(at_prevalence(prediction.probability, measured, prevalence)),
        here=percent(prediction.probability),
        measured=percent(measured, 0),
        images=calibration_images(prediction),
    )
    return words.format(value=value and interval(value), prevalence=f"{100 * prevalence:.3g}%"), adjusted


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
    """Sentences on whether the outlined region matters, None where that was not tested.

    Empty where a test has denied it: that is said among the warnings.
    """
    if is_unconfirmed(support):
        return ""
    if support is None or support.rank is None or support.random_falls is None:
        return texts.REGION_UNTESTED
    count = len(support.random_falls)
    return texts.REGION_MATTERS.format(beaten=count - support.rank + 1, count=count)


def interval(share: Interval) -> str:
    """Words for a measured share with its 95 % interval."""
    return f"{percent(share.value)} (95% interval {percent(share.low)} to {percent(share.high)})"
