"""The answer of a reading in one sentence, in words that hold at every operating point.

A finding alone does not: at the screening point a probability of a few percent is called PNEUMONIA, and at the rule-in
point one of 90 % is called NORMAL. So the sentence goes by the finding, by the side of one half on which the
probability lies, and by whether there is evidence to show.
"""

from typing import NamedTuple

from demo.shared import texts
from pneumonia import Prediction
from pneumonia.core.labels import NORMAL, PNEUMONIA, UNCERTAIN
from pneumonia.core.operating_points import RULE_IN, SCREENING
from pneumonia.explain.strength import strength
from pneumonia.explain.zones import Place, main_place, zone_shares
from pneumonia.inference.drawn_reading import has_evidence, has_outline
from pneumonia.records.receipt import JudgedPrediction
from pneumonia.utils.formatting import percent
from pneumonia.variants.registry import get_variant


class Answer(NamedTuple):
    """What a reading says.

    Attributes:
        sentence: without a full stop.
        state: whose colour it has: `NORMAL`, `PNEUMONIA`, or `UNCERTAIN` for whatever lies between.
    """

    sentence: str
    state: str


def answer(judged: JudgedPrediction, placed: bool = True) -> Answer:
    """Give the answer of a reading at its operating point, and of signs the place, unless that is not `placed`."""
    prediction = judged.prediction
    finding, leans, evidence = prediction.finding, prediction.probability >= 0.5, has_evidence(prediction)
    if finding == UNCERTAIN:
        if undecided(prediction):
            return Answer(texts.UNDECIDED, UNCERTAIN)
        return Answer(texts.CLOSE_LEANS if leans else texts.CLOSE, UNCERTAIN)
    if finding == PNEUMONIA:
        if not leans:
            return Answer(texts.NOT_RULED_OUT, UNCERTAIN)
        if not evidence:
            return Answer(texts.LEANS_UNSEEN, UNCERTAIN)
        return Answer(_with_place(prediction) if placed else texts.SIGNS, PNEUMONIA)
    if leans:
        return Answer(texts.LEANS_NOT_RULED_IN, UNCERTAIN)
    points = judged.predictor.calibration_for(prediction.population).operating_points
    if points[SCREENING].finding(prediction.probability) == NORMAL:
        return Answer(texts.HARDLY_ANY_SIGNS if evidence else texts.NO_SIGNS, NORMAL)
    return Answer(texts.NOT_RULED_IN if prediction.operating_point == RULE_IN else texts.LEANS_NOT_RULED_OUT, UNCERTAIN)


def undecided(prediction: Prediction) -> bool:
    """Tell whether a reading would need to know as whose it is judged."""
    return prediction.population is None and any(check.name == "population" for check in prediction.checks)


def place(prediction: Prediction) -> Place | None:
    """Give the place in the lungs where most of the evidence lies; None where it cannot be named."""
    inside = None if prediction.lungs is None else prediction.lungs.inside
    if inside is None or not has_evidence(prediction):
        return None
    shares = zone_shares(prediction.heatmap, inside, prediction.field_of_view)
    return None if shares is None else main_place(shares)


def mostly_outside(prediction: Prediction) -> bool:
    """Tell whether most of the evidence is known to lie outside the lungs."""
    return prediction.in_lung_share is not None and prediction.in_lung_share < 0.5


def evidence_sentences(prediction: Prediction, scale: float, placed: bool = True) -> tuple[str, str]:
    """Sentences on the strength and the place of the evidence, and on how far its share inside the lungs is one.

    Args:
        prediction: a reading.
        scale: logits at which overlays saturate.
        placed: whether the zone may be named, as no test has denied the region.

    Returns:
        The first for everybody; the second, which may be empty, for those who look closer.
    """
    if not has_evidence(prediction):
        return texts.NO_EVIDENCE, ""
    sentence, closer = _where(prediction, scale, placed)
    return sentence if has_outline(prediction, scale) else f"{sentence} {texts.NO_REGION}", closer


def _where(prediction: Prediction, scale: float, placed: bool) -> tuple[str, str]:
    word = strength(float(prediction.heatmap.max()), scale).capitalize()
    if prediction.lungs is None or prediction.in_lung_share is None:
        return texts.EVIDENCE_LUNGS_UNKNOWN.format(strength=word), ""
    share, area = percent(prediction.in_lung_share, 0), percent(prediction.lung_area, 0)
    rewarded = texts.REWARDED if get_variant(prediction.variant).recipe.evidence_penalty else ""
    closer = texts.IN_LUNGS.format(area=area) + rewarded
    where = place(prediction) if placed else None
    if where is None:
        words = texts.EVIDENCE_OUTSIDE if mostly_outside(prediction) else texts.EVIDENCE_INSIDE
        return words.format(strength=word, inside=share), closer
    held = percent(where.share, 0)
    return texts.EVIDENCE.format(strength=word, share=held, place=where.name.capitalize(), inside=share), closer


def _with_place(prediction: Prediction) -> str:
    where = place(prediction)
    return texts.SIGNS if where is None else texts.SIGNS_AT.format(place=where.name)
