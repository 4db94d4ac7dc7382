"""From decoded pixels to the network's input, described by a record that travels with the weights.

Training and inference walk the same steps: `squash`, then `crop` (in training with a random change of the
geometry on top), then `finish`. What a network is shown of a radiograph is its `View`; `preprocessor`
finds it.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, NamedTuple

import cv2
import numpy as np
from annotated_types import Gt, Interval

from pneumonia.core.geometry import WHOLE, Box, crop_matrix
from pneumonia.variants.spec import Field

if TYPE_CHECKING:
    from scipy.sparse import csr_array

# Pixels are sampled on every second row and column for the percentiles: a quarter of the work, the same value.
_PERCENTILE_STRIDE = 2
# Width of the soft edge around the lungs' hull, as a share of the side.
_EDGE = 3 / 224
# Fractions of a pixel in which OpenCV takes the corners of a polygon, as a power of two.
_POLYGON_SHIFT = 4
_Percentile = Annotated[float, Interval(ge=0, le=100)]


class View(NamedTuple):
    """The part of one radiograph that a network is shown.

    Attributes:
        box: the part of the image that becomes the whole input.
        hull: float32 (N, 2), corners of the convex hull of the lungs in fractions of width and height; None where
            nothing depends on it.
    """

    box: Box = WHOLE
    hull: np.ndarray | None = None


WHOLE_IMAGE = View()


@dataclass(frozen=True)
class Preprocessing:
    """The steps from a radiograph to a network's input.

    Attributes:
        size: side of the square the image is squashed to, in pixels; the aspect ratio is not kept,
            because the training images come squashed.
        low_percentile: this percentile of the grey values becomes 0.
        high_percentile: this percentile becomes 1. Exposure and contrast thereby stop being a clue. Where either is
            None, the grey values are left as they are.
        field: `"image"` shows all of it; `"exposure"` likewise, with the percentiles taken within the hull of the
            lungs; `"box"` shows the rectangle around the hull; `"hull"` shows that rectangle with everything
            outside the hull hidden under the mean grey inside it, and takes the percentiles within.
        margin: how far the hull reaches beyond the lungs, as a share of the image's side.
        lung_fields: sha256 of the segmentation that finds the lungs; None for the field `"image"`.
    """

    size: Annotated[int, Gt(0)] = 224
    low_percentile: _Percentile | None = 1.0
    high_percentile: _Percentile | None = 99.0
    field: Field = "image"
    margin: float = 0.04
    lung_fields: str | None = None

    def squash(self, pixels: np.ndarray) -> np.ndarray:
        """Resize to the square, averaging where it shrinks.

        Args:
            pixels: float32 (H, W) in [0, 1].

        Returns:
            float32 (size, size) in [0, 1].
        """
        if pixels.shape == (self.size, self.size):
            return pixels
        height, width = pixels.shape
        narrow = _bilinear(width, self.size) @ (_bilinear(height, self.size) @ pixels).T
        return np.ascontiguousarray(narrow.T)

    def view(self, lungs: np.ndarray | None) -> View:
        """Find the part of a radiograph to show.

        Args:
            lungs: bool (S, S), True inside the lungs, on a grid over the whole image; None where none were found,
                and then the whole image is shown.
        """
        if lungs is None or self.field == "image":
            return WHOLE_IMAGE
        hull = _hull(lungs, self.margin)
        left, top, right, bottom = (float(x) for x in (*hull.min(axis=0), *hull.max(axis=0)))
        box = WHOLE if self.field == "exposure" else Box(left, top, right, bottom)
        return View(box, None if self.field == "box" else hull)

    def crop(self, square: np.ndarray, view: View) -> np.ndarray:
        """Bring the part of the image that is shown to the full size.

        Args:
            square: float32 (size, size) in [0, 1].
            view: what to show of it.

        Returns:
            float32 (size, size) in [0, 1].
        """
        if view.box == WHOLE:
            return square
        matrix = crop_matrix(view.box, self.size)
        return cv2.warpAffine(square, matrix, square.shape, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)

    def finish(self, image: np.ndarray, view: View, matrix: np.ndarray | None = None) -> np.ndarray:
        """Hide what is not to be seen, and stretch the grey values between the two percentiles, if any, to [0, 1].

        Args:
            image: float32 (size, size) in [0, 1], as `crop` gives it.
            view: what to show.
            matrix: (2, 3), what brought the square image to `image`, if it was not `crop`.

        Returns:
            float32 (size, size) in [0, 1].
        """
        if view.hull is None:
            return self._stretched(image, image[::_PERCENTILE_STRIDE, ::_PERCENTILE_STRIDE])
        region = self._region(view.hull, crop_matrix(view.box, self.size) if matrix is None else matrix)
        shown = image[region > 0.5]
        if not len(shown):
            shown = image.ravel()
        if self.field == "hull":
            grey = shown.mean()
            image = grey + region * (image - grey)
        return self._stretched(image, shown[:: _PERCENTILE_STRIDE**2])

    def apply(self, pixels: np.ndarray, view: View = WHOLE_IMAGE) -> np.ndarray:
        """`squash`, `crop` and `finish`: float32 (H, W) in [0, 1] to the network's float32 (size, size)."""
        return self.finish(self.crop(self.squash(pixels), view), view)

    def _region(self, hull: np.ndarray, matrix: np.ndarray) -> np.ndarray:
        """The hull after a change of geometry: float32 (size, size), 1 inside, 0 outside, soft at the edge."""
        corners = (hull * self.size - 0.5) @ matrix[:, :2].T + matrix[:, 2]
        region = np.zeros((self.size, self.size), np.float32)
        cv2.fillConvexPoly(region, np.rint(corners * 2**_POLYGON_SHIFT).astype(np.int32), 1.0, shift=_POLYGON_SHIFT)
        return cv2.GaussianBlur(region, (0, 0), _EDGE * self.size)

    def _stretched(self, image: np.ndarray, sample: np.ndarray) -> np.ndarray:
        if self.low_percentile is None or self.high_percentile is None:
            return np.clip(image, 0.0, 1.0)
        low, high = np.percentile(sample, (self.low_percentile, self.high_percentile))
        # A constant image has no contrast to stretch; a span of one grey level in 8 bits is the least.
        span = max(float(high - low), 1 / 255)
        return np.clip((image - np.float32(low)) / np.float32(span), 0.0, 1.0)


@lru_cache(maxsize=256)
def _bilinear(length: int, size: int) -> "csr_array":
    """The matrix (size, length) that resizes a line of pixels with Pillow's bilinear filter.

    Pillow widens the filter when it shrinks, so nothing aliases. Of its filters the bilinear one comes closest to the
    training images, which were squashed and then compressed. As a sparse matrix it is faster than Pillow's own for
    floating point numbers, and gives the same to seven digits.
    """
    from scipy.sparse import csr_array  # only where it is needed: it takes longer to load than the rest

    scale = length / size
    reach = max(scale, 1.0)  # of the triangle to either side of its centre, in pixels
    centre = (np.arange(size)[:, None] + 0.5) * scale
    pixel = np.floor(centre - reach).astype(np.int32) + np.arange(int(2 * reach) + 2, dtype=np.int32)
    weight = np.maximum(0.0, 1.0 - np.abs(pixel + 0.5 - centre) / reach) * ((pixel >= 0) & (pixel < length))
    weight = (weight / weight.sum(axis=1, keepdims=True)).astype(np.float32)
    starts = np.arange(0, weight.size + 1, weight.shape[1])
    return csr_array((weight.ravel(), pixel.clip(0, length - 1).ravel(), starts), shape=(size, length))


def _hull(lungs: np.ndarray, margin: float) -> np.ndarray:
    """Corners of the convex hull of the lungs, widened by the margin, clipped to the image: float32 (N, 2)."""
    height, width = lungs.shape
    lines, _ = cv2.findContours(lungs.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    edge = np.concatenate(lines)[:, 0] + 0.5  # the centres of the outermost pixels
    around = np.linspace(0.0, 2 * np.pi, 16, endpoint=False)
    circle = margin * np.column_stack([np.cos(around), np.sin(around)])
    points = (edge / (width, height))[:, None] + circle
    return np.clip(cv2.convexHull(points.reshape(-1, 2).astype(np.float32))[:, 0], 0.0, 1.0)
