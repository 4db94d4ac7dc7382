"""What may be said of a calibration to one site: a table and sentences for readers."""

from typing import TYPE_CHECKING

from pneumonia.core.operating_points import OPERATING_POINTS, Interval
from pneumonia.utils.formatting import percent

if TYPE_CHECKING:
    from pneumonia.calibration.site import SiteCalibration


def compared(site: "SiteCalibration") -> list[tuple[str | None, str, Interval, Interval]]:
    """Rows of a table: operating point (None for all), name of the figure, as shipped, with this calibration."""
    before, after = site.before, site.after
    return [
        *((None, name, getattr(before, name), getattr(after, name)) for name in ("ece", "brier")),
        *(
            (point, name, getattr(before.points[point], name), getattr(after.points[point], name))
            for point in OPERATING_POINTS
            for name in ("threshold", "accuracy", "sensitivity", "specificity")
        ),
    ]


def advice(site: "SiteCalibration") -> str:
    """What came of it, in words."""
    ranked = (
        f"On these {site.images} images the network ranks a pneumonia above a normal in "
        f"{percent(site.auroc.value)} of pairs (95% interval {percent(site.auroc.low)} to "
        f"{percent(site.auroc.high)}); a coin does in 50%."
    )
    if not site.usable:
        return (
            f"{ranked} So it is not shown to tell the two apart at this site. No calibration can mend that, and "
            "none is kept. Do not rely on this network for images like these."
        )
    less, least, most = site.gain.value, site.gain.low, site.gain.high
    change = f"the Brier score falls by {less:.3f} ({least:.3f} to {most:.3f})"
    if less < 0:
        change = f"the Brier score rises by {-less:.3f} ({-most:.3f} to {-least:.3f})"
    if site.helps:
        return f"{ranked} Recalibration makes its probabilities better here: {change}."
    if site.gain.high < 0:
        return f"{ranked} Recalibration makes its probabilities worse here: {change}. Stay with the one as shipped."
    return (
        f"{ranked} Recalibration is not shown to make its probabilities better here: {change}, which may be "
        "chance. Stay with the calibration as shipped, or collect more images."
    )


def prevalence_note(site: "SiteCalibration") -> str:
    """For which share of pneumonias its probabilities hold."""
    return (
        f"Of these images {site.prevalence:.0%} show pneumonia, and the new probabilities hold where "
        "as many patients have it. If the images were picked by their label, the probabilities are too high or too "
        "low in practice; sensitivity and specificity are not touched by that."
    )
