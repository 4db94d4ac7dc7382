"""The zones of the lungs that evidence lies in: right or left, upper, middle or lower.

Reports of chest radiographs name places by zones and not by lobes, which overlap in a frontal view (Hansell et al.,
"Fleischner Society: Glossary of Terms for Thoracic Imaging", Radiology 2008). Here each is a third of a lung's height,
so a zone tells where to look and follows no anatomical border.
"""

from collections.abc import Mapping
from itertools import pairwise
from typing import NamedTuple

import cv2
import numpy as np

from pneumonia.core.geometry import WHOLE, Box, heatmap_on

# As the patient has them: the right lung lies on the left of the picture.
SIDES = ("right", "left")
LEVELS = ("upper", "middle", "lower")
# Share of the evidence from which a place is named.
_MOST = 0.5


class Zone(NamedTuple):
    """A third of a lung.

    Attributes:
        side: one of `SIDES`, the patient's.
        level: one of `LEVELS`.
    """

    side: str
    level: str


class Place(NamedTuple):
    """One zone, or several beside each other.

    Attributes:
        zones: in the order of `SIDES` and `LEVELS`.
        share: of the positive evidence that lies in them, in [0, 1].
    """

    zones: tuple[Zone, ...]
    share: float

    @property
    def name(self) -> str:
        """In words, for instance `"right lower zone"`, `"both lower zones"` or `"left lung"`."""
        sides = dict.fromkeys(zone.side for zone in self.zones)
        levels = dict.fromkeys(zone.level for zone in self.zones)
        side = "both" if len(sides) == len(SIDES) else next(iter(sides))
        if len(levels) == len(LEVELS):
            return "both lungs" if side == "both" else f"{side} lung"
        return f"{side} {' and '.join(levels)} {'zone' if len(self.zones) == 1 else 'zones'}"


def zone_shares(heatmap: np.ndarray, inside: np.ndarray, box: Box = WHOLE) -> dict[Zone, float] | None:
    """Shares of the positive evidence that lie in each zone.

    What lies in none, outside the lungs, counts in the whole, as for `localisation.share_inside`.

    Args:
        heatmap: float32 (h, w), in logits or any other unit; only what is above zero counts.
        inside: bool (H, W), True inside the lungs of a whole upright frontal radiograph.
        box: the part of it that the map covers.

    Returns:
        Each in [0, 1]; None where there is no positive evidence, or where `inside` is not in two parts.
    """
    count, labels, stats, centres = cv2.connectedComponentsWithStats(inside.astype(np.uint8), connectivity=4)
    height, width = inside.shape
    evidence = np.maximum(heatmap_on(heatmap, height, width, box), 0.0)
    total = float(evidence.sum())
    # Component 0 is what lies outside.
    lungs = sorted(range(1, count), key=lambda lung: stats[lung, cv2.CC_STAT_AREA], reverse=True)[: len(SIDES)]
    if len(lungs) < len(SIDES) or not total > 0:
        return None
    shares = {}
    for side, lung in zip(SIDES, sorted(lungs, key=lambda lung: centres[lung][0]), strict=True):
        rows = np.where(labels == lung, evidence, 0.0).sum(axis=1)
        top, rows_high = stats[lung, cv2.CC_STAT_TOP], stats[lung, cv2.CC_STAT_HEIGHT]
        borders = [top + round(rows_high * third / len(LEVELS)) for third in range(len(LEVELS) + 1)]
        for level, (first, end) in zip(LEVELS, pairwise(borders), strict=True):
            shares[Zone(side, level)] = float(rows[first:end].sum()) / total
    return shares


def main_place(shares: Mapping[Zone, float]) -> Place | None:
    """The smallest place that holds at least half of the evidence.

    Args:
        shares: as `zone_shares` gives them.

    Returns:
        A zone; or two zones that touch in one lung, or face each other; or a lung; or both lungs. Of several of one
        size the one with most evidence. None where less than half lies in the lungs.
    """
    for places in _PLACES:
        zones = max(places, key=lambda zones: sum(map(shares.__getitem__, zones)))
        if (share := sum(map(shares.__getitem__, zones))) >= _MOST:
            return Place(zones, share)
    return None


_LUNGS = [tuple(Zone(side, level) for level in LEVELS) for side in SIDES]
# By size.
_PLACES = (
    [(zone,) for lung in _LUNGS for zone in lung],
    [*(pair for lung in _LUNGS for pair in pairwise(lung)), *zip(*_LUNGS, strict=True)],
    _LUNGS,
    [tuple(zone for lung in _LUNGS for zone in lung)],
)
