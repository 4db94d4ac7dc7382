"""Drawings in a PDF document: pictures, the bar of a probability, and keys to both."""

from collections.abc import Callable, Sequence

import numpy as np
from PIL import Image
from reportlab.lib.colors import Color, HexColor, white
from reportlab.lib.units import mm
from reportlab.lib.utils import ImageReader
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable

from demo.report.typesetting import FAINT, INK, LINE, REGULAR, plain
from demo.shared.bar import position
from pneumonia.core.labels import NORMAL, PNEUMONIA, UNCERTAIN
from pneumonia.core.operating_points import OperatingPoint
from pneumonia.explain.outlines import OUTLINE_COLOUR

# As on the page.
STATES = {PNEUMONIA: HexColor("#b45309"), NORMAL: HexColor("#1d4ed8"), UNCERTAIN: HexColor("#64748b")}

_FONT_SIZE = 7.5
_LINE_HEIGHT = 11
_SWATCH = 14
_DASHES = (4, 3)

Swatch = Callable[[Canvas, float, float], None]


class Picture(Flowable):
    """Array as a picture, as large as fits, without loss.

    Args:
        pixels: uint8 (H, W) or (H, W, 3) in RGB.
        width: at most this, in points.
        height: at most this, in points.
    """

    def __init__(self, pixels: np.ndarray, width: float, height: float) -> None:
        super().__init__()
        rows, columns = pixels.shape[:2]
        factor = min(width / columns, height / rows)
        self.width, self.height = factor * columns, factor * rows
        self._image = ImageReader(Image.fromarray(pixels))

    def draw(self) -> None:
        self.canv.drawImage(self._image, 0, 0, self.width, self.height)


class Bar(Flowable):
    """Probability on a bar, with the threshold and the zone that is too close to call; on the page's scale of odds.

    Args:
        probability: in [0, 1].
        point: the operating point.
        colour: of the answer.
        width: in points.
    """

    _THICKNESS = 8
    _MARGIN = 4  # the mark of a probability of 0 or 1 stands out so far

    def __init__(self, probability: float, point: OperatingPoint, colour: HexColor, width: float) -> None:
        super().__init__()
        self.width, self.height = width, self._THICKNESS + 2 * self._MARGIN
        self._probability, self._point = probability, point
        self._colour = colour

    def draw(self) -> None:
        canvas, thickness, bottom = self.canv, self._THICKNESS, self._MARGIN
        low, high, threshold, probability = map(
            self._at, (self._point.low, self._point.high, self._point.threshold, self._probability)
        )
        canvas.setFillColor(self._colour, alpha=0.3)
        canvas.rect(self._at(0), bottom, probability - self._at(0), thickness, stroke=0, fill=1)
        hatch(canvas, low, bottom, high - low, thickness)
        canvas.setStrokeColor(LINE)
        canvas.setLineWidth(0.7)
        canvas.rect(self._at(0), bottom, self._at(1) - self._at(0), thickness, fill=0)
        _tick(canvas, threshold, bottom - 3, thickness + 6)
        canvas.setFillColor(self._colour, alpha=1)
        canvas.setStrokeColor(white)
        canvas.setLineWidth(1)
        canvas.circle(probability, bottom + thickness / 2, thickness / 2, fill=1)

    def _at(self, share: float) -> float:
        return self._MARGIN + position(share) * (self.width - 2 * self._MARGIN)


class Ramp(Flowable):
    """Colours of an overlay above a tick and a word for each step of strength.

    Args:
        pixels: uint8 (h, w, 3), RGB.
        steps: words, and the share of the ramp from which each holds.
    """

    _WIDTH, _HEIGHT, _TICK = 60 * mm, 8, 3

    def __init__(self, pixels: np.ndarray, steps: Sequence[tuple[str, float]]) -> None:
        super().__init__()
        self._image = ImageReader(Image.fromarray(pixels))
        self._steps = [(plain(word), share) for word, share in steps]
        self.width, self.height = self._WIDTH, _LINE_HEIGHT + self._TICK + self._HEIGHT

    def draw(self) -> None:
        bottom = _LINE_HEIGHT + self._TICK
        self.canv.drawImage(self._image, 0, bottom, self._WIDTH, self._HEIGHT)
        self.canv.setStrokeColor(FAINT)
        self.canv.setLineWidth(0.7)
        for word, share in self._steps:
            self.canv.line(share * self._WIDTH, bottom - self._TICK, share * self._WIDTH, bottom)
            # No word stands out at an end.
            _draw_words(self.canv, share * (self._WIDTH - _width(word)), 3, word)


class Keys(Flowable):
    """Meanings of drawn things, side by side, in as many lines as they need.

    Args:
        meanings: how each is drawn, in a place of `_SWATCH` points beside its words, and the words.
    """

    def __init__(self, meanings: Sequence[tuple[Swatch, str]]) -> None:
        super().__init__()
        self._meanings = [(swatch, plain(words)) for swatch, words in meanings]
        self._places: list[tuple[float, int]] = []

    def wrap(self, width: float, height: float) -> tuple[float, float]:
        self._places, x, line = [], 0.0, 0
        for _, words in self._meanings:
            needed = _SWATCH + 4 + _width(words)
            if x and x + needed > width:
                x, line = 0.0, line + 1
            self._places.append((x, line))
            x += needed + 14
        self.width, self.height = width, (line + 1) * _LINE_HEIGHT
        return self.width, self.height

    def draw(self) -> None:
        for (swatch, words), (x, line) in zip(self._meanings, self._places, strict=True):
            y = self.height - (line + 1) * _LINE_HEIGHT + 3
            self.canv.saveState()
            swatch(self.canv, x, y)
            self.canv.restoreState()
            _draw_words(self.canv, x + _SWATCH + 4, y, words)


def hatch(canvas: Canvas, x: float, y: float, width: float, height: float) -> None:
    """The zone that is too close to call."""
    canvas.saveState()
    path = canvas.beginPath()
    path.rect(x, y, width, height)
    canvas.clipPath(path, stroke=0)
    canvas.setStrokeColor(STATES[UNCERTAIN])
    canvas.setLineWidth(0.8)
    for start in np.arange(x - height, x + width, 3.0):
        canvas.line(start, y, start + height, y + height)
    canvas.restoreState()


def zone_swatch(canvas: Canvas, x: float, y: float) -> None:
    """The zone on the bar."""
    hatch(canvas, x, y - 0.5, _SWATCH, 6.5)


def threshold_swatch(canvas: Canvas, x: float, y: float) -> None:
    """The threshold on the bar."""
    _tick(canvas, x + _SWATCH / 2, y - 1, 8)


def region_swatch(canvas: Canvas, x: float, y: float) -> None:
    """The line around the strongest region: as that of the lungs, unbroken and white."""
    _line_swatch(canvas, x, y, white)


def dashed_region_swatch(canvas: Canvas, x: float, y: float) -> None:
    """The same line in dashes."""
    _line_swatch(canvas, x, y, white, _DASHES)


def lungs_swatch(canvas: Canvas, x: float, y: float) -> None:
    """The lungs' outline: a light line on a dark one."""
    _line_swatch(canvas, x, y, Color(*(value / 255 for value in OUTLINE_COLOUR)), _DASHES)


def _line_swatch(canvas: Canvas, x: float, y: float, colour: Color, dashes: tuple[int, ...] = ()) -> None:
    canvas.setStrokeColor(INK)
    canvas.setLineWidth(3)
    canvas.line(x, y + 2.5, x + _SWATCH, y + 2.5)
    canvas.setStrokeColor(colour)
    canvas.setLineWidth(1.4)
    canvas.setDash(dashes)
    canvas.line(x, y + 2.5, x + _SWATCH, y + 2.5)


def _tick(canvas: Canvas, x: float, y: float, height: float) -> None:
    canvas.setStrokeColor(INK)
    canvas.setLineWidth(1.3)
    canvas.line(x, y, x, y + height)


def _draw_words(canvas: Canvas, x: float, y: float, words: str) -> None:
    canvas.setFont(REGULAR, _FONT_SIZE)
    canvas.setFillColor(FAINT)
    canvas.drawString(x, y, words)


def _width(words: str) -> float:
    return stringWidth(words, REGULAR, _FONT_SIZE)
