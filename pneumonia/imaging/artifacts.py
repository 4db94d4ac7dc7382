"""Artifacts added to a radiograph on its way here: wide borders, other pictures beside it, writing on it.

Text is told by its form, whatever it says, so that no name is ever read. `test_rates_on_real_radiographs` holds the
rates to these figures, of 400 training radiographs, 100 native ones of the same hospital, and 200 of the adults kept
for selection:

- Border, montage: false alarms on at most 1 % of each.
- Montage: over 90 % of pairs are caught, side by side and one above the other, with nothing between them.
- Text: named on at most 1 %, 6 % and 10 %. Twenty so named, of 150 native ones and 200 adults, were looked at: each
  carries a word. Of words written into a corner, 2.5 % or 5 % of the longer side high, over 90 % are caught on the
  native ones and over 75 % on the adults.

The limits were chosen with such images in view: the rates describe, they do not promise.
"""

import cv2
import numpy as np

CELLS = 256
MIN_CONTENT = 0.75  # share of the image inside flat borders
SEAM = 0.6  # share of the content that a straight edge crosses, from which two pictures meet there
STEP = 0.06  # in grey, of such an edge
MARGIN = 0.2  # of the content, where it is not looked for: there a radiograph is collimated
LETTERS = 4  # in a row make a word; single letters mark the side on most radiographs
LETTER_CONTRASTS = (0.2, 0.35)  # of letters with what is around them: they must neither fade nor touch
MOST_SHAPES, MOST_LETTERS = 8000, 400  # more are a texture


def find_artifacts(grey: np.ndarray, white: int, cells: np.ndarray) -> dict[str, str]:
    """Look for borders, other pictures and text.

    Args:
        grey: (H, W) in [0, white], as `reduce` gives it.
        white: the value of white.
        cells: of the same image, as `mean_cells` gives them, in [0, 1].

    Returns:
        Warnings by name.
    """
    warnings = {}
    content = cells[_content(cells)]
    if content.size / cells.size < MIN_CONTENT:
        warnings["border"] = "Wide borders surround the image. Crop it to the radiograph."
    if content.size:
        content = cv2.resize(content, (CELLS, CELLS), interpolation=cv2.INTER_LINEAR)
    if max(_seam(content), _seam(content.T)) > SEAM:
        warnings["montage"] = "Several pictures seem to be joined in this image. Export the one frontal view alone."
    if _longest_word(grey, white) >= LETTERS:
        warnings["text"] = (
            "Text is written on the image. It may name the patient or mislead the network: export the image without it."
        )
    return warnings


def reduce(grey: np.ndarray) -> np.ndarray:
    """Shrink (H, W) by a whole factor, to a longer side of about 512 and a shorter one of no less than `CELLS`.

    A whole factor is many times faster than another; the rows and columns that are left over are ignored.
    """
    factor = max(min(round(max(grey.shape) / 512), min(grey.shape) // CELLS), 1)
    return _shrunk(grey, factor, factor)


def _shrunk(grey: np.ndarray, rows: int, columns: int) -> np.ndarray:
    height, width = grey.shape[0] // rows, grey.shape[1] // columns
    whole = grey[: height * rows, : width * columns]
    return cv2.resize(whole, (width, height), interpolation=cv2.INTER_AREA)


def mean_cells(grey: np.ndarray) -> np.ndarray:
    """256 x 256 cells of (H, W), nearly their means: float32, in the units of the values."""
    rows, columns = (max(side // CELLS, 1) for side in grey.shape)
    whole = _shrunk(grey, rows, columns).astype(np.float32)
    # Less than two pixels to a cell are left, of which this takes the two next ones either way: the mean is slower.
    return cv2.resize(whole, (CELLS, CELLS), interpolation=cv2.INTER_LINEAR)


def _content(cells: np.ndarray) -> tuple[slice, slice]:
    """Return the rows and columns that are left when flat ones at the edges are cut off."""
    low, high = (round(share * (CELLS - 1)) for share in (0.05, 0.95))
    spans = []
    for lines in (cells, cells.T):
        ordered = np.sort(np.ascontiguousarray(lines))
        content = np.flatnonzero(ordered[:, high] - ordered[:, low] >= 0.04)
        spans.append(slice(content[0], content[-1] + 1) if len(content) else slice(0))
    return spans[0], spans[1]


def _seam(cells: np.ndarray) -> float:
    """Return the greatest share of its height that an upright edge in the middle runs along."""
    edges = np.abs(cells[:, 2:] - cells[:, :-2]) > STEP
    margin = int(MARGIN * cells.shape[1])
    middle = edges[:, margin : edges.shape[1] - margin]
    return float(middle.mean(axis=0).max()) if middle.size else 0.0


def _longest_word(grey: np.ndarray, white: int) -> int:
    """Count the letters of the longest word that is written in white."""
    image = cv2.convertScaleAbs(grey, alpha=255 / white)
    # Strokes are thinner than this, bones are not.
    kernel = np.ones((max(9, max(image.shape) // 25),) * 2, np.uint8)
    strokes = cv2.morphologyEx(image, cv2.MORPH_TOPHAT, kernel)
    masks = (cv2.threshold(strokes, 255 * contrast, 1, cv2.THRESH_BINARY)[1] for contrast in LETTER_CONTRASTS)
    return max(map(_longest_row, masks))


def _longest_row(mask: np.ndarray) -> int:
    """Count the shapes of uint8 (H, W) that have the form of letters, are of one height and stand in a row."""
    contours, hierarchy = cv2.findContours(mask, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    if not 0 < len(contours) <= MOST_SHAPES:
        return 0
    # The least letter, 2 by 5 pixels, has 10 at its edge.
    outer = [
        contour
        for contour, parent in zip(contours, hierarchy[0, :, 3], strict=True)
        if parent < 0 and len(contour) >= 10
    ]
    if not outer:
        return 0
    # Pixels inside a contour by Pick's theorem: ten times as fast as labelling every pixel.
    areas = [cv2.contourArea(contour) + len(contour) / 2 + 1 for contour in outer]
    shapes = np.column_stack([[cv2.boundingRect(contour) for contour in outer], areas])
    _, _, width, height, area = shapes.T
    is_letter = (height >= 5) & (height <= max(mask.shape) // 14) & (width >= 2) & (width <= 1.6 * height)
    letters = shapes[is_letter & (area >= 0.15 * width * height)]
    if not 0 < len(letters) <= MOST_LETTERS:
        return 0
    left, top, width, height, _ = letters[np.argsort(letters[:, 0])].T
    middle = top + height / 2
    # Row i, column j: whether letter i follows letter j.
    taller, lower = np.maximum.outer(height, height), np.minimum.outer(height, height)
    gap = np.subtract.outer(left, left + width)
    follows = (gap >= -1) & (gap <= 1.2 * taller) & (taller <= 1.5 * lower)
    follows &= np.abs(np.subtract.outer(middle, middle)) <= 0.3 * taller
    follows = np.tril(follows, -1)
    longest = np.ones(len(letters), int)
    for i in np.flatnonzero(follows.any(axis=1)):
        longest[i] = longest[follows[i]].max() + 1
    return int(longest.max())
