"""Lines over a radiograph: traced borders, and the lungs' outline as it is drawn.

A drawn line is light with a dark edge, so that it shows on bright and on dark parts, and as wide as the picture's size
asks for.
"""

from collections.abc import Iterable

import cv2
import numpy as np

OUTLINE_COLOUR = (125, 249, 226)
EVIDENCE_COLOUR = (255, 255, 255)
_EDGE_COLOUR = (0, 0, 0)
# Longer side of the picture, in pixels, for each pixel of a line's width.
_PIXELS_A_LINE = 340
# Of a dash and of the gap behind it, in widths of the line; and the points that a dash is drawn through.
_DASH, _GAP, _POINTS = 7, 5, 5
# Steps of a traced border from pixel to pixel that are made one, and of these every how many is kept.
_SMOOTHED, _KEPT = 9, 3


def outlines(mask: np.ndarray) -> list[np.ndarray]:
    """Trace the borders of what a mask holds, smoothly enough to be drawn much larger than the mask.

    Args:
        mask: bool (H, W).

    Returns:
        One closed line a border, those of holes too, each float64 (N, 2): x and y in fractions of width and height.
    """
    lines, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
    size = np.array(mask.shape[::-1])
    return [_smoothed(line[:, 0] + 0.5) / size for line in lines if len(line) > _SMOOTHED]


def outline_lungs(picture: np.ndarray, outlines: Iterable[np.ndarray]) -> np.ndarray:
    """Dashes along the border of the lung fields.

    Args:
        picture: uint8 (H, W, 3), RGB.
        outlines: closed lines, int32 (N, 2), in the picture's pixels, as `LungSegmentation.outline` gives them.

    Returns:
        uint8 (H, W, 3), RGB; the picture itself is left as it is.
    """
    width = _line_width(picture)
    lines = [dash for line in outlines for dash in _dashes(line, width)]
    return _drawn(picture, lines, OUTLINE_COLOUR)


def contour_evidence(picture: np.ndarray, heatmap: np.ndarray, level: float) -> np.ndarray:
    """An unbroken line around what reaches a level; nothing where the map stays below.

    Args:
        picture: uint8 (H, W, 3), RGB.
        heatmap: float32 (H, W), in logits.
        level: in logits; the same for all cases that are compared.

    Returns:
        uint8 (H, W, 3), RGB; the picture itself is left as it is.
    """
    return _drawn(picture, evidence_contours(heatmap, level), EVIDENCE_COLOUR)


def outline_region(picture: np.ndarray, lines: Iterable[np.ndarray], confirmed: bool = True) -> np.ndarray:
    """Lines around a region.

    Args:
        picture: uint8 (H, W, 3), RGB.
        lines: closed ones, float64 (N, 2): x and y in fractions of width and height, as `outlines` gives them.
        confirmed: whether it is known to matter, or not tested; dashes where a test said no.

    Returns:
        uint8 (H, W, 3), RGB; the picture itself is left as it is.
    """
    size = np.array(picture.shape[1::-1])
    # Pixel 0 reaches from 0 to 1, and its middle is where a line is drawn.
    closed = [np.rint(np.concatenate([line, line[:1]]) * size - 0.5).astype(np.int32) for line in lines]
    if not confirmed:
        closed = [dash for line in closed for dash in _dashes(line, _line_width(picture))]
    return _drawn(picture, closed, EVIDENCE_COLOUR)


def evidence_contours(heatmap: np.ndarray, level: float) -> list[np.ndarray]:
    """The lines around what reaches a level, and around holes in it.

    Args:
        heatmap: float32 (H, W), in logits.
        level: in logits.

    Returns:
        Closed lines, int32 (N, 2), x and y of pixels on them, the first again at the end.
    """
    lines, _ = cv2.findContours((heatmap >= level).astype(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
    return [np.concatenate([line, line[:1]])[:, 0] for line in lines]


def _smoothed(line: np.ndarray) -> np.ndarray:
    """A closed line (N, 2) of steps from pixel to pixel, each point the mean of those around it."""
    around = np.concatenate([line[-(_SMOOTHED // 2) :], line, line[: _SMOOTHED // 2]])
    return np.lib.stride_tricks.sliding_window_view(around, _SMOOTHED, axis=0).mean(axis=-1)[::_KEPT]


def _line_width(picture: np.ndarray) -> int:
    return max(1, round(max(picture.shape[:2]) / _PIXELS_A_LINE))


def _dashes(line: np.ndarray, width: int) -> list[np.ndarray]:
    """A closed line, int32 (N, 2), cut into dashes of even length; widths in pixels."""
    closed = np.concatenate([line, line[:1]])
    run = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(closed, axis=0).T))])
    count = max(1, round(run[-1] / ((_DASH + _GAP) * width)))
    starts = np.linspace(0, run[-1], count, endpoint=False)
    steps = np.linspace(0, _DASH / (_DASH + _GAP) * run[-1] / count, _POINTS)
    at = starts[:, None] + steps
    return list(np.rint(np.stack([np.interp(at, run, closed[:, axis]) for axis in (0, 1)], axis=-1)).astype(np.int32))


def _drawn(picture: np.ndarray, lines: list[np.ndarray], colour: tuple[int, int, int]) -> np.ndarray:
    picture, width = picture.copy(), _line_width(picture)
    # All edges first, so that none covers the light part of a neighbour.
    cv2.polylines(picture, lines, False, _EDGE_COLOUR, 2 * width, cv2.LINE_AA)
    cv2.polylines(picture, lines, False, colour, width, cv2.LINE_AA)
    return picture
