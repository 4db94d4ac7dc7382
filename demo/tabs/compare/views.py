"""HTML of several readings side by side."""

from collections.abc import Mapping, Sequence
from html import escape

from demo.shared import texts as shared_texts
from demo.shared.bar import probability_bar
from demo.shared.page_html import notice, paragraph
from demo.shared.prediction_html import answer, checks, evidence, population, state_class, warnings
from demo.shared.prediction_text import agreement, operating_point
from demo.shared.predictors import summary_of, title_of, unavailable
from demo.tabs.compare import texts
from pneumonia import Prediction
from pneumonia.records.receipt import JudgedPrediction


def comparison(
    readings: Mapping[str, JudgedPrediction],
    seconds: Sequence[float],
    missing: Mapping[str, str],
) -> str:
    """Table of all variants.

    Args:
        readings: of the same image, by the name of the network.
        seconds: that each took.
        missing: why a variant is unavailable, by variant.
    """
    rows = "".join(
        _row(_heading(name, judged.prediction, taken), judged)
        for (name, judged), taken in zip(readings.items(), seconds, strict=True)
    )
    rows += "".join(_empty_row(title_of(variant), unavailable(variant, reason)) for variant, reason in missing.items())
    headline, places = agreement({name: judged.prediction for name, judged in readings.items()})
    predictions = {title_of(name): judged.prediction for name, judged in readings.items()}
    return (
        f"{population(next(iter(readings.values())))}{warnings(predictions)}"
        f'<h2 class="agreement">{escape(headline)}</h2>{places and paragraph(places)}{notice()}'
        f'<div class="comparison">{_table(shared_texts.VARIANT, rows)}</div>'
        f"{_not_tested()}"
        f'<div class="checks">{checks(predictions)}</div>'
    )


def pair(
    results: Sequence[JudgedPrediction | str | None],
    change: tuple[str, str] | None,
) -> str:
    """Table of two images.

    Args:
        results: for each, its reading; or why it was not read; or None while it was not chosen.
        change: what `prediction_text.change` says of them; None until both are read.
    """
    rows = ""
    predictions: dict[str, Prediction | None] = dict.fromkeys(shared_texts.PAIR)
    for title, result in zip(shared_texts.PAIR, results, strict=True):
        if result is None or isinstance(result, str):
            rows += _empty_row(title, result or texts.NOT_CHOSEN)
        else:
            predictions[title] = result.prediction
            rows += _row(escape(title), result, f'<div class="checks">{checks({title: result.prediction})}</div>')
    headline, meaning = change or (texts.ONE_OF_TWO, "")
    return (
        f'{warnings(predictions)}<h2 class="agreement">{escape(headline)}</h2>'
        f'{meaning and paragraph(meaning)}{notice()}<div class="comparison pair">{_table(texts.IMAGE, rows)}</div>'
        f"{_not_tested()}"
    )


def _table(first: str, rows: str) -> str:
    columns = "".join(f'<th role="columnheader">{name}</th>' for name in (first, *texts.COLUMNS))
    # The roles are written out because the style lays rows out as results, which hides them from readers.
    return (
        f'<table role="table"><thead role="rowgroup"><tr role="row">{columns}</tr></thead>'
        f'<tbody role="rowgroup">{rows}</tbody></table>'
    )


def _row(heading: str, judged: JudgedPrediction, below: str = "") -> str:
    return (
        f'<tr role="row" class="{state_class(judged)}"><th role="rowheader" scope="row">{heading}</th>'
        f'<td role="cell">{answer(judged, "p", placed=False)}{below and population(judged)}</td>'
        f'<td role="cell">{probability_bar(judged)}'
        f"{paragraph(operating_point(judged), 'operating-point')}</td>"
        f'<td role="cell">{evidence(judged)}{below}</td></tr>'
    )


def _not_tested() -> str:
    return paragraph(f"{shared_texts.REGIONS_NOT_TESTED} {shared_texts.TEST_IN_READ}", "small-print")


def _empty_row(title: str, sentence: str) -> str:
    return (
        f'<tr role="row" class="unavailable"><th role="rowheader" scope="row">{escape(title)}</th>'
        f'<td role="cell" colspan="3">{escape(sentence)}</td></tr>'
    )


def _heading(name: str, prediction: Prediction, seconds: float) -> str:
    summary = summary_of(prediction.variant)
    taken = texts.DURATION.format(milliseconds=f"{1000 * seconds:.0f}")
    return f"{escape(title_of(name))}<small>{escape(summary)}</small><small>{escape(taken)}</small>"
