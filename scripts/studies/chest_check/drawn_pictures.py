"""Pictures that are no radiographs of a chest, drawn by code: to judge what refuses them, never to fit it.

Each maker draws one picture from a random generator: uint8 (H, W), grey, because colour is refused elsewhere.
"""

import itertools
import string
from collections.abc import Callable

import cv2
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image, ImageDraw, ImageFont

Maker = Callable[[np.random.Generator], np.ndarray]


def _size(rng: np.random.Generator) -> tuple[int, int]:
    height, width = rng.integers(240, 640, 2)
    return int(height), int(width)


def _to_bytes(image: np.ndarray) -> np.ndarray:
    """Any range of values to all of 0 to 255."""
    low, high = image.min(), image.max()
    return np.rint((image - low) / (high - low) * 255).astype(np.uint8)


def _axes(height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """y and x of every pixel, from -1 to 1."""
    return tuple(np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j].astype(np.float32))


def _noise(rng: np.random.Generator) -> np.ndarray:
    """White noise, or noise whose power falls with some power of the frequency: from static to clouds."""
    height, width = _size(rng)
    frequencies = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None])
    frequencies[0, 0] = 1.0
    spectrum = np.fft.rfft2(rng.standard_normal((height, width))) / frequencies ** rng.choice((0.0, 0.5, 1.0, 1.5, 2.0))
    return _to_bytes(np.fft.irfft2(spectrum, (height, width)))


def _texture(rng: np.random.Generator) -> np.ndarray:
    """Cells about random points, crossing waves, wood, or a weave."""
    height, width = _size(rng)
    y, x = _axes(height, width)
    kind = rng.integers(4)
    if kind == 0:
        points = rng.uniform(-1, 1, (int(rng.integers(8, 60)), 2))
        image = np.sort([np.hypot(y - a, x - b) for a, b in points], axis=0)[: int(rng.integers(1, 3))].sum(axis=0)
    elif kind == 1:
        waves = (np.sin(rng.uniform(2, 30) * (x * np.cos(a) + y * np.sin(a))) for a in rng.uniform(0, np.pi, 3))
        image = sum(waves)
    elif kind == 2:
        rings = np.hypot(x - rng.uniform(-2, 2), 0.3 * y) * rng.uniform(20, 60)
        image = np.sin(rings + 0.5 * np.sin(9 * y)) + rng.normal(0, 0.2, x.shape)
    else:
        across, along = np.sin(x * rng.uniform(20, 90)), np.sin(y * rng.uniform(20, 90))
        image = np.maximum(across, along) + rng.normal(0, 0.1, x.shape)
    return _to_bytes(image)


def _chart(rng: np.random.Generator) -> np.ndarray:
    """A plot of lines, bars, points, an area of colours, or a pie."""
    figure = Figure(figsize=tuple(rng.uniform(3, 7, 2)), dpi=90, facecolor=rng.choice(("white", "black", "0.85")))
    canvas, axes = FigureCanvasAgg(figure), figure.add_subplot()
    values = np.abs(rng.normal(1, 0.5, 12).cumsum())
    kind = rng.integers(5)
    if kind == 0:
        axes.plot(values, linewidth=rng.uniform(1, 5))
        axes.plot(values[::-1])
    elif kind == 1:
        axes.bar(range(12), values, color="0.4")
    elif kind == 2:
        axes.scatter(*rng.normal(size=(2, 200)), c=rng.uniform(size=200), cmap="gray", s=rng.uniform(5, 80))
    elif kind == 3:
        axes.imshow(rng.uniform(size=(8, 9)), cmap="gray", aspect="auto")
    else:
        axes.pie(values)
    axes.set_title("Figures of the year")
    canvas.draw()
    return _grey(np.asarray(canvas.buffer_rgba()))


def _grey(image: np.ndarray) -> np.ndarray:
    return cv2.cvtColor(np.ascontiguousarray(image[..., :3]), cv2.COLOR_RGB2GRAY)


def _words(rng: np.random.Generator, count: int) -> str:
    letters = list(string.ascii_lowercase)
    return " ".join("".join(rng.choice(letters, int(rng.integers(2, 11)))) for _ in range(count))


def _page(rng: np.random.Generator) -> np.ndarray:
    """Lines of text, dark on light or light on dark, with a slight tilt."""
    height, width = _size(rng)
    dark = rng.uniform() < 0.3
    page = Image.new("L", (width, height), 25 if dark else 240)
    pen, size = ImageDraw.Draw(page), int(rng.integers(10, 40))
    font = ImageFont.load_default(size)
    for top in range(12, height - size, int(1.5 * size)):
        pen.text((int(rng.integers(10, 40)), top), _words(rng, 12), 220 if dark else int(rng.integers(0, 90)), font)
    return np.asarray(page.rotate(rng.uniform(-4, 4), Image.Resampling.BILINEAR, fillcolor=25 if dark else 240))


def _screenshot(rng: np.random.Generator) -> np.ndarray:
    """Windows with title bars, buttons, text and pictures on a desktop."""
    width, height = int(rng.integers(480, 1100)), int(rng.integers(360, 700))
    y, x = _axes(height, width)
    screen = Image.fromarray(_to_bytes(x * rng.uniform(-1, 1) + y * rng.uniform(-1, 1) + 0.01))
    pen, font = ImageDraw.Draw(screen), ImageFont.load_default(14)
    for _ in range(int(rng.integers(1, 4))):
        left, top = int(rng.integers(0, width // 2)), int(rng.integers(0, height // 2))
        right, bottom = left + int(rng.integers(width // 4, width)), top + int(rng.integers(height // 4, height))
        face = int(rng.choice((20, 45, 235, 250)))
        ink = 255 - face
        pen.rectangle((left, top, right, bottom), face, outline=128)
        pen.rectangle((left, top, right, top + 24), int(rng.integers(60, 200)))
        pen.text((left + 8, top + 4), _words(rng, 2), 255, font)
        for line in range(top + 36, min(bottom, height) - 20, 22):
            pen.text((left + 12, line), _words(rng, int(rng.integers(1, 9))), ink, font)
        for _ in range(int(rng.integers(1, 5))):
            a, b = int(rng.integers(left, right)), int(rng.integers(top, bottom))
            pen.rounded_rectangle((a, b, a + 90, b + 30), 6, int(rng.integers(80, 200)))
    return np.asarray(screen)


def _drawing(rng: np.random.Generator) -> np.ndarray:
    """Filled shapes on a ground, half of them with a mirrored twin, so that faces, butterflies and blots come up."""
    height, width = _size(rng)
    image = np.full((height, width), int(rng.integers(0, 256)), np.uint8)
    mirrored = rng.uniform() < 0.5
    for _ in range(int(rng.integers(3, 14))):
        grey = int(rng.integers(0, 256))
        centre = np.array([rng.integers(0, width), rng.integers(0, height)])
        if rng.uniform() < 0.5:
            axes = tuple(int(a) for a in rng.integers(8, max(height, width) // 4, 2))
            cv2.ellipse(image, [int(c) for c in centre], axes, float(rng.uniform(0, 180)), 0, 360, grey, cv2.FILLED)
        else:
            corners = centre + rng.integers(-width // 4, width // 4, (int(rng.integers(3, 7)), 2))
            cv2.fillPoly(image, [corners.astype(np.int32)], grey)
    if mirrored:
        image = np.hstack([image[:, : width // 2], image[:, : width // 2][:, ::-1]])
    # A scan of a drawing has some grain, and more grey levels than the shapes alone.
    grain = rng.normal(0, 3, image.shape)
    return np.clip(cv2.GaussianBlur(image, (0, 0), 1.0) + grain, 0, 255).astype(np.uint8)


def _bones(rng: np.random.Generator) -> np.ndarray:
    """Like a radiograph of a limb or a hand: bright tubes with a darker core, joined end to end, in soft tissue."""
    height, width = int(rng.integers(320, 640)), int(rng.integers(240, 480))
    soft, bone = np.zeros((height, width), np.float32), np.zeros((height, width), np.float32)
    rays = int(rng.choice((1, 2, 5)))
    for ray in range(rays):
        x = width * (ray + 1) / (rays + 1)
        lean = (ray - (rays - 1) / 2) * rng.uniform(0.0, 0.12) * width
        thick = width / (rays + 1) * rng.uniform(0.18, 0.3)
        ends = np.linspace(0.08 * height, 0.95 * height, int(rng.integers(3, 6)))
        for top, bottom in itertools.pairwise(ends):
            points = [(int(x + lean * (1 - 2 * t / height)), int(t)) for t in (top + 0.6 * thick, bottom - 0.6 * thick)]
            cv2.line(soft, *points, 1.0, int(4 * thick))
            cv2.line(bone, *points, 1.0, int(1.3 * thick))
            cv2.line(bone, *points, 0.6, max(int(0.6 * thick), 1))
            for point in points:
                cv2.circle(bone, point, int(0.9 * thick), 0.9, cv2.FILLED)
    soft, bone = (cv2.GaussianBlur(part, (0, 0), s) for part, s in ((soft, 12), (bone, 2)))
    image = 0.05 + 0.35 * soft + 0.5 * bone + rng.normal(0, 0.012, soft.shape)
    return np.rint(np.clip(image, 0, 1) * 255).astype(np.uint8)


def _skull(rng: np.random.Generator) -> np.ndarray:
    """Like a frontal radiograph of a skull: a bright rim, orbits and a nose, two dark and round fields side by side."""
    height, width = int(rng.integers(300, 560)), int(rng.integers(300, 520))
    y, x = _axes(height, width)
    wide, tall = rng.uniform(0.55, 0.75), rng.uniform(0.75, 0.95)
    shape = (x / wide) ** 2 + (y / tall) ** 2
    image = 0.05 + 0.4 * (shape < 1) + 0.35 * ((shape < 1) & (shape > 0.85))
    for side in (-1, 1):
        orbit = ((x - side * 0.45 * wide) / (0.28 * wide)) ** 2 + ((y - rng.uniform(0, 0.1)) / 0.16) ** 2
        image -= 0.25 * (orbit < 1)
    image -= 0.2 * ((np.abs(x) < 0.12 * wide) & (y > 0.15) & (y < 0.45))
    image += 0.3 * ((np.abs(x) < 0.5 * wide) & (y > 0.5) & (y < 0.7) & (np.sin(40 * x) > -0.3))
    image = cv2.GaussianBlur(image.astype(np.float32), (0, 0), 4) + rng.normal(0, 0.015, image.shape)
    return np.rint(np.clip(image, 0, 1) * 255).astype(np.uint8)


def _pelvis(rng: np.random.Generator) -> np.ndarray:
    """Like a radiograph of an abdomen and pelvis: a spine, two wings, two hips, and gas."""
    height, width = int(rng.integers(300, 560)), int(rng.integers(300, 520))
    y, x = _axes(height, width)
    image = 0.35 + 0.15 * np.exp(-((x / 0.7) ** 2)) * (np.abs(x) < 0.9)
    image += 0.3 * ((np.abs(x) < 0.1) & (y < 0.3) & (np.sin(y * rng.uniform(18, 30)) > -0.6))
    for side in (-1, 1):
        wing = ((x - side * 0.48) / 0.3) ** 2 + ((y - 0.25) / 0.28) ** 2
        image += 0.2 * (wing < 1) + 0.15 * ((wing < 1) & (wing > 0.75))
        image += 0.3 * (np.hypot(x - side * 0.6, y - 0.7) < 0.12)
        image += 0.25 * ((np.abs(x - side * 0.66) < 0.08) & (y > 0.75))
    for _ in range(int(rng.integers(3, 9))):
        a, b = rng.uniform(-0.6, 0.6), rng.uniform(-0.9, 0.1)
        image -= rng.uniform(0.08, 0.2) * (((x - a) / rng.uniform(0.08, 0.25)) ** 2 + ((y - b) / 0.1) ** 2 < 1)
    image = cv2.GaussianBlur(image.astype(np.float32), (0, 0), 4) + rng.normal(0, 0.015, image.shape)
    return np.rint(np.clip(image, 0, 1) * 255).astype(np.uint8)


def _slice(rng: np.random.Generator) -> np.ndarray:
    """Like a computed tomogram: an oval body with a spine and some organs, half of the time with two dark lungs."""
    side = int(rng.integers(256, 512))
    y, x = _axes(side, side)
    wide, tall = rng.uniform(0.7, 0.9), rng.uniform(0.5, 0.7)
    image = 0.5 * ((x / wide) ** 2 + (y / tall) ** 2 < 1).astype(np.float32)
    with_lungs = rng.uniform() < 0.5
    for side_of in (-1, 1):
        a, b = side_of * 0.5 * wide, rng.uniform(-0.1, 0.1)
        organ = ((x - a) / (0.33 * wide)) ** 2 + ((y - b) / (0.65 * tall)) ** 2 < 1
        image = np.where(organ, 0.05 if with_lungs else rng.uniform(0.4, 0.65), image)
    image = np.where(np.hypot(x, y - 0.65 * tall) < 0.12, 0.95, image)
    for _ in range(6):
        a, b, r = rng.uniform(-0.3, 0.3), rng.uniform(-0.3, 0.2), rng.uniform(0.03, 0.12)
        image = np.where(np.hypot(x - a, y - b) < r, rng.uniform(0.4, 0.7), image)
    image = cv2.GaussianBlur(image.astype(np.float32), (0, 0), 1.5) + rng.normal(0, 0.02, image.shape)
    return np.rint(np.clip(image, 0, 1) * 255).astype(np.uint8)


def _fractal(rng: np.random.Generator) -> np.ndarray:
    """A Julia set, by how soon each point escapes."""
    height, width = _size(rng)
    y, x = _axes(height, width)
    point = 1.5 * (x + 1j * y)
    constant = 0.7885 * np.exp(1j * rng.uniform(0, 2 * np.pi))
    steps = np.zeros(point.shape)
    for _ in range(60):
        near = np.abs(point) < 2
        point[near] = point[near] ** 2 + constant
        steps += near
    return _to_bytes(np.log1p(steps) + 0.01 * x)


def _code(rng: np.random.Generator) -> np.ndarray:
    """A matrix code or a bar code, photographed unsharp and tilted."""
    side = int(rng.integers(260, 600))
    cells = rng.integers(0, 2, (int(rng.integers(15, 40)),) * 2)
    if rng.uniform() < 0.4:
        cells[:] = cells[0]
    image = cv2.resize(cells.astype(np.float32), (side, side), interpolation=cv2.INTER_NEAREST)
    matrix = cv2.getRotationMatrix2D((side / 2, side / 2), rng.uniform(-15, 15), 0.8)
    image = cv2.warpAffine(image, matrix, (side, side), borderValue=float(rng.uniform(0.5, 1)))
    return _to_bytes(cv2.GaussianBlur(image, (0, 0), 1.5) + rng.normal(0, 0.02, image.shape))


def _spectrogram(rng: np.random.Generator) -> np.ndarray:
    """Sound over time: harmonics that rise and fall."""
    height, width = _size(rng)
    y, x = _axes(height, width)
    pitch = rng.uniform(0.1, 0.3) * (1 + 0.3 * np.sin(rng.uniform(2, 8) * x + rng.uniform(0, 6)))
    image = sum(np.exp(-(((1 - y - n * pitch) / 0.015) ** 2)) / n for n in range(1, 8))
    return _to_bytes(image * (np.sin(rng.uniform(3, 9) * x) > -0.5) + rng.gamma(1.0, 0.08, image.shape))


def _jaw(rng: np.random.Generator) -> np.ndarray:
    """Like a panoramic radiograph of the teeth: two rows of bright pegs along a curve."""
    height, width = int(rng.integers(260, 360)), int(rng.integers(480, 720))
    y, x = _axes(height, width)
    bend = rng.uniform(0.2, 0.5) * x**2
    image = 0.15 + 0.3 * np.exp(-(((y + bend) / 0.6) ** 2))
    teeth = np.sin(x * rng.uniform(40, 60)) > -0.4
    image += 0.4 * (teeth & (np.abs(y + bend) < 0.35) & (np.abs(y + bend) > 0.03) & (np.abs(x) < 0.7))
    image = cv2.GaussianBlur(image.astype(np.float32), (0, 0), 3) + rng.normal(0, 0.015, image.shape)
    return np.rint(np.clip(image, 0, 1) * 255).astype(np.uint8)


def _breast(rng: np.random.Generator) -> np.ndarray:
    """Like a mammogram: a bright half round with strands, against black; at times both sides in one picture."""
    height, width = int(rng.integers(380, 640)), int(rng.integers(260, 420))
    y, x = _axes(height, width)
    reach = (x + 1) / rng.uniform(1.0, 1.6)
    inside = reach**2 + (y / rng.uniform(0.7, 0.95)) ** 2 < 1
    grain = cv2.GaussianBlur(rng.standard_normal((height, width)).astype(np.float32), (0, 0), 9)
    image = 0.03 + inside * (0.35 + 0.25 * (1 - reach) + 1.5 * np.abs(grain))
    if rng.uniform() < 0.4:
        image = np.hstack([image[:, ::-1], image])
    image = cv2.GaussianBlur(image.astype(np.float32), (0, 0), 2)
    return np.rint(np.clip(image, 0, 1) * 255).astype(np.uint8)


def _contours(rng: np.random.Generator) -> np.ndarray:
    """A map of heights, as lines or as shades."""
    height, width = _size(rng)
    coarse = rng.uniform(0, 1, (int(rng.integers(4, 10)),) * 2).astype(np.float32)
    ground = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    steps = ground * rng.uniform(8, 25)
    lines = np.abs(steps - np.rint(steps)) < 0.08
    image = np.where(lines, 0.1, ground if rng.uniform() < 0.5 else 0.95)
    return _to_bytes(cv2.GaussianBlur(image.astype(np.float32), (0, 0), 1) + rng.normal(0, 0.01, image.shape))


def _vignette(rng: np.random.Generator) -> np.ndarray:
    """A smooth gradient with bright or dark edges and some grain: an exposure of nothing."""
    height, width = _size(rng)
    y, x = _axes(height, width)
    image = rng.uniform(-1, 1) * np.hypot(x, y) + rng.uniform(-0.5, 0.5) * x + rng.uniform(-0.5, 0.5) * y
    return _to_bytes(image + rng.normal(0, 0.02, image.shape))


def _circuit(rng: np.random.Generator) -> np.ndarray:
    """Tracks that bend at right angles, and their ends."""
    side = int(rng.integers(280, 600))
    dark = rng.uniform() < 0.5
    image = np.full((side, side), 30 if dark else 225, np.uint8)
    for _ in range(int(rng.integers(15, 50))):
        point = rng.integers(0, side, 2)
        for turn in range(int(rng.integers(2, 6))):
            following = point.copy()
            following[turn % 2] = rng.integers(0, side)
            cv2.line(image, point.tolist(), following.tolist(), 200 if dark else 60, int(rng.integers(1, 6)))
            point = following
        cv2.circle(image, point.tolist(), 7, 240 if dark else 20, cv2.FILLED)
    return np.clip(image + rng.normal(0, 4, image.shape), 0, 255).astype(np.uint8)


def _sky(rng: np.random.Generator) -> np.ndarray:
    """Stars of all sizes and a galaxy."""
    height, width = _size(rng)
    y, x = _axes(height, width)
    image = np.zeros((height, width), np.float32)
    for size in (0.6, 1.2, 3.0):
        points = (rng.uniform(size=image.shape) < 0.002 / size**2).astype(np.float32)
        image += size**2 * cv2.GaussianBlur(points * rng.gamma(1.0, 1.0, image.shape).astype(np.float32), (0, 0), size)
    a, b = rng.uniform(-0.5, 0.5, 2)
    image += 0.5 * np.exp(-np.hypot((x - a) * 3, (y - b) * rng.uniform(3, 12)) * 2)
    return _to_bytes(np.minimum(image, 1) + rng.gamma(1.0, 0.02, image.shape))


def _face(rng: np.random.Generator) -> np.ndarray:
    """A cartoon of a face: an oval, two eyes, a mouth, hair."""
    height, width = _size(rng)
    y, x = _axes(height, width)
    skin, eye, hair, ground = rng.uniform(0, 1, 4)
    image = np.where((x / 0.6) ** 2 + (y / 0.8) ** 2 < 1, skin, ground)
    image = np.where(((x / 0.65) ** 2 + (y / 0.85) ** 2 < 1) & (y < -0.45 + 0.1 * np.sin(12 * x)), hair, image)
    for side in (-1, 1):
        image = np.where(((x - side * 0.25) / 0.12) ** 2 + ((y + 0.15) / 0.08) ** 2 < 1, eye, image)
    mouth = np.abs(y - 0.4 + rng.uniform(-0.5, 0.8) * x**2) < 0.04
    image = np.where(mouth & (np.abs(x) < 0.3), eye, image)
    image = cv2.GaussianBlur(image.astype(np.float32), (0, 0), 1.5)
    return _to_bytes(image + rng.normal(0, 0.01, image.shape))


# By kind.
DRAWN: dict[str, Maker] = {
    "noise": _noise,
    "textures": _texture,
    "charts": _chart,
    "pages of text": _page,
    "screenshots": _screenshot,
    "drawings": _drawing,
    "drawn bones": _bones,
    "drawn skulls": _skull,
    "drawn pelves": _pelvis,
    "drawn tomograms": _slice,
    "fractals": _fractal,
    "printed codes": _code,
    "spectrograms": _spectrogram,
    "drawn jaws": _jaw,
    "drawn breasts": _breast,
    "contour maps": _contours,
    "smooth gradients": _vignette,
    "circuit plans": _circuit,
    "night skies": _sky,
    "drawn faces": _face,
}
# Kinds that nobody had looked at with the check before its parameters and limits were fixed.
LATER = ("contour maps", "smooth gradients", "circuit plans", "night skies", "drawn faces")
