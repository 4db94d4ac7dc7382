"""Evidence in colour over the radiograph, on one scale for all cases."""

import cv2
import numpy as np

# Logits at which the colour saturates, for every case and every variant.
HEATMAP_SCALE = 40.0

# Inferno rises evenly in lightness and keeps its order for the colour-blind. Its darkest third is left out:
# on a radiograph it could not be told from shadow.
_FIRST_COLOUR, _LAST_COLOUR = 85, 245
# Share of the scale over which colour fades in, so that the edge of the evidence is no hard line.
_FADE_IN = 0.25


def overlay(pixels: np.ndarray, heatmap: np.ndarray, scale: float, opacity: float = 0.6) -> np.ndarray:
    """Lay positive evidence over a radiograph.

    Args:
        pixels: float32 (H, W) in [0, 1].
        heatmap: float32 (H, W) in logits; zero and below stay clear.
        scale: logits at which the colour saturates; the same for all cases that are compared.
        opacity: of the strongest evidence, in [0, 1].

    Returns:
        uint8 (H, W, 3), RGB.
    """
    grey = np.repeat(pixels[..., None] * 255, 3, axis=2)
    strength = np.clip(heatmap / scale, 0.0, 1.0)
    alpha = (opacity * np.clip(strength / _FADE_IN, 0.0, 1.0))[..., None]
    return np.rint(grey * (1 - alpha) + _colours(strength) * alpha).astype(np.uint8)


def legend(width: int, height: int) -> np.ndarray:
    """The overlay's colours from zero (left) to the scale (right), over mid-grey: uint8 (height, width, 3)."""
    ramp = np.tile(np.linspace(0.0, 1.0, width, dtype=np.float32), (height, 1))
    return overlay(np.full((height, width), 0.5, np.float32), ramp, scale=1.0, opacity=1.0)


def _colours(strength: np.ndarray) -> np.ndarray:
    index = _FIRST_COLOUR + strength * (_LAST_COLOUR - _FIRST_COLOUR)
    return cv2.cvtColor(cv2.applyColorMap(np.rint(index).astype(np.uint8), cv2.COLORMAP_INFERNO), cv2.COLOR_BGR2RGB)
