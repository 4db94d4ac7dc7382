"""What is shown of readings, as HTML, arrays and JSON values; one module for each thing that is shown."""

# Names are gathered here for those who show them.
# ruff: noqa: F401

from demo.views.batch import batch_heading, batch_progress, batch_row, batch_summary
from demo.views.comparison import agreement, comparison, difference, pair
from demo.views.images import (
    COMPARISON_SIDE,
    OPACITY,
    SHOW,
    THUMBNAIL_SIDE,
    WHOLE_WINDOW,
    Window,
    overlay_on,
    preview,
    windowed,
)
from demo.views.page import example_buttons, header, prompt, rejection, welcome
from demo.views.reading import (
    at_your_prevalence,
    bar_key,
    calibration,
    checks,
    colour_key,
    in_lungs,
    in_lungs_sentence,
    line_keys,
    map_help,
    operating_point,
    other_checks,
    probability_bar,
    scale_ends,
    sorted_checks,
    support,
    verdict,
)
from demo.views.values import percent, record, unavailable_record
