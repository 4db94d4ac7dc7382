"""Charts as SVG in the page's own colours; what they show is also said in words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from itertools import groupby
from typing import NamedTuple

import numpy as np

# Of the plotting area, in units of the drawing, and what its axes take at the left and below.
_WIDTH, _HEIGHT, _LEFT, _BELOW, _ABOVE = 300, 240, 48, 40, 12
_STEPS = 4
# From a point down to its name, and from a name to the next.
_BESIDE, _LINE = 13, 11


class Mark(NamedTuple):
    """A named point.

    Attributes:
        name: stands beside it.
        x: where.
        y: where.
        low: from here; the same as `y` where no interval is drawn.
        high: to here.
        chosen: whether it stands out.
    """

    name: str
    x: float
    y: float
    low: float
    high: float
    chosen: bool = False


@dataclass(frozen=True)
class Chart:
    """Lines and named points over two axes that start at 0.

    Attributes:
        title: what it shows, and of which images.
        x: name of the axis.
        y: name of the axis.
        lines: x and y values of each, by a name that is also its class in the style sheet.
        marks: named points.
        ends: greatest x and y.
    """

    title: str
    x: str
    y: str
    lines: Mapping[str, tuple[Sequence[float], Sequence[float]]]
    marks: Sequence[Mark] = ()
    ends: tuple[float, float] = (1.0, 1.0)

    def to_html(self) -> str:
        """Give a figure with its title."""
        label = "; ".join([f"{self.y} over {self.x}", *(f"{m.name}: {m.x:.3g}, {m.y:.3g}" for m in self.marks)])
        lines = "".join(self._line(name, *line) for name, line in self.lines.items())
        marks, above = "", -np.inf
        for mark in sorted(self.marks, key=lambda mark: -mark.y):
            _, beside = self._at(mark.x, mark.y)
            beside += _BESIDE
            # Names of points that lie close stand below each other.
            above = beside if mark.low < mark.high else max(beside, above + _LINE)
            marks += self._mark(mark, above)
        named = self.lines if len(self.lines) > 1 else ()
        legend = "".join(f'<span class="line-{name}">{escape(name)}</span>' for name in named)
        return (
            f'<figure class="chart"><figcaption>{escape(self.title)}</figcaption>'
            f'<svg viewBox="0 0 {_LEFT + _WIDTH + 14} {_ABOVE + _HEIGHT + _BELOW}" role="img" '
            f'aria-label="{escape(label)}">{self._grid()}{lines}{marks}</svg><p>{legend}</p></figure>'
        )

    def _grid(self) -> str:
        lines = ""
        for step in range(_STEPS + 1):
            x, y = (end * step / _STEPS for end in self.ends)
            left, top = self._at(x, y)
            lines += (
                f'<path class="grid" d="M{left:.1f} {_ABOVE}v{_HEIGHT}M{_LEFT} {top:.1f}h{_WIDTH}"/>'
                f'<text x="{left:.1f}" y="{_ABOVE + _HEIGHT + 14}" text-anchor="middle">{x:.3g}</text>'
                f'<text x="{_LEFT - 5}" y="{top + 4:.1f}" text-anchor="end">{y:.3g}</text>'
            )
        middle = _ABOVE + _HEIGHT / 2
        return (
            f'{lines}<text x="{_LEFT + _WIDTH / 2}" y="{_ABOVE + _HEIGHT + 32}" text-anchor="middle">{escape(self.x)}'
            f'</text><text transform="translate(9 {middle}) rotate(-90)" text-anchor="middle">{escape(self.y)}</text>'
        )

    def _line(self, name: str, xs: Sequence[float], ys: Sequence[float]) -> str:
        points = [f"{x:.1f},{y:.1f}" for x, y in (self._at(*point) for point in zip(xs, ys, strict=True))]
        # Thousands of thresholds share the few points that can be told apart.
        return f'<polyline class="line-{name}" points="{" ".join(point for point, _ in groupby(points))}"/>'

    def _mark(self, mark: Mark, named_at: float) -> str:
        x, y = self._at(mark.x, mark.y)
        (_, low), (_, high) = self._at(mark.x, mark.low), self._at(mark.x, mark.high)
        # On the side where there is room.
        side, anchor = (-8, "end") if mark.x > self.ends[0] / 2 else (8, "start")
        line = f"M{x:.1f} {low:.1f}V{high:.1f}"
        if named_at > y + _BESIDE:
            line += f"M{x:.1f} {y:.1f}L{x + 0.8 * side:.1f} {named_at - 4:.1f}"
        return (
            f'<g class="mark{" chosen" if mark.chosen else ""}"><path d="{line}"/>'
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5"/>'
            f'<text x="{x + side:.1f}" y="{named_at:.1f}" text-anchor="{anchor}">{escape(mark.name)}</text></g>'
        )

    def _at(self, x: float, y: float) -> tuple[float, float]:
        """Where a point lies in the drawing."""
        across, along = (np.clip(value / end, 0.0, 1.0) for value, end in zip((x, y), self.ends, strict=True))
        return _LEFT + float(across) * _WIDTH, _ABOVE + _HEIGHT * (1 - float(along))
