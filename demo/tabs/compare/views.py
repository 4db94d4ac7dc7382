"""HTML of several readings side by side."""

from collections.abc import Mapping, Sequence
from html import escape

from demo.shared.page_html import notice, paragraph
from demo.shared.prediction_html import (
    checks,
    finding,
    finding_class,
    in_lungs,
    operating_point_sentence,
    population,
    probability_bar,
)
from demo.shared.prediction_text import agreement
from demo.shared.predictors import title_of, unavailable
from demo.tabs.compare import texts
from pneumonia import Prediction
from pneumonia.core.operating_points import OperatingPoint
from pneumonia.variants.registry import get_variant


def comparison(
    predictions: Mapping[str, Prediction],
    points: Sequence[OperatingPoint],
    seconds: Sequence[float],
    missing: Mapping[str, str],
) -> str:
    """Table of all variants.

    Args:
        predictions: readings of the same image, by the name of the network.
        points: the operating point each was judged at.
        seconds: that each took.
        missing: why a variant is unavailable, by variant.
    """
    rows = "".join(
        _row(_heading(name, prediction, taken), prediction, point)
        for (name, prediction), point, taken in zip(predictions.items(), points, seconds, strict=True)
    )
    rows += "".join(_empty_row(title_of(variant), unavailable(variant, reason)) for variant, reason in missing.items())
    readings = list(predictions.values())
    findings = [prediction.finding for prediction in readings]
    whose = population(readings[0])
    agreeing = "agree" if len(set(findings)) == 1 else "disagree"
    return (
        f'<h2 class="agreement {agreeing}">{escape(agreement(findings))}</h2>{whose}{notice()}'
        f'<div class="comparison">{_table("Variant", rows)}</div>'
        f'<div class="checks">{checks(*readings)}</div>'
    )


def pair(
    results: Sequence[tuple[Prediction, OperatingPoint] | str | None],
    limit: float | None,
) -> str:
    """Table of two images.

    Args:
        results: for each, its reading and the operating point that it was judged at; or why it was not read; or None
            while it was not chosen.
        limit: that the scores of two radiographs of one patient stay within, in logits; None where it is unknown.
    """
    rows = ""
    for title, result in zip(texts.PAIR, results, strict=True):
        if result is None or isinstance(result, str):
            rows += _empty_row(title, result or texts.NOT_CHOSEN)
        else:
            prediction, point = result
            rows += _row(escape(title), prediction, point, f'<div class="checks">{checks(prediction)}</div>')
    read = [result[0] for result in results if isinstance(result, tuple)]
    headline, meaning = difference(*read, limit) if len(read) == 2 else (texts.ONE_OF_TWO, "")
    return (
        f'<h2 class="agreement">{escape(headline)}</h2>{paragraph(meaning)}{notice()}'
        f'<div class="comparison pair">{_table("Image", rows)}</div>'
    )


def difference(first: Prediction, second: Prediction, limit: float | None) -> tuple[str, str]:
    """Sentences on how far two scores differ, and on what that means; arguments as for `pair`."""
    change = second.logit - first.logit
    if limit is None:
        meaning = texts.LIMIT_UNKNOWN
    else:
        meaning = (texts.WITHIN_LIMIT if abs(change) <= limit else texts.BEYOND_LIMIT).format(limit=f"{limit:.1f}")
    direction = texts.HIGHER if change >= 0 else texts.LOWER
    return texts.DIFFERENCE.format(change=f"{abs(change):.1f}", direction=direction), meaning


def _table(first: str, rows: str) -> str:
    columns = "".join(f'<th role="columnheader">{name}</th>' for name in (first, "Evidence", "Finding", "Probability"))
    # The roles are written out because the style lays rows out as results, which hides them from readers.
    return (
        f'<table role="table"><thead role="rowgroup"><tr role="row">{columns}</tr></thead>'
        f'<tbody role="rowgroup">{rows}</tbody></table>'
    )


def _row(heading: str, prediction: Prediction, point: OperatingPoint, below: str = "") -> str:
    return (
        f'<tr role="row" class="{finding_class(prediction)}"><th role="rowheader" scope="row">{heading}</th>'
        f'<td role="cell">{in_lungs(prediction)}</td>'
        f'<td role="cell">{finding(prediction, "p")}{below and population(prediction)}</td>'
        f'<td role="cell">{probability_bar(prediction, point)}'
        f"{operating_point_sentence(prediction, point)}{below}</td></tr>"
    )


def _empty_row(title: str, sentence: str) -> str:
    return (
        f'<tr role="row" class="unavailable"><th role="rowheader" scope="row">{escape(title)}</th>'
        f'<td role="cell" colspan="3">{escape(sentence)}</td></tr>'
    )


def _heading(name: str, prediction: Prediction, seconds: float) -> str:
    summary = get_variant(prediction.variant).summary
    taken = texts.DURATION.format(milliseconds=f"{1000 * seconds:.0f}")
    return f"{escape(title_of(name))}<small>{escape(summary)}</small><small>{escape(taken)}</small>"
