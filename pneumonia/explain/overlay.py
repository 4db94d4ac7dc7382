"""Evidence in colour over the radiograph, on one scale for all cases."""

import io

import cv2
import numpy as np
from PIL import Image

from pneumonia.imaging.file_type import OVERLAY_COMMENT

# Logits at which the colour saturates, for every case and every variant. Among the published variants, peaks are lower
# where evidence is spread wide and higher where it is kept inside the lungs; this lies between.
HEATMAP_SCALE = 40.0

# Share of the scale over which colour fades in, so that the edge of the evidence is no hard line.
FADE_IN = 0.25

# Inferno rises evenly in lightness and keeps its order for the colour-blind. Its darkest third is left out:
# on a radiograph it could not be told from shadow.
_FIRST_COLOUR, _LAST_COLOUR = 85, 245
# A straight line between two blues in CIELAB, which is as even. No blue from where colour has faded in comes closer to
# any colour above than 25 units of CIELAB at the usual opacity, for eyes of every kind.
_FIRST_BLUE, _LAST_BLUE = (20, 40, 200), (130, 220, 255)
# Colours on either side of zero: with that of zero itself, as many as a byte can number in both directions.
_STEPS = 127

# Of the strongest evidence, in [0, 1].
OPACITY = 0.6


def draw_overlay(
    pixels: np.ndarray, heatmap: np.ndarray, scale: float, opacity: float = OPACITY, against: bool = False
) -> np.ndarray:
    """Lay evidence over a radiograph.

    Args:
        pixels: float32 (H, W) in [0, 1].
        heatmap: float32 (h, w) in logits, over the whole radiograph; zero stays clear. If it is smaller, its colours
            are enlarged.
        scale: logits at which the colour saturates; the same for all cases that are compared.
        opacity: of the strongest evidence, in [0, 1].
        against: whether evidence against pneumonia, below zero, is shown too, in blue; if not, it stays clear.

    Returns:
        uint8 (H, W, 3), RGB.
    """
    strength = np.clip(heatmap / np.float32(scale), np.float32(-1 if against else 0), np.float32(1))
    alpha = np.minimum(np.abs(strength) * np.float32(opacity / FADE_IN), np.float32(opacity))
    steps = cv2.cvtColor(cv2.convertScaleAbs(strength, alpha=_STEPS, beta=_STEPS), cv2.COLOR_GRAY2RGB)
    colour = cv2.convertScaleAbs(cv2.LUT(steps, _BY_STEP) * alpha[..., None])
    # Mixed at the map's size and brought to the radiograph's: it may have a hundred times as many pixels.
    kept, colour = (
        cv2.resize(layer, pixels.shape[::-1], interpolation=cv2.INTER_LINEAR)
        for layer in (cv2.convertScaleAbs(1 - alpha, alpha=255), colour)
    )
    grey = cv2.multiply(cv2.convertScaleAbs(pixels, alpha=255), kept, scale=1 / 255)
    return cv2.add(cv2.cvtColor(grey, cv2.COLOR_GRAY2RGB), colour, dst=colour)


def to_jpeg(picture: np.ndarray) -> bytes:
    """An overlay as the bytes of a JPEG file, which `imaging.decode` never takes for a radiograph.

    Args:
        picture: uint8 (H, W, 3), RGB.
    """
    jpeg = io.BytesIO()
    # A PNG file is several times as large, and slow to write. Colours have half the resolution of greys, by which only
    # lines of one pixel, on pictures of a few hundred, lose some of theirs.
    Image.fromarray(picture).save(jpeg, "JPEG", quality=95, comment=OVERLAY_COMMENT)
    return jpeg.getvalue()


def legend(width: int, height: int, opacity: float = OPACITY, against: bool = False) -> np.ndarray:
    """The colours of `draw_overlay` over mid-grey: uint8 (height, width, 3), RGB.

    From zero, or with `against` from the scale on the other side of it, on the left to the scale on the right.
    """
    ramp = np.tile(np.linspace(-1.0 if against else 0.0, 1.0, width, dtype=np.float32), (height, 1))
    return draw_overlay(np.full((height, width), 0.5, np.float32), ramp, scale=1.0, opacity=opacity, against=against)


def contour_level(scale: float) -> float:
    """Logits at which a contour is drawn: where the colours have faded in."""
    return FADE_IN * scale


def _colour_table() -> np.ndarray:
    """Full colours of evidence from -1 to 1: uint8 (2 * _STEPS + 1, 3), RGB."""
    warm = np.linspace(_FIRST_COLOUR, _LAST_COLOUR, _STEPS + 1).round().astype(np.uint8)[None]
    warm = cv2.cvtColor(cv2.applyColorMap(warm, cv2.COLORMAP_INFERNO), cv2.COLOR_BGR2RGB)[0]
    ends = np.array([[_LAST_BLUE, _FIRST_BLUE]], np.float32) / 255
    last, first = cv2.cvtColor(ends, cv2.COLOR_RGB2LAB)[0]
    line = np.linspace(last, first, _STEPS, dtype=np.float32)[None]
    blue = np.rint(cv2.cvtColor(line, cv2.COLOR_LAB2RGB)[0] * 255).astype(np.uint8)
    return np.concatenate([blue, warm])


# Of evidence from -1 to 1 of the scale, in even steps: uint8 (2 * steps + 1, 3), RGB.
COLOURS = _colour_table()
# As a table of `cv2.LUT`, which has an entry more.
_BY_STEP = np.concatenate([COLOURS, COLOURS[-1:]])[None]
