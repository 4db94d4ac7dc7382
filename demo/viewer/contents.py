"""What the viewer is given of a reading: the picture, the map's own values, and lines in fractions of the picture."""

import os
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import cv2
import gradio as gr
import numpy as np

from demo.server.downloads import new_file
from demo.shared import radiograph_images
from demo.shared import texts as shared_texts
from demo.shared.answer import mostly_outside, place
from demo.viewer import texts
from pneumonia import Prediction
from pneumonia.explain.outlines import outlines
from pneumonia.explain.region_test import Support, is_unconfirmed
from pneumonia.inference.drawn_reading import region_outlines
from pneumonia.utils.formatting import percent

# Of the longer side in pixels. Films are scanned at less; a telephone's canvas holds no more than the square of it.
_MOST_SIDE = 4096
# At the best quality no grey value is off by more than one of 255, in a fifth of the time that a PNG file takes.
_JPEG = (cv2.IMWRITE_JPEG_QUALITY, 100)
# Side of the grid that the lungs are traced on.
_LUNGS_SIDE = 384

Contents = dict[str, Any]


def write_picture(pixels: np.ndarray) -> dict[str, Any]:
    """Write a radiograph for the browser, among the files that are deleted after a while.

    Args:
        pixels: float32 (H, W) in [0, 1].

    Returns:
        What Gradio makes an address of.
    """
    picture = radiograph_images.preview(pixels, _MOST_SIDE)
    with new_file("radiograph.jpg") as path:
        path.write_bytes(cv2.imencode(".jpg", picture, _JPEG)[1].tobytes())
    return gr.FileData(path=str(path), mime_type="image/jpeg").model_dump()


def is_there(picture: Mapping[str, Any]) -> bool:
    """Tell whether a picture, as `write_picture` gives it, has not been deleted yet; it is then kept as a new one."""
    with suppress(OSError):
        os.utime(picture["path"])
        return True
    return False


def evidence_pane(
    picture: Mapping[str, Any], prediction: Prediction, scale: float, title: str = "", support: Support | None = None
) -> Contents:
    """Describe a radiograph with its evidence.

    Args:
        picture: as `write_picture` gives it.
        prediction: a reading with a heatmap.
        scale: logits at which the colours saturate.
        title: of this pane, where there are several, whose regions are not tested; one alone stands beside a card that
            says where the evidence lies.
        support: whether the marked region matters, if that is known.
    """
    lungs, region = prediction.lungs, region_outlines(prediction, scale)
    dashes = ""
    if region and (title or is_unconfirmed(support)):
        dashes = texts.UNTESTED if title else texts.UNCONFIRMED
    where = _where(prediction, dashes) if region else shared_texts.NO_REGION
    return {
        "picture": picture,
        "title": title,
        "caption": where if title else dashes,
        "alt": texts.BARE_ALT,
        "evidence": texts.EVIDENCE_ALT.format(where=where),
        "map": np.round(prediction.heatmap, 3).tolist(),
        "box": list(prediction.field_of_view),
        "dashed": bool(dashes),
        "contour": _rounded(region),
        "lungs": [] if lungs is None else _rounded(outlines(lungs.on(_LUNGS_SIDE, _LUNGS_SIDE) >= lungs.threshold)),
    }


def bare_pane(picture: Mapping[str, Any], title: str = texts.BARE) -> Contents:
    """Describe a radiograph alone; `picture` as `write_picture` gives it."""
    return {"picture": picture, "title": title, "caption": "", "alt": texts.BARE_ALT, "map": None}


def side_by_side(panes: list[Contents], scale: float | None = None) -> Contents:
    """Describe what a viewer shows; `scale` where one has evidence: logits at which the colours saturate."""
    return {"panes": panes, "scale": scale, "bare": {"title": texts.BARE, "caption": ""}}


def _where(prediction: Prediction, dashes: str) -> str:
    """Sentences on where the evidence lies; in no zone where the region is in dashes, and what these are."""
    where = None if dashes else place(prediction)
    if where is not None:
        return texts.MOSTLY.format(share=percent(where.share, 0), place=where.name)
    outside = texts.OUTSIDE if mostly_outside(prediction) else ""
    return f"{outside} {dashes}".strip() or texts.STRONGEST


def _rounded(lines: list[np.ndarray]) -> list[list[list[float]]]:
    """Lines in fractions of the picture, finely enough for any screen."""
    return [np.round(line, 4).tolist() for line in lines]
