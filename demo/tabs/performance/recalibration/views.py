"""HTML of a calibration that was fitted to a site."""

from collections.abc import Sequence
from html import escape

from demo.shared import texts as shared_texts
from demo.shared.page_html import figures_table, paragraph
from demo.tabs.performance.recalibration import texts
from pneumonia.calibration.site import SiteCalibration
from pneumonia.core.notices import NOTICE
from pneumonia.data.listing import LeftOut
from pneumonia.utils.formatting import format_fitted, format_interval, percent
from pneumonia.utils.safe_csv import plain_name
from pneumonia.variants.registry import get_variant

_LONGEST_LINE = 300  # characters about what an archive holds; names in it can have any length


def recalibration(
    site: SiteCalibration,
    rejected: Sequence[tuple[str, str]],
    left_out: Sequence[LeftOut],
    files: int,
    unknown: int,
) -> str:
    """Result of fitting a calibration to a site: in words, and where the network is usable there, in figures.

    Args:
        site: fitted, not necessarily usable.
        rejected: names of files that were not read, each with the reason.
        left_out: what else was in the archive.
        files: number of those in the folders of the classes.
        unknown: of how many of these the name tells no patient.
    """
    heading = texts.CALIBRATED.format(
        variant=get_variant(site.variant).title,
        name=site.name,
        count=site.images,
        positives=site.positives,
        patients=site.patients,
    )
    if unknown:
        heading = f"{heading}. {texts.PATIENT_UNKNOWN.format(count=unknown, files=files)}"
    unread = ""
    if rejected or left_out:
        lines = [f"{plain_name(name)}: {reason}" for name, reason in rejected] + [
            str(entry)[-_LONGEST_LINE:] for entry in left_out
        ]
        items = "".join(f"<li>{escape(line)}</li>" for line in lines)
        summary = texts.NOT_READ_FILES.format(count=len(rejected) + sum(entry.files for entry in left_out))
        unread = f"<details><summary>{escape(summary)}</summary><ul>{items}</ul></details>"
    if not site.usable:
        # Better probabilities of a network that tells nothing apart would look like a gain, so there is no table.
        return (
            f'<div class="card card-rejected"><h3>{escape(texts.NOT_USABLE)}</h3>'
            f"{paragraph(heading)}{paragraph(site.advice)}{paragraph(NOTICE)}</div>{unread}"
        )
    rows = [
        [
            texts.MEASURES[measure]
            if point is None
            else f"{shared_texts.OPERATING_POINTS[point]}: {texts.MEASURES[measure]}",
            *(
                format_interval(vars(figure)) if point is None else format_fitted(vars(figure), percent)
                for figure in (before, after)
            ),
        ]
        for point, measure, before, after in site.comparison_rows
    ]
    notes = (site.prevalence_note, texts.KEEPING.format(variant=site.variant), NOTICE)
    return (
        f"<h3>{escape(heading)}</h3>{paragraph(site.advice)}{figures_table(texts.COMPARED_COLUMNS, rows)}"
        + "".join(map(paragraph, notes))
        + unread
    )
