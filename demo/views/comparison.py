"""What is shown of several readings side by side."""

from collections import Counter
from collections.abc import Mapping, Sequence
from html import escape

import numpy as np

from demo import content
from demo.views.images import data_uri, overlay_on
from demo.views.page import notice
from demo.views.reading import colour_key, finding, finding_class, in_lungs, operating_point, probability_bar
from pneumonia import Prediction
from pneumonia.operating_points import OperatingPoint
from pneumonia.variants import get_variant


def comparison(
    shown: np.ndarray,
    predictions: Sequence[Prediction],
    points: Sequence[OperatingPoint],
    scale: float,
    missing: Mapping[str, str],
) -> str:
    """All variants side by side.

    Args:
        shown: uint8 (H, W), as `preview` gives it.
        predictions: readings of the same image, one a variant.
        points: the operating point each was judged at.
        scale: logits at which the colours saturate.
        missing: why a variant is unavailable, by variant.
    """
    rows = "".join(_row(shown, prediction, point, scale) for prediction, point in zip(predictions, points, strict=True))
    rows += "".join(_unavailable_row(variant, reason) for variant, reason in missing.items())
    findings = [prediction.finding for prediction in predictions]
    agreeing = "agree" if len(set(findings)) == 1 else "disagree"
    return (
        f'<p class="agreement {agreeing}">{escape(agreement(findings))}</p>{notice()}'
        f'<div class="comparison"><figure class="original"><figcaption>{escape(content.ORIGINAL)}</figcaption>'
        f'<img src="{data_uri(shown)}" alt="{escape(content.ORIGINAL_ALT)}"></figure>'
        # The roles are written out because the style lays rows out as cards, which hides them from readers.
        f'<table role="table"><thead role="rowgroup"><tr role="row"><th role="columnheader">Variant</th>'
        '<th role="columnheader">Overlay</th><th role="columnheader">Finding</th>'
        '<th role="columnheader">Probability</th></tr></thead>'
        f'<tbody role="rowgroup">{rows}</tbody></table></div>{colour_key(scale)}'
    )


def _row(shown: np.ndarray, prediction: Prediction, point: OperatingPoint, scale: float) -> str:
    variant = get_variant(prediction.variant)
    image = data_uri(overlay_on(shown, prediction, scale))
    return (
        f'<tr role="row" class="{finding_class(prediction)}"><th role="rowheader" scope="row">'
        f"{escape(variant.title)}<small>{escape(variant.summary)}</small></th>"
        f'<td role="cell"><img src="{image}" alt="{escape(content.OVERLAY_ALT)}">'
        f"{in_lungs(prediction)}</td>"
        f'<td role="cell">{finding(prediction, "p")}</td>'
        f'<td role="cell">{probability_bar(prediction, point)}'
        f'<p class="operating-point">{escape(operating_point(point))}</p></td></tr>'
    )


def _unavailable_row(variant: str, reason: str) -> str:
    title = get_variant(variant).title
    return (
        f'<tr role="row" class="unavailable"><th role="rowheader" scope="row">{escape(title)}</th>'
        f'<td role="cell" colspan="3">{escape(content.UNAVAILABLE.format(title=title, reason=reason))}</td></tr>'
    )


def agreement(findings: Sequence[str]) -> str:
    """One sentence on whether the variants say the same."""
    if len(findings) == 1:
        return content.ONLY_ONE
    counts = Counter(findings)
    if len(counts) == 1:
        return content.AGREE.format(count=len(findings), finding=findings[0])
    return content.DISAGREE.format(findings=", ".join(f"{n} {finding}" for finding, n in counts.most_common()))
