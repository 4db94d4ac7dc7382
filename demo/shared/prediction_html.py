"""HTML of one reading; every text from outside is escaped."""

from collections.abc import Callable, Mapping
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
    judged: JudgedPrediction,
    choices: bool = False,
    confirmed: bool = True,
    button: Callable[[str], str] | None = None,
    offers: str = "",
) -> str:
    """Card of a reading that was not rejected: for whom, what to care for, the answer, its place, and the bar.

    Args:
        judged: the reading.
        choices: whether the operating point can be chosen beside it, as on the Read tab.
        confirmed: False where a test has denied that the outlined region matters; that is warned of, no place named.
        button: as for `population_buttons`, where whose it is can be said.
        offers: HTML below the warnings.
    """
    prediction = judged.prediction
    place, _ = answers.evidence_sentences(prediction, judged.predictor.heatmap_scale, confirmed)
    warned = warnings({"": prediction}, confirmed)
    return (
        f'<section class="card {state_class(judged)}">{population(judged, button)}{warned}{offers}'
        f"{answer(judged, 'h2', confirmed)}{paragraph(place, 'evidence')}{probability_bar(judged, choices)}</section>"
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


def warnings(predictions: Mapping[str, Prediction | None], confirmed: bool = True) -> str:
    """List of what needs care before the answer is read; what the population asks stands elsewhere.

    Args:
        predictions: one reading, or several by their titles; None for one that is not there.
        confirmed: as for `verdict`.
    """
    noticed = [(check.message, by) for check, by in prediction_text.noticed(predictions) if check.status == "warn"]
    return page_html.warnings(noticed if confirmed else [*noticed, (texts.REGION_UNCONFIRMED, "")])


def answer(judged: JudgedPrediction, tag: str, placed: bool = True) -> str:
    """Answer, as an element of this tag; `placed` as for `answers.answer`."""
    return f'<{tag} class="answer">{escape(answers.answer(judged, placed).sentence)}</{tag}>'


def state_class(judged: JudgedPrediction) -> str:
    """Class that gives an element the answer's colour."""
    return f"state-{answers.answer(judged).state.lower()}"


def evidence(judged: JudgedPrediction) -> str:
    """Sentences on the strength of the evidence and its share inside the lungs; no zone, for where none is tested."""
    sentences = answers.evidence_sentences(judged.prediction, judged.predictor.heatmap_scale, placed=False)
    return paragraph(" ".join(filter(None, sentences)), "evidence")


def details(judged: JudgedPrediction) -> str:
    """All that folds away: checks that were passed, how to take the evidence, and what was read with what."""
    prediction = judged.prediction
    _, closer = answers.evidence_sentences(prediction, judged.predictor.heatmap_scale)
    rows = (
        (texts.CHECKS, " ".join(_passed({"": prediction})) or _not_passed({"": prediction})),
        (texts.EVIDENCE_SHARE, closer),
        (texts.VARIANT, texts.WEIGHTS.format(title=title_of(prediction.variant), version=judged.predictor.version)),
        (texts.WEIGHTS_HASH, prediction.weights_sha256[:_HASH_LENGTH]),
        (texts.IMAGE_HASH, prediction.image_sha256[:_HASH_LENGTH]),
        (texts.CALIBRATION, prediction_text.calibration(prediction.calibration)),
    )
    body = "".join(f"<dt>{escape(name)}</dt><dd>{escape(words)}</dd>" for name, words in rows if words)
    return f'<details class="details"><summary>{escape(texts.DETAILS)}</summary><dl>{body}</dl></details>'


def checks(predictions: Mapping[str, Prediction]) -> str:
    """List of the checks that the upload passed, by one reading or several with their titles."""
    items = "".join(f"<li>{escape(sentence)}</li>" for sentence in _passed(predictions))
    body = f"<ul>{items}</ul>" if items else paragraph(_not_passed(predictions))
    return f"<h3>{escape(texts.CHECKS)}</h3>{body}"


def _passed(predictions: Mapping[str, Prediction]) -> list[str]:
    return [f"{check.message}{by}" for check, by in prediction_text.noticed(predictions) if check.status == "ok"]


def _not_passed(predictions: Mapping[str, Prediction]) -> str:
    """What is said where no check was passed."""
    return texts.SEE_ABOVE if warnings(predictions) else texts.NO_CHECKS
