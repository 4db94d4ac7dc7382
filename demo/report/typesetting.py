"""Words in a PDF document: fonts, styles, and what is done with a letter that the fonts lack.

Helvetica and Courier are in every reader of PDF documents and hold the letters of Western Europe. For others, which
only a file's name or a comment may have, DejaVu Sans is taken from matplotlib and embedded, where that is installed; a
server lacks it. What no font has, or what could not be set in its right order (scripts from right to left, marks of
direction), stands there as its code point: a name is better spelled out than wrong.
"""

import importlib.util
import unicodedata
from functools import cache
from itertools import groupby
from pathlib import Path
from xml.sax.saxutils import escape

from reportlab.lib.colors import HexColor
from reportlab.lib.enums import TA_RIGHT
from reportlab.lib.styles import ParagraphStyle
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.platypus import Paragraph

REGULAR, BOLD, FIXED = "Helvetica", "Helvetica-Bold", "Courier"
_WIDER = "DejaVuSans"
INK, FAINT, LINE = HexColor("#0f172a"), HexColor("#475569"), HexColor("#cbd5e1")

TITLE = ParagraphStyle("title", fontName=BOLD, fontSize=15, leading=18, textColor=INK)
FINDING = ParagraphStyle("finding", fontName=REGULAR, fontSize=12, leading=15, textColor=INK)
HEADING = ParagraphStyle(
    "heading", fontName=BOLD, fontSize=9.5, leading=12, textColor=INK, spaceBefore=7, spaceAfter=2, keepWithNext=1
)
BODY = ParagraphStyle("body", fontName=REGULAR, fontSize=9, leading=11.5, textColor=INK)
COMMENT = ParagraphStyle("comment", BODY, fontSize=8.5, leading=10.5)
SMALL = ParagraphStyle("small", BODY, fontSize=7.5, leading=9.5, textColor=FAINT)
RIGHT = ParagraphStyle("right", SMALL, alignment=TA_RIGHT)
SMALL_ITEM = ParagraphStyle("item", SMALL, leftIndent=9, bulletText="\N{BULLET}", bulletFontSize=7.5)
CODE = ParagraphStyle("code", SMALL, fontName=FIXED, fontSize=6.6)

# These fonts have no minus sign; the dash is as long.
_INSTEAD = str.maketrans({"\N{MINUS SIGN}": "\N{EN DASH}"})
# Classes of letters that run from right to left.
_TURNED = ("R", "AL", "AN")


def paragraph(words: str, style: ParagraphStyle = BODY, bold: str = "") -> Paragraph:
    """Paragraph of words as they are, whatever they hold, after some in bold."""
    return Paragraph((f"<b>{markup(bold)}</b> " if bold else "") + markup(words), style)


def plain(words: str) -> str:
    """Prepare the page's own words for a place that is drawn without a paragraph."""
    return words.translate(_INSTEAD)


def markup(words: str) -> str:
    """Mark words up so that a paragraph of reportlab shows exactly these."""
    letters = unicodedata.normalize("NFC", plain(words))
    return "".join(_run("".join(run), kind) for kind, run in groupby(letters, _kind))


def _kind(letter: str) -> str:
    """The font that has a letter: `"plain"` for any, `"wider"`, or `"none"`."""
    if not letter.isprintable():
        return "none"
    try:
        letter.encode("cp1252")
    except UnicodeEncodeError:
        font, turned = _wider_font(), unicodedata.bidirectional(letter) in _TURNED
        return "wider" if font and not turned and ord(letter) in font.face.charToGlyph else "none"
    return "plain"


def _run(letters: str, kind: str) -> str:
    if kind == "none":
        letters = letters.encode("unicode_escape").decode("ascii")
    return f'<font face="{_WIDER}">{escape(letters)}</font>' if kind == "wider" else escape(letters)


@cache
def _wider_font() -> TTFont | None:
    matplotlib = importlib.util.find_spec("matplotlib")
    if matplotlib is None:
        return None
    font = TTFont(_WIDER, Path(matplotlib.origin).parent / "mpl-data/fonts/ttf/DejaVuSans.ttf")
    pdfmetrics.registerFont(font)
    return font
