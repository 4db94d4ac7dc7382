"""A report as a PDF document of A4 pages: first what a reader must know, at the foot what it takes to read again."""

from collections.abc import Iterable, Sequence
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
from reportlab.platypus import Flowable, SimpleDocTemplate, Spacer, Table

from demo.report import texts
from demo.report.drawing import (
    STATES,
    Bar,
    Keys,
    Picture,
    Ramp,
    dashed_region_swatch,
    lungs_swatch,
    region_swatch,
    threshold_swatch,
    zone_swatch,
)
from demo.report.report import Entry, Report
from demo.report.typesetting import (
    CODE,
    COMMENT,
    FAINT,
    FINDING,
    HEADING,
    LINE,
    REGULAR,
    RIGHT,
    SMALL,
    SMALL_ITEM,
    TITLE,
    paragraph,
)
from demo.shared import prediction_text, radiograph_images
from demo.shared import texts as shared_texts
from demo.shared.answer import answer, evidence_sentences
from demo.shared.bar import threshold_words, zone_words
from demo.shared.predictors import summary_of, title_of, unavailable
from pneumonia import __version__
from pneumonia.core.check import Check
from pneumonia.core.notices import INTENDED_USE, LIMITS, NOTICE
from pneumonia.explain.overlay import legend
from pneumonia.explain.region_test import is_unconfirmed
from pneumonia.explain.strength import STEPS
from pneumonia.inference.drawn_reading import has_outline
from pneumonia.records.receipt import VERIFY, JudgedPrediction, command
from pneumonia.utils.formatting import percent

_MARGIN = 17 * mm
_WIDTH = A4[0] - 2 * _MARGIN
_GAP = 5 * mm
_TOP, _BOTTOM = 12 * mm, 16 * mm
_LEAST_HEIGHT = 40 * mm  # of a picture
_LEAST_PAIR_HEIGHT = 50 * mm  # of one of two images
_SMALL_SIDE = 43 * mm  # of a picture in a comparison
_LABEL = 24 * mm
_CARD_PADDING = 9
_SHORT_HASH = 12
_PADDING = 6  # which reportlab leaves around all that is on a page
_SHADE, _WARNING = HexColor("#f1f5f9"), HexColor("#b45309")
_ALL = ((0, 0), (-1, -1))
_SIDES = ("LEFTPADDING", "RIGHTPADDING", "TOPPADDING", "BOTTOMPADDING")
_TIGHT = [("VALIGN", *_ALL, "TOP"), *((side, *_ALL, 0) for side in _SIDES)]


def to_pdf(report: Report) -> bytes:
    """Set a report; the same one gives the same bytes."""
    # No channel asks for files of printable letters any more, and they are a quarter larger.
    rl_config.useA85 = 0
    title, parts = _parts(report)
    stream = BytesIO()
    document = SimpleDocTemplate(
        stream,
        pagesize=A4,
        leftMargin=_MARGIN - _PADDING,
        rightMargin=_MARGIN - _PADDING,
        topMargin=_TOP,
        bottomMargin=_BOTTOM,
        title=title,
        author="",
        subject="",
        creator="",
        lang="en",
        invariant=1,
        pageCompression=1,
    )
    document.build(parts, canvasmaker=partial(_Canvas, report=report))
    return stream.getvalue()


def _parts(report: Report) -> tuple[str, list[Flowable]]:
    """Title, and all that stands on the pages."""
    if report.headline is None:
        title, shown = texts.READING_REPORT, _reading
    elif report.is_pair:
        title, shown = texts.PAIR_REPORT, _pair
    else:
        title, shown = texts.COMPARISON_REPORT, _comparison
    made = paragraph(f"{texts.CREATED} {_time(report)}", RIGHT)
    above = [
        Table([[paragraph(title, TITLE), made]], colWidths=[_WIDTH * 0.66, _WIDTH * 0.34], style=_TIGHT),
        Spacer(0, 4),
        _frame([paragraph(INTENDED_USE, SMALL, bold=NOTICE)]),
        Spacer(0, 5),
        *_warnings(report),
    ]
    comment, small_print = _comment(report), _small_print(report)
    left = A4[1] - _TOP - _BOTTOM - 2 * _PADDING - _height([*above, *comment, *small_print])
    between = shown(report, left)
    # The small print stands at the foot where the page has room.
    spare = max(0.0, left - _height(between) - 1)
    return title, [*above, *between, *comment, Spacer(0, spare), *small_print]


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
        image = ", ".join(sha256[:_SHORT_HASH] for sha256 in self._report.image_hashes)
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


def _reading(report: Report, left: float) -> list[Flowable]:
    """One reading, its pictures as large as a height that is left allows."""
    (entry,) = report.entries
    predictive, *more = report.predictive or ("",)
    card = [
        *_verdict(
            entry.judged,
            _WIDTH - _CARD_PADDING,
            tested=_region_test(report, entry),
            placed=report.placed,
        ),
        *([paragraph(" ".join(more), SMALL, bold=predictive)] if predictive else []),
    ]
    above = [_card(card, entry.judged), Spacer(0, 6)]
    below = [Spacer(0, 4), *_key(report)]
    half = (_WIDTH - _GAP) / 2
    captions = [paragraph(caption, HEADING) for caption in (shared_texts.ORIGINAL, shared_texts.OVERLAY)]
    height = max(_LEAST_HEIGHT, min(half, left - _height([*above, captions[0], *below]) - 4))
    pictures = [Picture(pixels, half, height) for pixels in (entry.shown, _drawn(report, entry))]
    return [*above, _columns(captions, pictures), *below]


def _pair(report: Report, left: float) -> list[Flowable]:
    """Two images beside each other, what was found of each below it."""
    half = (_WIDTH - _GAP) / 2
    whose = list(dict.fromkeys(_whose(entry.judged) for entry in report.entries))
    # What holds for both is said once.
    above = [*_headline(report), *([paragraph(whose[0], SMALL)] if len(whose) == 1 else [])]
    titles = [paragraph(entry.title, HEADING) for entry in report.entries]
    said = {"whose": "" if len(whose) == 1 else None, "placed": report.placed}
    found = [_verdict(entry.judged, half, **said) for entry in report.entries]
    below = [_columns(found), Spacer(0, 4), *_key(report)]
    height = max(_LEAST_PAIR_HEIGHT, min(half, left - _height([*above, titles[0], *below]) - 4))
    pictures = [Picture(_drawn(report, entry), half, height) for entry in report.entries]
    return [*above, _columns(titles, pictures), Spacer(0, 4), *below]


def _comparison(report: Report, left: float) -> list[Flowable]:
    """One image, and below it each network's reading beside its evidence."""
    words = _WIDTH - _SMALL_SIDE - _GAP
    first = report.entries[0]
    rows = [
        [
            Picture(first.shown, _SMALL_SIDE, _SMALL_SIDE),
            [*_headline(report), paragraph(_whose(first.judged), SMALL), Spacer(0, 6), *_key(report, words)],
        ]
    ]
    for entry in report.entries:
        summary = summary_of(entry.judged.prediction.variant)
        rows.append(
            [
                Picture(_drawn(report, entry), _SMALL_SIDE, _SMALL_SIDE),
                [
                    paragraph(summary, SMALL, bold=entry.title),
                    Spacer(0, 2),
                    *_verdict(entry.judged, words, prediction_text.measured(entry.judged), placed=report.placed),
                ],
            ]
        )
    rows += [["", paragraph(unavailable(variant, reason))] for variant, reason in report.missing.items()]
    return [
        Table(
            rows,
            colWidths=[_SMALL_SIDE + _GAP, words],
            splitInRow=1,
            style=[
                *_TIGHT,
                ("LINEABOVE", (0, 1), (-1, -1), 0.5, LINE),
                ("TOPPADDING", *_ALL, 4),
                ("BOTTOMPADDING", *_ALL, 3),
            ],
        )
    ]


def _headline(report: Report) -> list[Flowable]:
    """What several readings say together."""
    headline, meaning = report.headline
    return [
        paragraph("", FINDING, bold=headline),
        *([paragraph(meaning)] if meaning else []),
        paragraph(shared_texts.REGIONS_NOT_TESTED, SMALL),
        Spacer(0, 4),
    ]


def _verdict(
    judged: JudgedPrediction, width: float, whose: str | None = None, tested: str = "", placed: bool = True
) -> list[Flowable]:
    """For whom it was read, the answer, the place of the evidence, probability and operating point."""
    prediction, point, predictor = judged
    sentence, state = answer(judged, placed)
    whose = _whose(judged) if whose is None else whose
    place, _ = evidence_sentences(prediction, predictor.heatmap_scale, placed)
    return [
        *([paragraph(whose, SMALL), Spacer(0, 2)] if whose else []),
        paragraph("", ParagraphStyle(state, FINDING, textColor=STATES[state]), bold=sentence),
        paragraph(f"{place} {tested}".strip()),
        Spacer(0, 3),
        paragraph("", bold=f"{shared_texts.PROBABILITY} {percent(prediction.probability)}"),
        Bar(prediction.probability, point, STATES[state], width),
        Keys([(threshold_swatch, threshold_words(point)), (zone_swatch, zone_words(point))]),
        paragraph(prediction_text.operating_point(judged), SMALL),
    ]


def _whose(judged: JudgedPrediction) -> str:
    return f"{prediction_text.population(judged.prediction)} {prediction_text.measured(judged)}".strip()


def _region_test(report: Report, entry: Entry) -> str:
    outlined = has_outline(entry.judged.prediction, report.scale)
    return prediction_text.region_test(report.support) if outlined else ""


def _drawn(report: Report, entry: Entry) -> np.ndarray:
    return radiograph_images.printed(entry.shown, entry.judged.prediction, report.scale, report.placed)


def _key(report: Report, width: float = _WIDTH) -> list[Flowable]:
    """Meanings of the colours and the lines over a radiograph."""
    swatch = region_swatch if report.placed else dashed_region_swatch
    region = swatch, texts.KEY_REGION if report.headline is None else texts.KEY_UNTESTED
    return [
        _columns(
            [Ramp(legend(width=256, height=12), STEPS), Keys([region, (lungs_swatch, shared_texts.KEY_LUNGS)])],
            width=width,
        ),
        paragraph(shared_texts.MAP_HELP, SMALL),
    ]


def _warnings(report: Report) -> list[Flowable]:
    """What needs care before the answer is read; what the population asks stands with it."""
    items = [
        paragraph(check.message, bold=f"{shared_texts.CHECK_STATES[check.status]}{by}:")
        for check, by in _noticed(report)
        if check.status != "ok"
    ]
    if is_unconfirmed(report.support):
        items.append(paragraph(shared_texts.REGION_UNCONFIRMED, bold=f"{shared_texts.CHECK_STATES['warn']}:"))
    # One a row, so that many go on over pages.
    style = [*_TIGHT, ("LINEBEFORE", (0, 0), (0, -1), 3, _WARNING), ("LEFTPADDING", *_ALL, _CARD_PADDING)]
    return [Table([[item] for item in items], colWidths=[_WIDTH], style=style), Spacer(0, 5)] if items else []


def _noticed(report: Report) -> list[tuple[Check, str]]:
    return prediction_text.noticed({entry.title: entry.judged.prediction for entry in report.entries})


def _comment(report: Report) -> list[Flowable]:
    """The reader's own words, line by line."""
    lines = [" ".join(line.split()) for line in report.comment.splitlines()]
    if not any(lines):
        return []
    return [paragraph(texts.OF_READER, HEADING), *(paragraph(line, COMMENT) for line in lines if line)]


def _small_print(report: Report) -> list[Flowable]:
    """Limits of the reading, and what it takes to read the image again."""
    passed = [f"{check.message}{by}" for check, by in _noticed(report) if check.status == "ok"]
    facts = [(shared_texts.CHECKS, " ".join(passed), SMALL)] if passed else []
    for entry in report.entries if report.is_pair else report.entries[:1]:
        of = f"{entry.title}: " if report.is_pair else ""
        if entry.name is not None:
            facts.append((texts.FILE_NAME, f"{of}{entry.name}", SMALL))
        facts.append((shared_texts.IMAGE_HASH, f"{of}{entry.judged.prediction.image_sha256}", CODE))
    facts.append((texts.PROGRAM, texts.PROGRAM_VERSION.format(version=__version__), SMALL))
    # One network read both of a pair.
    for entry in report.entries[:1] if report.is_pair else report.entries:
        prediction, _, predictor = entry.judged
        title = title_of(entry.network)
        facts += [
            (shared_texts.VARIANT, shared_texts.WEIGHTS.format(title=title, version=predictor.version), SMALL),
            (shared_texts.WEIGHTS_HASH, prediction.weights_sha256, CODE),
            (shared_texts.CALIBRATION, prediction_text.calibration(prediction.calibration), SMALL),
            (texts.LOGIT, ", ".join(_logits(report, entry)), CODE),
            (texts.COMMAND, command(prediction), CODE),
        ]
    rows = [[paragraph(name, SMALL), paragraph(value, style)] for name, value, style in facts]
    return [
        paragraph(shared_texts.LIMITS, HEADING),
        *(paragraph(limit, SMALL_ITEM) for limit in (shared_texts.TRAINED_ON, *LIMITS)),
        paragraph(texts.REPRODUCTION, HEADING),
        Table(rows, colWidths=[_LABEL, _WIDTH - _LABEL], style=_TIGHT),
        Spacer(0, 2),
        paragraph(texts.REPRODUCED.format(verify=VERIFY), SMALL),
    ]


def _logits(report: Report, entry: Entry) -> list[str]:
    """What the network of an entry gave: one figure, or that of each image of a pair."""
    if not report.is_pair:
        return [f"{entry.judged.prediction.logit:.5f}"]
    return [f"{each.title} {each.judged.prediction.logit:.5f}" for each in report.entries]


def _columns(*rows: Sequence[Any], width: float = _WIDTH) -> Table:
    """Two columns with a gap between them."""
    column = width / 2
    style = [*_TIGHT, ("LEFTPADDING", (1, 0), (1, -1), _GAP / 2), ("RIGHTPADDING", (0, 0), (0, -1), _GAP / 2)]
    return Table([list(row) for row in rows], colWidths=[column] * 2, style=style)


def _height(parts: Iterable[Flowable]) -> float:
    """Height in points that parts need below each other."""
    return sum(part.wrap(_WIDTH, A4[1])[1] + part.getSpaceBefore() + part.getSpaceAfter() for part in parts)


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
