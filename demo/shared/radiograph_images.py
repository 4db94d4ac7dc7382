"""Images of a radiograph: its preview, and the evidence over it."""

import base64
import io

import cv2
import numpy as np
from PIL import Image

from pneumonia import Prediction
from pneumonia.explain.outlines import outline_region
from pneumonia.inference.drawn_reading import draw_reading, region_outlines
from pneumonia.inference.input_transform import Preprocessing
from pneumonia.inference.shared_analysis import SharedAnalysis

# Longer sides in pixels: enough for 300 dots an inch in a report, little enough to keep for every open session.
PREVIEW_SIDE = 1024
COMPARISON_SIDE = 512
THUMBNAIL_SIDE = 160
ROW_SIDE = 96
_ROW_JPEG = (cv2.IMWRITE_JPEG_QUALITY, 60)


def preview(pixels: np.ndarray, side: int = PREVIEW_SIDE) -> np.ndarray:
    """Scale an upload to what is shown: float32 (H, W) in [0, 1] to uint8 (h, w), never enlarged."""
    factor = side / max(pixels.shape)
    if factor < 1:
        height, width = (max(1, round(factor * length)) for length in pixels.shape)
        pixels = cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA)
    return cv2.convertScaleAbs(pixels, alpha=255)


def row_thumbnail(case: SharedAnalysis) -> bytes:
    """Draw a radiograph for a row of a list, as a JPEG file of a few kilobytes, from what its reading needs anyhow."""
    height, width = case.radiograph.pixels.shape
    factor = ROW_SIDE / max(height, width)
    size = max(1, round(factor * width)), max(1, round(factor * height))
    small = cv2.resize(case.square(Preprocessing().size), size, interpolation=cv2.INTER_AREA)
    return cv2.imencode(".jpg", cv2.convertScaleAbs(small, alpha=255), _ROW_JPEG)[1].tobytes()


def overlay_on(shown: np.ndarray, prediction: Prediction, scale: float) -> np.ndarray:
    """Draw a reading over a preview, uint8 (H, W), as `draw_reading` does."""
    return draw_reading(shown.astype(np.float32) / 255, prediction, scale)


def printed(shown: np.ndarray, prediction: Prediction, scale: float, confirmed: bool = True) -> np.ndarray:
    """Draw a reading over a preview, uint8 (H, W), as the viewer shows it: with a line around the strongest region."""
    return outline_region(overlay_on(shown, prediction, scale), region_outlines(prediction, scale), confirmed)


def data_uri(image: np.ndarray) -> str:
    """Encode an image, uint8 (H, W[, 3]), as the address of a WebP file."""
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, format="WEBP", quality=90)
    return "data:image/webp;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")
