"""A report as a PDF document of A4 pages."""

from collections.abc import Sequence
from functools import partial
from io import BytesIO
from typing import Any

import numpy as np
from reportlab import rl_config
from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, KeepTogether, SimpleDocTemplate, Spacer, Table

from demo.report import texts
from demo.report.drawing import STATES, Bar, Keys, Picture, Ramp, lungs_swatch, threshold_swatch, zone_swatch
from demo.report.report import Report
from demo.report.typesetting import CODE, FAINT, FINDING, HEADING, LINE, REGULAR, SMALL, SMALL_ITEM, TITLE, paragraph
from demo.shared import prediction_text, radiograph_images
from demo.shared import texts as shared_texts
from demo.shared.answer import answer, evidence_sentences, has_outline
from demo.shared.bar import threshold_words, zone_words
from demo.shared.predictors import title_of, unavailable
from pneumonia import __version__
from pneumonia.core.check import Check
from pneumonia.core.notices import INTENDED_USE, LIMITS, NOTICE, POPULATION
from pneumonia.explain.overlay import legend
from pneumonia.explain.strength import STEPS
from pneumonia.records.receipt import VERIFY, JudgedPrediction, command
from pneumonia.utils.formatting import percent
from pneumonia.variants.registry import get_variant

_MARGIN = 17 * mm
_WIDTH = A4[0] - 2 * _MARGIN
_GAP = 5 * mm
_MAX_HEIGHT = 66 * mm  # of a picture
_SMALL_SIDE = 44 * mm  # of a picture in a comparison
_LABEL = 28 * mm
_CARD_PADDING = 9
_SHORT_HASH = 12
_PADDING = 6  # which reportlab leaves around all that is on a page
_SHADE = HexColor("#f1f5f9")
_ALL = ((0, 0), (-1, -1))
_SIDES = ("LEFTPADDING", "RIGHTPADDING", "TOPPADDING", "BOTTOMPADDING")
_TIGHT = [("VALIGN", *_ALL, "TOP"), *((side, *_ALL, 0) for side in _SIDES)]


def to_pdf(report: Report) -> bytes:
    """Set a report; the same one gives the same bytes."""
    # No channel asks for files of printable letters any more, and they are a quarter larger.
    rl_config.useA85 = 0
    title = texts.READING_REPORT if report.missing is None else texts.COMPARISON_REPORT
    parts = _reading(report) if report.missing is None else _comparison(report)
    story = [
        paragraph(title, TITLE),
        Spacer(0, 5),
        _frame([paragraph(INTENDED_USE, SMALL, bold=NOTICE)]),
        Spacer(0, 8),
        *parts,
        *_small_print(report),
    ]
    stream = BytesIO()
    document = SimpleDocTemplate(
        stream,
        pagesize=A4,
        leftMargin=_MARGIN - _PADDING,
        rightMargin=_MARGIN - _PADDING,
        topMargin=14 * mm,
        bottomMargin=17 * mm,
        title=title,
        author="",
        subject="",
        creator="",
        lang="en",
        invariant=1,
        pageCompression=1,
    )
    document.build(story, canvasmaker=partial(_Canvas, report=report))
    return stream.getvalue()


class _Canvas(Canvas):
    """Writes the foot of each page once it is known how many there are, and when the report was made."""

    def __init__(self, *arguments: Any, report: Report, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._pages: list[dict[str, Any]] = []
        self._report = report
        stamp = report.created.strftime("D:%Y%m%d%H%M%S%z")
        self.setDateFormatter(lambda *_: f"{stamp[:-2]}'{stamp[-2:]}'")

    def showPage(self) -> None:
        self._pages.append(dict(self.__dict__))
        self._startPage()

    def save(self) -> None:
        image = self._report.image_sha256[:_SHORT_HASH]
        for number, page in enumerate(self._pages, start=1):
            self.__dict__.update(page)
            self.setStrokeColor(LINE)
            self.line(_MARGIN, 13 * mm, A4[0] - _MARGIN, 13 * mm)
            self.setFont(REGULAR, 7.5)
            self.setFillColor(FAINT)
            self.drawString(_MARGIN, 9 * mm, NOTICE)
            which = {"created": _time(self._report), "image": image, "number": number, "count": len(self._pages)}
            self.drawRightString(A4[0] - _MARGIN, 9 * mm, texts.PAGE.format(**which))
            super().showPage()
        super().save()


def _reading(report: Report) -> list[Flowable]:
    (judged,) = report.readings.values()
    half = (_WIDTH - _GAP) / 2
    pictures = (report.shown, _overlay(report, judged))
    captions = (shared_texts.ORIGINAL, shared_texts.OVERLAY)
    return [
        _card(_verdict(judged, _WIDTH - _CARD_PADDING), judged),
        Spacer(0, 8),
        Table(
            [
                [paragraph(caption, HEADING) for caption in captions],
                [Picture(pixels, half, _MAX_HEIGHT) for pixels in pictures],
            ],
            colWidths=[half + _GAP / 2] * 2,
            style=[*_TIGHT, ("LEFTPADDING", (1, 0), (1, -1), _GAP / 2), ("BOTTOMPADDING", (0, 0), (-1, 0), 2)],
        ),
        Spacer(0, 5),
        *_key(report),
        Spacer(0, 4),
        paragraph(f"{_evidence(judged)} {_region_test(report, judged)}"),
        *_checks(report),
    ]


def _comparison(report: Report) -> list[Flowable]:
    words = _WIDTH - _SMALL_SIDE - _GAP
    rows = [
        [
            [paragraph(shared_texts.ORIGINAL, HEADING), Spacer(0, 2), Picture(report.shown, _SMALL_SIDE, _SMALL_SIDE)],
            [paragraph(shared_texts.OVERLAY, HEADING), Spacer(0, 2), *_key(report), *_checks(report)],
        ]
    ]
    for name, judged in report.readings.items():
        rows.append(
            [
                Picture(_overlay(report, judged), _SMALL_SIDE, _SMALL_SIDE),
                [
                    paragraph(title_of(name), HEADING),
                    paragraph(get_variant(judged.prediction.variant).summary, SMALL),
                    Spacer(0, 2),
                    *_verdict(judged, words),
                    paragraph(_evidence(judged), SMALL),
                ],
            ]
        )
    for variant, reason in report.missing.items():
        rows.append(["", paragraph(unavailable(variant, reason))])
    table = Table(
        rows,
        colWidths=[_SMALL_SIDE + _GAP, words],
        splitInRow=1,
        style=[
            *_TIGHT,
            ("LINEABOVE", (0, 1), (-1, -1), 0.5, LINE),
            ("TOPPADDING", *_ALL, 5),
            ("BOTTOMPADDING", *_ALL, 4),
        ],
    )
    return [
        paragraph(
            "",
            FINDING,
            bold=prediction_text.agreement([judged.prediction.finding for judged in report.readings.values()]),
        ),
        Spacer(0, 3),
        table,
    ]


def _verdict(judged: JudgedPrediction, width: float) -> list[Flowable]:
    """Finding, probability and operating point."""
    prediction, point, _ = judged
    sentence, state = answer(judged)
    whose = f"{prediction_text.population(prediction)} {prediction_text.measured(judged)}".strip()
    return [
        *([paragraph(whose, SMALL), Spacer(0, 2)] if whose else []),
        paragraph("", ParagraphStyle(state, FINDING, textColor=STATES[state]), bold=sentence),
        Spacer(0, 3),
        paragraph("", bold=f"{shared_texts.PROBABILITY} {percent(prediction.probability)}"),
        Bar(prediction.probability, point, STATES[state], width),
        Keys([(threshold_swatch, threshold_words(point)), (zone_swatch, zone_words(point))]),
        Spacer(0, 2),
        paragraph(prediction_text.operating_point(judged), SMALL),
    ]


def _evidence(judged: JudgedPrediction) -> str:
    return " ".join(filter(None, evidence_sentences(judged.prediction, judged.predictor.heatmap_scale)))


def _region_test(report: Report, judged: JudgedPrediction) -> str:
    outlined = has_outline(judged.prediction, report.scale)
    return prediction_text.region_test(report.support) if outlined else ""


def _overlay(report: Report, judged: JudgedPrediction) -> np.ndarray:
    return radiograph_images.overlay_on(report.shown, judged.prediction, report.scale)


def _key(report: Report) -> list[Flowable]:
    """Meanings of the colours and the lines of an overlay."""
    colours = legend(width=256, height=12)
    return [
        Ramp(colours, (shared_texts.NO_STRENGTH, STEPS[-1][0])),
        Spacer(0, 2),
        Keys([(lungs_swatch, shared_texts.KEY_LUNGS)]),
        Spacer(0, 2),
        paragraph(shared_texts.MAP_HELP, SMALL),
    ]


def _checks(report: Report) -> list[Flowable]:
    """Checks of the image, what needs care first; with the networks, where not all noticed it."""
    noticed: dict[Check, list[str]] = {}
    for variant, judged in report.readings.items():
        for check in prediction_text.sorted_checks(judged.prediction):
            noticed.setdefault(check, []).append(title_of(variant))
    lines = []
    for state, name in reversed(shared_texts.CHECK_STATES.items()):
        for check in (check for check in noticed if check.status == state):
            by = "" if len(noticed[check]) == len(report.readings) else f" ({', '.join(noticed[check])})"
            lines.append(paragraph(check.message, bold=f"{name}{by}:"))
    return [paragraph(shared_texts.CHECKS, HEADING), *(lines or [paragraph(shared_texts.NO_CHECKS)])]


def _small_print(report: Report) -> list[Flowable]:
    """Limits of the reading, and what it takes to read the image again."""
    facts = [
        (texts.CREATED, _time(report), SMALL),
        *([(texts.FILE_NAME, report.name, SMALL)] if report.name is not None else []),
        (shared_texts.IMAGE_HASH, report.image_sha256, CODE),
        (texts.PROGRAM, texts.PROGRAM_VERSION.format(version=__version__), SMALL),
    ]
    for name, (prediction, _, predictor) in report.readings.items():
        title = title_of(name)
        facts += [
            (shared_texts.VARIANT, shared_texts.WEIGHTS.format(title=title, version=predictor.version), SMALL),
            (shared_texts.WEIGHTS_HASH, prediction.weights_sha256, CODE),
            (shared_texts.CALIBRATION, prediction_text.calibration(prediction.calibration), SMALL),
            (texts.LOGIT, f"{prediction.logit:.5f}", CODE),
            (texts.COMMAND, command(prediction), CODE),
        ]
    rows = [[paragraph(name, SMALL), paragraph(value, style)] for name, value, style in facts]
    return [
        paragraph(shared_texts.LIMITS, HEADING),
        *(paragraph(limit, SMALL_ITEM) for limit in (POPULATION, *LIMITS)),
        KeepTogether(
            [
                paragraph(texts.REPRODUCTION, HEADING),
                Table(rows, colWidths=[_LABEL, _WIDTH - _LABEL], style=_TIGHT),
                Spacer(0, 2),
                paragraph(texts.REPRODUCED.format(verify=VERIFY), SMALL),
            ]
        ),
    ]


def _frame(parts: Sequence[Flowable]) -> Table:
    return Table(
        [[parts]],
        colWidths=[_WIDTH],
        style=[
            ("BOX", (0, 0), (-1, -1), 0.7, LINE),
            ("BACKGROUND", (0, 0), (-1, -1), _SHADE),
            ("PADDING", (0, 0), (-1, -1), 5),
        ],
    )


def _card(parts: Sequence[Flowable], judged: JudgedPrediction) -> Table:
    """Parts beside a line in the finding's colour."""
    return Table(
        [[parts]],
        colWidths=[_WIDTH],
        style=[
            *_TIGHT,
            ("LINEBEFORE", (0, 0), (0, -1), 3, STATES[answer(judged).state]),
            ("LEFTPADDING", *_ALL, _CARD_PADDING),
        ],
    )


def _time(report: Report) -> str:
    """Date and time with the distance from UTC."""
    time = report.created.isoformat(" ", "seconds")
    return f"{time[:19]} UTC{time[19:]}"
