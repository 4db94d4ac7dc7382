"""HTML of one reading; every text from outside is escaped."""

from collections.abc import Callable
from html import escape

from demo.shared import answer as answers
from demo.shared import page_html, prediction_text, texts
from demo.shared.bar import probability_bar
from demo.shared.page_html import notice, paragraph
from demo.shared.predictors import title_of
from pneumonia import Prediction
from pneumonia.records.receipt import JudgedPrediction

_HASH_LENGTH = 12


def verdict(
    judged: JudgedPrediction, choices: bool = False, placed: bool = True, button: Callable[[str], str] | None = None
) -> str:
    """Card of a reading that was not rejected: for whom, what to care for, the answer, its place, and the bar.

    Args:
        judged: the reading.
        choices: whether the operating point can be chosen beside it, as on the Read tab.
        placed: whether a place may be named, as no test has denied it.
        button: as for `population_buttons`, where whose it is can be said.
    """
    prediction = judged.prediction
    place, _ = answers.evidence_sentences(prediction, judged.predictor.heatmap_scale, placed)
    return (
        f'<section class="card {state_class(judged)}">{population(judged, button)}{warnings(prediction)}'
        f"{answer(judged, 'h2', placed)}{paragraph(place, 'evidence')}{probability_bar(judged, choices)}</section>"
    )


def figures(judged: JudgedPrediction) -> str:
    """Figures of the operating point of a reading, and the notice."""
    return f"{paragraph(prediction_text.operating_point(judged), 'operating-point')}{notice()}"


def population(judged: JudgedPrediction, button: Callable[[str], str] | None = None) -> str:
    """Sentences on whose radiograph it was read as and what was measured on such; they stand out where they ask.

    Args:
        judged: the reading.
        button: as for `population_buttons`, where whose it is can be said.
    """
    prediction = judged.prediction
    sentence = f"{prediction_text.population(prediction)} {prediction_text.measured(judged)}".strip()
    if prediction.population is not None or not answers.undecided(prediction):
        return paragraph(sentence, "population") if sentence else ""
    buttons = "" if button is None else population_buttons(button)
    return f'<div class="population asks">{paragraph(sentence)}{buttons}</div>'


def population_buttons(button: Callable[[str], str]) -> str:
    """A button for each population.

    Args:
        button: from a population to the attribute that tells the page's script what the button does.
    """
    buttons = (f'<button type="button" {button(of)}>{escape(texts.POPULATIONS[of])}</button>' for of in texts.ASKED)
    return f'<div class="offers">{"".join(buttons)}</div>'


def warnings(prediction: Prediction) -> str:
    """List of what needs care before the answer is read; what the population asks stands elsewhere."""
    checks = prediction_text.sorted_checks(prediction)
    return page_html.warnings(check.message for check in checks if check.status == "warn")


def answer(judged: JudgedPrediction, tag: str, placed: bool = True) -> str:
    """Answer, as an element of this tag; `placed` as for `answers.answer`."""
    return f'<{tag} class="answer">{escape(answers.answer(judged, placed).sentence)}</{tag}>'


def state_class(judged: JudgedPrediction) -> str:
    """Class that gives an element the answer's colour."""
    return f"state-{answers.answer(judged).state.lower()}"


def evidence(judged: JudgedPrediction) -> str:
    """Sentences on the strength and the place of the evidence."""
    sentences = answers.evidence_sentences(judged.prediction, judged.predictor.heatmap_scale)
    return paragraph(" ".join(filter(None, sentences)), "evidence")


def details(judged: JudgedPrediction) -> str:
    """All that folds away: checks that were passed, how to take the evidence, and what was read with what."""
    prediction = judged.prediction
    _, closer = answers.evidence_sentences(prediction, judged.predictor.heatmap_scale)
    passed = [check.message for check in prediction.checks if check.status == "ok"]
    rows = (
        (texts.CHECKS, " ".join(passed) or (texts.SEE_ABOVE if warnings(prediction) else texts.NO_CHECKS)),
        (texts.EVIDENCE_SHARE, closer),
        (texts.VARIANT, texts.WEIGHTS.format(title=title_of(prediction.variant), version=judged.predictor.version)),
        (texts.WEIGHTS_HASH, prediction.weights_sha256[:_HASH_LENGTH]),
        (texts.IMAGE_HASH, prediction.image_sha256[:_HASH_LENGTH]),
        (texts.CALIBRATION, prediction_text.calibration(prediction.calibration)),
    )
    body = "".join(f"<dt>{escape(name)}</dt><dd>{escape(words)}</dd>" for name, words in rows if words)
    return f'<details class="details"><summary>{escape(texts.DETAILS)}</summary><dl>{body}</dl></details>'


def checks(*predictions: Prediction) -> str:
    """List of what one reading or several noticed about the upload, what needs care first."""
    items = "".join(
        f'<li class="check-{check.status}"><strong>{escape(texts.CHECK_STATES[check.status])}:</strong> '
        f"{escape(check.message)}</li>"
        for check in prediction_text.sorted_checks(*predictions)
    )
    body = f"<ul>{items}</ul>" if items else paragraph(texts.NO_CHECKS)
    return f"<h3>{escape(texts.CHECKS)}</h3>{body}"
