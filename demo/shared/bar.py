"""The bar of a probability: where it lies between the operating points, and what is too close to call.

The scale is that of odds, so that the points of adults, the lowest of which lies under one percent, stay apart as those
of children do.
"""

import math
from collections.abc import Mapping
from html import escape

from demo.shared import texts
from demo.shared.answer import answer
from pneumonia.core.operating_points import CUSTOM, OPERATING_POINTS, OperatingPoint
from pneumonia.records.receipt import JudgedPrediction
from pneumonia.utils.formatting import percent

# Probabilities at its ends; what lies beyond is drawn there.
_LEAST, _MOST = 0.001, 0.999
_TICKS = (_LEAST, 0.01, 0.1, 0.5, 0.9, 0.99, _MOST)
# Middles of the choices below the bar, which share its width.
_CHOICES = {name: (2 * place + 1) / (2 * len(OPERATING_POINTS)) for place, name in enumerate(OPERATING_POINTS)}


def position(probability: float) -> float:
    """Give the place on the bar of a probability in [0, 1]: 0 at its left end, 1 at its right."""
    odds = [math.log(p / (1 - p)) for p in (_LEAST, min(max(probability, _LEAST), _MOST), _MOST)]
    return (odds[1] - odds[0]) / (odds[2] - odds[0])


def probability_bar(judged: JudgedPrediction, choices: bool = False) -> str:
    """Draw the bar with a mark for each operating point.

    Args:
        judged: a reading.
        choices: whether the points can be chosen, by the radio buttons `operating-point`, which stand below and share
            its width: then each mark is led to its button.
    """
    prediction, chosen = judged.prediction, judged.point
    points = dict(judged.predictor.calibration_for(prediction.population).operating_points)
    if chosen.name == CUSTOM:
        points[CUSTOM] = chosen
    probability, zone = percent(prediction.probability), zone_words(chosen)
    summary = f"{texts.PROBABILITY} {probability}; {threshold_words(chosen)}, {zone}."
    low, high = position(chosen.low), position(chosen.high)
    ticks = "".join(f"<span{_at(position(tick))}>{100 * tick:g}%</span>" for tick in _TICKS)
    marks = "".join(_mark(point, chosen, choices) for point in points.values())
    below = _leads(points, chosen) if choices else _key(chosen)
    return (
        f'<figure class="bar state-{answer(judged).state.lower()}" role="img" aria-label="{escape(summary)}">'
        f'<p class="bar-above">{escape(texts.PROBABILITY)} <strong>{escape(probability)}</strong></p>'
        f'<div class="bar-ticks">{ticks}</div><div class="bar-track">'
        f'<span class="bar-fill" style="width:{100 * position(prediction.probability):.2f}%"></span>'
        f'<span class="bar-zone" style="left:{100 * low:.2f}%;width:{100 * (high - low):.2f}%"></span>{marks}'
        f'<span class="bar-probability"{_at(position(prediction.probability))}></span></div>{below}</figure>'
    )


def threshold_words(point: OperatingPoint) -> str:
    """Words for the threshold of a point."""
    return texts.BAR_THRESHOLD.format(threshold=percent(point.threshold))


def zone_words(point: OperatingPoint) -> str:
    """Words for what is too close to call at a point."""
    return texts.BAR_ZONE.format(low=percent(point.low), high=percent(point.high))


def _mark(point: OperatingPoint, chosen: OperatingPoint, choices: bool) -> str:
    css_class = "bar-mark chosen" if point.name == chosen.name else "bar-mark"
    # What it clicks is there for keyboards and screen readers already.
    clicks = f' data-clicks="#operating-point input[value={point.name}]"' if choices and point.name != CUSTOM else ""
    return f'<span class="{css_class}"{_at(position(point.threshold))}{clicks}></span>'


def _leads(points: Mapping[str, OperatingPoint], chosen: OperatingPoint) -> str:
    """Lines from the marks to the buttons, and the thresholds above these."""
    lines = words = ""
    for name, middle in _CHOICES.items():
        css_class = ' class="chosen"' if name == chosen.name else ""
        ends = f'x1="{100 * position(points[name].threshold):.2f}" y1="0" x2="{100 * middle:.2f}" y2="10"'
        lines += f"<line{css_class} {ends}/>"
        words += f"<span{css_class}>{escape(texts.FROM.format(threshold=percent(points[name].threshold)))}</span>"
    return (
        f'<svg class="bar-leads" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">{lines}</svg>'
        f'<div class="bar-thresholds">{words}</div>'
    )


def _key(chosen: OperatingPoint) -> str:
    return (
        f'<p class="bar-below"><span class="key-threshold">{escape(threshold_words(chosen))}</span> '
        f'<span class="key-zone">{escape(zone_words(chosen))}</span></p>'
    )


def _at(place: float) -> str:
    return f' style="left:{100 * place:.2f}%"'
