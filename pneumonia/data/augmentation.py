"""Augmentations by name: random changes that leave the lungs' findings alone, and make all else useless as a clue.

In the public children's set the classes differ in border, aspect ratio, markers, exposure and sharpness. Each
transformation of the strong augmentation takes one of those clues away. The simple ones, of earlier recipes, move
points and change no grey value; what comes in from outside the image repeats its edge. All work on one float32 (S, S)
image in [0, 1].
"""

from collections.abc import Callable
from functools import partial

import cv2
import numpy as np

from pneumonia.core.geometry import WHOLE, crop_matrix
from pneumonia.inference.input_transform import WHOLE_IMAGE, Preprocessing, View
from pneumonia.variants.spec import Augmentation

Transformation = Callable[[np.ndarray, np.random.Generator], np.ndarray]


def random_affine(
    size: int,
    rng: np.random.Generator,
    degrees: float,
    zoom_range: tuple[float, float],
    log_aspect: float,
    shear: float,
    shift: float,
) -> np.ndarray:
    """Draw a rotation, zoom, stretch, shear, mirroring and shift about the centre of a square image.

    Args:
        size: side of the image in pixels.
        rng: drawn from, uniformly within the ranges.
        degrees: most rotation either way.
        zoom_range: least and most enlargement.
        log_aspect: most logarithm of the stretch either way.
        shear: most shear either way.
        shift: most shift either way, as a share of the side.

    Returns:
        (2, 3), for `cv2.warpAffine`.
    """
    angle = np.deg2rad(rng.uniform(-degrees, degrees))
    zoom = np.exp(rng.uniform(*np.log(zoom_range)))
    aspect = np.exp(rng.uniform(-log_aspect, log_aspect))
    sheared = rng.uniform(-shear, shear)
    mirror = rng.choice((-1.0, 1.0))
    rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    linear = rotation @ np.array([[mirror * zoom * aspect, sheared], [0.0, zoom / aspect]])
    centre = np.full(2, (size - 1) / 2)
    return np.column_stack([linear, centre + rng.uniform(-shift, shift, 2) * size - linear @ centre])


def warp(image: np.ndarray, matrix: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Move every point by one matrix; what comes in from outside the image varies."""
    border = (cv2.BORDER_CONSTANT, cv2.BORDER_CONSTANT, cv2.BORDER_REFLECT_101, cv2.BORDER_REPLICATE)
    return cv2.warpAffine(
        image,
        matrix,
        image.shape,
        flags=cv2.INTER_LINEAR,
        borderMode=int(rng.choice(border)),
        borderValue=float(rng.choice((0.0, rng.uniform()))),
    )


def gamma(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Bend the exposure curve."""
    return np.power(image, np.float32(np.exp(rng.uniform(-0.6, 0.6))))


def contrast(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Scale the grey values about their mean and shift them, clipping as a narrow window would."""
    scale, shift = rng.uniform(0.6, 1.5), rng.uniform(-0.15, 0.15)
    mean = float(image.mean())
    return np.clip((image - np.float32(mean)) * np.float32(scale) + np.float32(mean + shift), 0.0, 1.0)


def local_equalisation(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Contrast-limited adaptive histogram equalisation, as many workstations apply it."""
    tiles = int(rng.integers(2, 9))
    equalise = cv2.createCLAHE(clipLimit=float(rng.uniform(1.0, 4.0)), tileGridSize=(tiles, tiles))
    return equalise.apply(_to_bytes(image)).astype(np.float32) / 255


def illumination(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Multiply by a smooth gradient, as an uneven detector or a rotated patient gives."""
    corners = np.exp(rng.uniform(-0.4, 0.4, (2, 2))).astype(np.float32)
    field = cv2.resize(corners, image.shape[::-1], interpolation=cv2.INTER_LINEAR)
    return np.clip(image * field, 0.0, 1.0)


def blur(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Gaussian blur."""
    return cv2.GaussianBlur(image, (0, 0), float(rng.uniform(0.4, 1.6)))


def sharpen(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Unsharp masking, as many detectors apply it."""
    smooth = cv2.GaussianBlur(image, (0, 0), float(rng.uniform(1.0, 3.0)))
    return np.clip(image + np.float32(rng.uniform(0.3, 1.2)) * (image - smooth), 0.0, 1.0)


def coarse(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Shrink and enlarge again: a small original."""
    size = image.shape[0]
    small = int(size * rng.uniform(0.45, 0.9))
    shrunk = cv2.resize(image, (small, small), interpolation=cv2.INTER_AREA)
    return cv2.resize(shrunk, (size, size), interpolation=cv2.INTER_LINEAR)


def noise(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Gaussian noise, sometimes grainy."""
    sigma = rng.uniform(0.01, 0.06)
    side = image.shape[0] // int(rng.integers(1, 3))
    grain = rng.standard_normal((side, side), dtype=np.float32) * np.float32(sigma)
    return np.clip(image + cv2.resize(grain, image.shape[::-1]), 0.0, 1.0)


def jpeg(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Compress as JPEG and decode."""
    return compress_jpeg(image, int(rng.integers(30, 95)))


def compress_jpeg(image: np.ndarray, quality: int) -> np.ndarray:
    """Compress as JPEG at a quality from 0 to 100, and decode: float32 (H, W) in [0, 1], before and after."""
    encoded = cv2.imencode(".jpg", _to_bytes(image), [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return np.asarray(cv2.imdecode(encoded, cv2.IMREAD_GRAYSCALE), np.float32) / 255


def collimate(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Cover strips along the edges with one grey value: collimation, letterboxing, or none to be found."""
    image = image.copy()
    size = image.shape[0]
    top, bottom, left, right = (rng.uniform(0, 0.14, 4) * rng.integers(0, 2, 4) * size).astype(int)
    value = np.float32(rng.choice((0.0, 0.0, 1.0, rng.uniform())))
    image[:top] = value
    image[size - bottom :] = value
    image[:, :left] = value
    image[:, size - right :] = value
    return image


def marker(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Write letters or lay plates somewhere near the edge."""
    size = image.shape[0]
    ink = np.zeros(image.shape, np.uint8)  # OpenCV draws text on bytes only
    for _ in range(int(rng.integers(1, 4))):
        along, across = rng.uniform(0.02, 0.9), rng.choice((rng.uniform(0.0, 0.18), rng.uniform(0.8, 0.96)))
        x, y = (int(size * value) for value in rng.permutation((along, across)))
        if rng.uniform() < 0.3:
            width, height = (int(side) for side in rng.uniform(0.02, 0.12, 2) * size)
            cv2.rectangle(ink, (x, y), (x + width, y + height), 1, cv2.FILLED)
        else:
            text = "".join(rng.choice(list("RLAPDSXI1234567890"), int(rng.integers(1, 4))))
            font = int(rng.choice((cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_DUPLEX, cv2.FONT_HERSHEY_COMPLEX)))
            cv2.putText(ink, text, (x, y), font, float(rng.uniform(0.3, 0.9)), 1, int(rng.integers(1, 3)))
    value = rng.choice((1.0, rng.uniform(0.6, 1.0), 0.0))
    return np.where(ink > 0, np.float32(value), image)


# Each with the share of images it is applied to, in this order: the body first, then the acquisition, then the file.
# All leave every point where it is.
PHOTOMETRIC: tuple[tuple[Transformation, float], ...] = (
    (gamma, 0.6),
    (local_equalisation, 0.25),
    (illumination, 0.3),
    (contrast, 0.4),
    (blur, 0.25),
    (sharpen, 0.2),
    (noise, 0.3),
    (collimate, 0.35),
    (marker, 0.35),
    (coarse, 0.15),
    (jpeg, 0.2),
)
# Share of images shown whole although their lungs are known: so are read those whose lungs are not found.
_WHOLE_SHARE = 0.1
# How far the hull of the lungs is drawn in or widened about its centre: no segmentation hits it exactly.
_HULL_ZOOM = (0.93, 1.1)


def augment(
    square: np.ndarray, view: View, preprocessing: Preprocessing, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Make a network's input from a radiograph, with a random choice of all transformations on the way.

    Args:
        square: float32 (S, S) in [0, 1], squashed; left as it is.
        view: what to show of it.
        preprocessing: of the network.
        rng: the same generator state gives the same result.

    Returns:
        float32 (S, S) in [0, 1], of the same class, and the change of geometry that brought the square to it, (2, 3).
    """
    if rng.uniform() < _WHOLE_SHARE:
        view = WHOLE_IMAGE
    # A part chosen by the lungs varies less in scale and place than the image as it came.
    zoom_range, shift = ((0.8, 1.35), 0.08) if view.box == WHOLE else ((0.85, 1.25), 0.06)
    size = preprocessing.size
    change = random_affine(size, rng, degrees=12, zoom_range=zoom_range, log_aspect=0.15, shear=0.1, shift=shift)
    matrix = compose_affine(change, crop_matrix(view.box, size))
    image = warp(square, matrix, rng)
    for transformation, share in PHOTOMETRIC:
        if rng.uniform() < share:
            image = transformation(image, rng)
    if view.hull is not None:
        centre = view.hull.mean(axis=0)
        view = view._replace(hull=centre + (view.hull - centre) * rng.uniform(*_HULL_ZOOM, 2))
    return preprocessing.finish(image, view, matrix), matrix


def compose_affine(outer: np.ndarray, inner: np.ndarray) -> np.ndarray:
    """Compose two affine changes, (2, 3), into the one that does `inner` and then `outer`."""
    return np.column_stack([outer[:, :2] @ inner[:, :2], outer[:, :2] @ inner[:, 2] + outer[:, 2]])


def _to_bytes(image: np.ndarray) -> np.ndarray:
    return np.rint(image * 255).astype(np.uint8)


def _move(
    square: np.ndarray, view: View, preprocessing: Preprocessing, rng: np.random.Generator, **most: float
) -> tuple[np.ndarray, np.ndarray]:
    """Make a network's input, with one random affine change of at most so much; it is mirrored in half the cases."""
    size = preprocessing.size
    change = random_affine(size, rng, zoom_range=(0.8, 1.2), log_aspect=0.0, **most)
    matrix = compose_affine(change, crop_matrix(view.box, size))
    image = cv2.warpAffine(square, matrix, square.shape, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return preprocessing.finish(image, view, matrix), matrix


def _leave(
    square: np.ndarray, view: View, preprocessing: Preprocessing, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Make a network's input as at inference."""
    return preprocessing.apply(square, view), crop_matrix(view.box, preprocessing.size)


_Augment = Callable[[np.ndarray, View, Preprocessing, np.random.Generator], tuple[np.ndarray, np.ndarray]]
# All take and give what `augment` does.
AUGMENTATIONS: dict[Augmentation, _Augment] = {
    "strong": augment,
    "zoom-shear-flip": partial(_move, degrees=0.0, shear=0.2, shift=0.0),
    "rotate-zoom-shift-flip": partial(_move, degrees=15.0, shear=0.0, shift=0.1),
    "none": _leave,
}
