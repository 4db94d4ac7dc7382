"""What is shown for a prediction, as HTML, arrays and JSON values; every text from outside is escaped."""

import base64
import io
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from html import escape
from typing import Any

import cv2
import numpy as np
from PIL import Image

from demo import content
from pneumonia import Prediction
from pneumonia.explain.marks import contour_evidence, mark_peak, outline_lungs
from pneumonia.explain.overlay import contour_level, legend, overlay
from pneumonia.explain.support import Support
from pneumonia.notices import AGAINST_HELP, HEATMAP_HELP, INTENDED_USE, NOTICE, POPULATION
from pneumonia.operating_points import Interval, OperatingPoint
from pneumonia.site_calibration import SiteCalibration
from pneumonia.variants import get_variant

# Longer sides in pixels: enough to see the map's grid on, little enough to keep for every open session.
PREVIEW_SIDE = 1024
COMPARISON_SIDE = 512
THUMBNAIL_SIDE = 160

OPACITY = 0.6
# Drawn over the overlay unless the reader chooses otherwise.
SHOW = (content.LUNGS,)

_HASH_LENGTH = 12


# === Values ===


def record(prediction: Prediction, name: str) -> dict[str, Any]:
    """What an API client gets for one image: `Prediction.to_dict()` and the upload's base name."""
    return {"name": name, **prediction.to_dict()}


def unavailable_record(variant: str, reason: str, name: str) -> dict[str, Any]:
    """What an API client gets for a variant without weights, in place of its reading."""
    return {"name": name, "status": "unavailable", "variant": variant, "finding": None, "error": reason}


def percent(share: float, decimals: int = 1) -> str:
    """A share in [0, 1]; 0% and 100% are kept for what is exactly that."""
    least = 10.0 ** -(decimals + 2)
    if 0 < share < least / 2:
        return f"<{least:.{decimals}%}"
    if 1 - least / 2 <= share < 1:
        return f">{1 - least:.{decimals}%}"
    return f"{share:.{decimals}%}"


def interval(share: Interval) -> str:
    """A measured share with its 95 % interval."""
    return f"{percent(share.value)} (95% interval {percent(share.low)} to {percent(share.high)})"


def agreement(findings: Sequence[str]) -> str:
    """One sentence on whether the variants say the same."""
    if len(findings) == 1:
        return content.ONLY_ONE
    counts = Counter(findings)
    if len(counts) == 1:
        return content.AGREE.format(count=len(findings), finding=findings[0])
    return content.DISAGREE.format(findings=", ".join(f"{n} {finding}" for finding, n in counts.most_common()))


# === Images ===


def preview(pixels: np.ndarray, side: int = PREVIEW_SIDE) -> np.ndarray:
    """The upload as it is shown: float32 (H, W) in [0, 1] to uint8 (h, w), never enlarged."""
    factor = min(1.0, side / max(pixels.shape))
    height, width = (max(1, round(factor * length)) for length in pixels.shape)
    shown = cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA)
    return np.rint(shown * 255).astype(np.uint8)


def overlay_on(
    shown: np.ndarray, prediction: Prediction, scale: float, opacity: float = OPACITY, show: Collection[str] = SHOW
) -> np.ndarray:
    """The evidence over a preview.

    Args:
        shown: uint8 (H, W), as `preview` gives it.
        prediction: a reading with a heatmap.
        scale: logits at which the colours saturate.
        opacity: of the strongest evidence, in [0, 1].
        show: keys of `content.SHOWN`.

    Returns:
        uint8 (H, W, 3), RGB.
    """
    heatmap = prediction.heatmap_on(shown)
    pixels = shown.astype(np.float32) / 255
    picture = overlay(pixels, heatmap, scale, opacity, against=content.AGAINST in show)
    if content.LUNGS in show and prediction.lungs is not None:
        picture = outline_lungs(picture, prediction.lungs)
    level = contour_level(scale)
    if content.CONTOUR in show and prediction.heatmap.max() >= level:
        picture = mark_peak(contour_evidence(picture, heatmap, level), prediction.peak)
    return picture


def _data_uri(image: np.ndarray) -> str:
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, format="WEBP", quality=90)
    return "data:image/webp;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")


# === Batch ===


def batch_row(number: int, record: Mapping[str, Any]) -> list[Any]:
    """One image's row, in the order of `content.BATCH_COLUMNS`.

    Args:
        number: of the image, from 1.
        record: as `record` gives it.
    """
    probability, share = record["probability"], record["in_lung_share"]
    remarks = [check["message"] for check in record["checks"] if check["status"] != "ok"]
    return [
        number,
        record["name"],
        record["finding"] or content.NOT_READ,
        None if probability is None else _rounded(probability, 1),
        None if share is None else _rounded(share, 0),
        " ".join(remarks),
    ]


def _rounded(share: float, digits: int) -> float:
    """In percent; 0 and 100 are kept for what is exactly that, as by `percent`."""
    least = 10.0**-digits
    return 100 * share if share in (0, 1) else min(max(round(100 * share, digits), least), 100 - least)


def batch_progress(done: int, count: int, seconds_left: float | None) -> str:
    """How far a batch has come."""
    left = "" if seconds_left is None else f", about {duration(seconds_left)} left"
    sentence = f"{done} of {count} images read{left}."
    return (
        f'<div class="prompt"><p>{escape(sentence)}</p>'
        f'<progress max="{count}" value="{done}" aria-label="{escape(sentence)}"></progress></div>'
    )


def batch_summary(records: Sequence[Mapping[str, Any]], count: int) -> str:
    """What a batch came to, finished or stopped."""
    counts = Counter(record["finding"] or content.NOT_READ for record in records)
    found = ", ".join(f"{counts[name]} {name}" for name in (*content.FINDINGS, content.NOT_READ) if counts[name])
    headline = f"{count} images: {found}."
    if len(records) < count:
        headline = content.STOPPED.format(done=len(records), count=count) + (f" {found}." if found else "")
    return f'<div class="prompt"><p>{escape(headline)}</p>{_notice()}</div>'


def batch_heading(number: int, name: str) -> str:
    """Which row was opened."""
    return f'<h3 class="opened">{escape(content.ROW.format(number=number, name=name))}</h3>'


def duration(seconds: float) -> str:
    """A time to wait, no more exact than it can be known."""
    return f"{max(1, round(seconds))} s" if seconds < 90 else f"{round(seconds / 60)} min"


# === HTML ===


def header() -> str:
    """Head of the page."""
    return f"<header><h1>{escape(content.TITLE)}</h1><p>{escape(content.INTRODUCTION)}</p>{_notice()}</header>"


def example_buttons(images: Sequence[np.ndarray]) -> str:
    """Buttons to read an example with; each carries its index.

    Args:
        images: uint8 (H, W), as `preview` gives them.
    """
    buttons = "".join(
        f'<button type="button" data-index="{index}"><img src="{_data_uri(image)}" alt="">'
        f"<span>{escape(content.EXAMPLE.format(number=index + 1))}</span></button>"
        for index, image in enumerate(images)
    )
    return f'<p class="examples-label">{escape(content.EXAMPLES)}</p><div class="examples">{buttons}</div>'


def welcome() -> str:
    """What stands in a result's place before an image was chosen: what to do, and what not to expect."""
    return (
        f'<div class="prompt"><p>{escape(content.CHOOSE)}</p>'
        f'<p class="small-print">{escape(INTENDED_USE)}</p><p class="small-print">{escape(POPULATION)}</p></div>'
    )


def prompt(sentence: str) -> str:
    """What stands in a result's place while there is none."""
    return f'<div class="prompt"><p>{escape(sentence)}</p></div>'


def rejection(sentence: str) -> str:
    """What stands in the verdict's place when there will be none."""
    return (
        f'<div class="card card-rejected" role="alert"><h2>{escape(content.REJECTED)}</h2>'
        f"<p>{escape(sentence)}</p></div>"
    )


def verdict(prediction: Prediction, point: OperatingPoint, version: str) -> str:
    """A reading that was not rejected, in words and on one bar, with what was measured at its operating point."""
    return (
        f'<section class="card {_finding_class(prediction)}">{_finding(prediction, "h2")}'
        f"{probability_bar(prediction, point)}"
        f'<p class="operating-point">{escape(_operating_point(point, prediction.calibration))}</p>'
        f"{_notice()}"
        f'<p class="small-print">{escape(_small_print(prediction, version))}</p></section>'
    )


def probability_bar(prediction: Prediction, point: OperatingPoint) -> str:
    """Probability, threshold and the zone that is too close to call, on one bar from 0 to 100 %."""
    probability, threshold = percent(prediction.probability), percent(prediction.threshold)
    zone = f"{percent(point.low)} to {percent(point.high)}"
    summary = f"Probability of pneumonia {probability}, threshold {threshold}, too close to call from {zone}."
    return (
        f'<figure class="bar" role="img" aria-label="{escape(summary)}">'
        f'<p class="bar-above">Calibrated probability of pneumonia <strong>{escape(probability)}</strong></p>'
        '<div class="bar-track">'
        f'<span class="bar-fill" style="width:{100 * prediction.probability:.2f}%"></span>'
        f'<span class="bar-zone" style="left:{100 * point.low:.2f}%;width:{100 * (point.high - point.low):.2f}%">'
        "</span>"
        f'<span class="bar-threshold" style="left:{100 * prediction.threshold:.2f}%"></span>'
        f'<span class="bar-probability" style="left:{100 * prediction.probability:.2f}%"></span></div>'
        f'<p class="bar-below"><span class="key-threshold">threshold {escape(threshold)}</span> '
        f'<span class="key-zone">too close to call {escape(zone)}</span></p></figure>'
    )


def checks(prediction: Prediction) -> str:
    """What was noticed about the upload, what needs care first."""
    order = list(content.CHECK_STATES)
    noticed = sorted(prediction.checks, key=lambda check: -order.index(check.status))
    items = "".join(
        f'<li class="check-{check.status}"><strong>{escape(content.CHECK_STATES[check.status])}:</strong> '
        f"{escape(check.message)}</li>"
        for check in noticed
    )
    body = f"<ul>{items}</ul>" if items else f"<p>{escape(content.NO_CHECKS)}</p>"
    return f"<h3>{escape(content.CHECKS)}</h3>{body}"


def in_lungs(prediction: Prediction) -> str:
    """How much of the evidence lies inside the lungs, in one sentence."""
    if prediction.lungs is None:
        sentence = content.LUNGS_UNKNOWN
    elif prediction.in_lung_share is None:
        sentence = content.NO_EVIDENCE
    else:
        share, area = percent(prediction.in_lung_share, 0), percent(prediction.lung_area, 0)
        sentence = content.IN_LUNGS.format(share=share, area=area)
        if get_variant(prediction.variant).recipe.evidence_penalty:
            sentence += content.REWARDED
    return f'<p class="in-lungs">{escape(sentence)}</p>'


def support(tested: Support) -> str:
    """What came of testing the marked region, in words."""
    return f'<p class="in-lungs">{escape(tested.message)}</p>'


def colour_key(scale: float, opacity: float = OPACITY, show: Collection[str] = SHOW) -> str:
    """What is drawn over the radiograph, with its unit, and how to read it; arguments as for `overlay_on`."""
    against = content.AGAINST in show
    label = f"Colours from 0 (clear) to {scale:g} logits towards pneumonia (right)."
    if against:
        label += f" Blue from 0 to {scale:g} logits against it (left)."
    image = _data_uri(legend(width=256, height=12, opacity=opacity, against=against))
    level = contour_level(scale)
    lines = {
        content.LUNGS: [("lungs", content.KEY_LUNGS)],
        content.CONTOUR: [
            ("contour", content.KEY_CONTOUR.format(level=level)),
            ("peak", content.KEY_PEAK.format(level=level)),
        ],
    }
    keys = "".join(
        f'<li class="key-{name}">{escape(words)}</li>'
        for chosen in lines
        if chosen in show
        for name, words in lines[chosen]
    )
    return (
        f'<figure class="colour-key"><div class="colour-scale"><span>{f"&minus;{scale:g}" if against else "0"}</span>'
        f'<img src="{image}" alt="{escape(label)}"><span>{scale:g} logits or more</span></div>'
        + (f'<ul class="line-keys">{keys}</ul>' if keys else "")
        + f"<figcaption>{escape(HEATMAP_HELP)}{escape(' ' + AGAINST_HELP if against else '')}</figcaption></figure>"
    )


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
        f'<p class="agreement {agreeing}">{escape(agreement(findings))}</p>{_notice()}'
        f'<div class="comparison"><figure class="original"><figcaption>{escape(content.ORIGINAL)}</figcaption>'
        f'<img src="{_data_uri(shown)}" alt="{escape(content.ORIGINAL_ALT)}"></figure>'
        # The roles are written out because the style lays rows out as cards, which hides them from readers.
        f'<table role="table"><thead role="rowgroup"><tr role="row"><th role="columnheader">Variant</th>'
        '<th role="columnheader">Overlay</th><th role="columnheader">Finding</th>'
        '<th role="columnheader">Probability</th></tr></thead>'
        f'<tbody role="rowgroup">{rows}</tbody></table></div>{colour_key(scale)}'
    )


def _row(shown: np.ndarray, prediction: Prediction, point: OperatingPoint, scale: float) -> str:
    variant = get_variant(prediction.variant)
    image = _data_uri(overlay_on(shown, prediction, scale))
    return (
        f'<tr role="row" class="{_finding_class(prediction)}"><th role="rowheader" scope="row">'
        f"{escape(variant.title)}<small>{escape(variant.summary)}</small></th>"
        f'<td role="cell"><img src="{image}" alt="{escape(content.OVERLAY_ALT)}">'
        f"{in_lungs(prediction)}</td>"
        f'<td role="cell">{_finding(prediction, "p")}</td>'
        f'<td role="cell">{probability_bar(prediction, point)}'
        f'<p class="operating-point">{escape(_operating_point(point, prediction.calibration))}</p></td></tr>'
    )


def _unavailable_row(variant: str, reason: str) -> str:
    title = get_variant(variant).title
    return (
        f'<tr role="row" class="unavailable"><th role="rowheader" scope="row">{escape(title)}</th>'
        f'<td role="cell" colspan="3">{escape(content.UNAVAILABLE.format(title=title, reason=reason))}</td></tr>'
    )


def _finding(prediction: Prediction, tag: str) -> str:
    sentence = content.FINDINGS[prediction.finding]
    return (
        f'<{tag} class="finding"><span class="finding-name">{escape(prediction.finding)}</span> '
        f"{escape(sentence)}</{tag}>"
    )


def _finding_class(prediction: Prediction) -> str:
    return f"finding-{prediction.finding.lower()}"


def _notice() -> str:
    return f'<p class="notice">{escape(NOTICE)}</p>'


def _operating_point(point: OperatingPoint, site: SiteCalibration | None) -> str:
    images = content.LOCAL_IMAGES.format(count=site.images, name=site.name) if site else "validation images"
    return (
        f"Operating point {point.name}: pneumonia is called from {percent(point.threshold)}. On {images} "
        f"this gave sensitivity {interval(point.sensitivity)} and specificity {interval(point.specificity)}."
    )


def _small_print(prediction: Prediction, version: str) -> str:
    return content.SMALL_PRINT.format(
        title=get_variant(prediction.variant).title,
        version=version,
        weights=prediction.weights_sha256[:_HASH_LENGTH],
        image=prediction.image_sha256[:_HASH_LENGTH],
        calibration=calibration(prediction.calibration),
    )


def calibration(site: SiteCalibration | None) -> str:
    """Which calibration probabilities and thresholds are of."""
    if site is None:
        return content.AS_SHIPPED
    return content.CALIBRATED_TO.format(name=site.name, date=site.date, count=site.images)
