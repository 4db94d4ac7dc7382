"""Checks of the lungs of a reading."""

import math

import numpy as np

from pneumonia.core.check import Check
from pneumonia.explain.localisation import positive_evidence
from pneumonia.imaging.quality import USUAL_LUNGS
from pneumonia.inference.lung_segmentation import LungSegmentation
from pneumonia.variants.spec import Field

# Logits by which positive evidence must raise the score to be worth a share: less moves a probability, before
# calibration, by under three points.
LEAST_EVIDENCE = 0.1
# And to be worth a warning when most of it lies outside the lungs: before calibration it makes the odds of pneumonia
# 2.7 times as high.
_WARNED_EVIDENCE = 1.0
# Share of the lungs' pixels that may be clipped to black or white. `tests/unit/imaging/test_dicom_rates.py` holds these
# rates: of 148 readings of 40 normals that changed (the finding, or the probability by over 0.1) under windows that are
# stale, show half of the range or are far too narrow, 147 are warned of; of 160 under windows from the 0.5th, 1st or
# 2nd percentile to the 99.5th, 99th, 98th or 95th, none. Measured once: of 91 readings of 40 adults that changed, 87;
# of 160, one. In almost all of them lungs are found in what the window left; else the places where lungs usually lie
# stand for them.
MOST_CLIPPED = 0.05


def lungs_check(lungs: LungSegmentation | None, shown: Field) -> tuple[Check, ...]:
    """Say that lungs were found, or not, or not looked for, as far as it matters to a network that is `shown` this."""
    if lungs is None:
        return (
            Check(
                "lungs",
                "warn",
                "The lungs were not looked for, because the network that finds them is missing or damaged. See for "
                "yourself how much of the evidence lies inside them.",
            ),
        )
    if not lungs.found:
        consequence = "" if shown == "image" else ", so the reading goes by the whole image"
        return (
            Check(
                "lungs",
                "warn",
                f"No two lung fields were found{consequence}. Make sure that it is a frontal chest radiograph; on "
                "images like this the reading is less reliable.",
            ),
        )
    if shown == "image":
        # They are drawn on the overlay; that they were found changes nothing about the reading.
        return ()
    return (Check("lungs", "ok", "Two lung fields were found; the reading goes by them."),)


def clipped_check(clipped: np.ndarray | None, lungs: LungSegmentation | None) -> tuple[Check, ...]:
    """Warn where the file's own window does not leave the lungs' grey values apart; `clipped` as in `Radiograph`."""
    if clipped is None or not clipped.any():
        return ()
    if lungs is not None and lungs.found:
        share = clipped[lungs.on(*clipped.shape) >= lungs.threshold].mean()
    else:
        share = np.mean([clipped[lung].mean() for lung in USUAL_LUNGS])
    if share <= MOST_CLIPPED:
        return ()
    return (
        Check(
            "clipped",
            "warn",
            f"The file's own window hides {math.floor(100 * share)}% of the lungs in black or white. Export the image "
            "again with a window that shows both lungs, and read that.",
        ),
    )


def evidence_check(heatmap: np.ndarray, share: float | None) -> tuple[Check, ...]:
    """Warn where most of the evidence lies outside the lungs, if there is enough of it; `share` lies inside."""
    if share is None or share >= 0.5 or positive_evidence(heatmap) < _WARNED_EVIDENCE:
        return ()
    return (
        Check(
            "evidence",
            "warn",
            f"Only {math.floor(100 * share)}% of the evidence for pneumonia lies inside the lungs. See where the rest "
            "lies before you rely on this reading.",
        ),
    )
