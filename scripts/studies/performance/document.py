"""The document of the performance, written from figures, so that no number is typed by hand."""

from collections.abc import Callable
from functools import partial
from typing import Any

from pneumonia.utils.markdown import command_block, table
from scripts.studies.documents import measured_spread, opening, section
from scripts.studies.performance.versions import ANSWERS, PROGRAMS
from scripts.studies.timing import spread

_OPENING = opening(
    "Performance",
    "performance",
    "All figures are of one machine and one run; ratios carry over to others better than milliseconds. What is "
    "compared was timed in turn, and each ratio is the median of the rounds, with the least and the greatest in "
    "brackets.",
)
_DESCRIPTIONS = {
    "bare, 1 thread": "decoding with Pillow and the two LiteRT forward passes (classifier, lung fields), one thread",
    "bare, 2 threads": "the same on two threads",
    "usual recipe": "Keras `model.predict`, then Grad-CAM with a `GradientTape` as in the example on keras.io",
    "tf-keras-vis": "Keras `model.predict`, then `Gradcam` of tf-keras-vis",
    "xplique": "Keras `model.predict`, then `GradCAM` of xplique",
}
_LEAN = ", lean"
_LEAST_SPEED = {"native": 100, "small": 80}
_LEAST_FRAMES = 30
_ANSWER = "file chosen to answer drawn, in a browser, milliseconds"
_OVERLAYS = "overlays of a folder as files, images a second"
# The version before has no other way for programs than `/read`; every row says that two ways are compared.
_WAYS = "(`/read` before, `/reading` now)"
_AT_ONCE = f"{PROGRAMS} programs at once {_WAYS}, readings a second"
_WITHIN = f"{PROGRAMS} programs at once {_WAYS}, 95 of 100 answers within, seconds"
_READ = "one reading by the event `/read`, with its pictures, milliseconds"
_READING = "one reading as JSON alone (`/reading`), milliseconds"
# Of a round of one version: what it comes to, and whether more is better.
_VERSIONS: dict[str, tuple[Callable[[dict[str, Any]], float], bool]] = {
    "one reading, milliseconds": (lambda of: 1000 * of["reading"]["seconds"], False),
    "one reading, milliseconds of the processors": (lambda of: 1000 * of["reading"]["processor"], False),
    "a folder, images a second": (lambda of: 1 / of["folder"]["seconds"], True),
    "a folder, milliseconds of the processors an image": (lambda of: 1000 * of["folder"]["processor"], False),
    _OVERLAYS: (lambda of: 1 / of["overlays"]["seconds"], True),
    "overlays, milliseconds of the processors an image": (lambda of: 1000 * of["overlays"]["processor"], False),
    _ANSWER: (lambda of: 1000 * of["person"]["seconds"], False),
    f"one reading for a program {_WAYS}, milliseconds": (lambda of: 1000 * of["programs"]["seconds"], False),
    _AT_ONCE: (lambda of: of["programs"]["per_second"], True),
    _WITHIN: (lambda of: of["programs"]["p95"], False),
}
_spread = partial(measured_spread, form="{:.3g}".format)


def render(figures: dict[str, Any]) -> str:
    """The whole of docs/performance.md.

    Args:
        figures: what `measure` gave.
    """
    parts = [_OPENING, _goals(figures), _reading(figures), _folders(figures), _start(figures), _limit(figures)]
    if versions := figures.get("versions"):
        parts.insert(2, _beside(versions, figures["start"]["read_milliseconds"]))
    return "\n".join(parts)


def goals(figures: dict[str, Any]) -> list[tuple[str, str, str, bool]]:
    """Rows of the goals: what, measured, goal, and whether it was reached. Peers only where they were compared."""
    reading, start = figures["reading"], figures["start"]
    rows = []
    for peer, least in (("usual recipe", 10), ("tf-keras-vis", 3), ("xplique", 3)):
        if ratio := reading["ratio_to_ours"].get(peer):
            what = f"one reading, times faster than with {'the ' * (peer == 'usual recipe')}{peer}"
            rows.append((what, measured_spread(ratio), f"at least {least}", ratio["median"] >= least))
    # The faster of the bare ways is the harder to come close to.
    bare = max(figures["bare"]["ours_to_bare"].values(), key=lambda ratio: ratio["median"])
    rows.append(
        ("one reading, over the bare passes and decoding", measured_spread(bare), "at most 1.3", bare["median"] <= 1.3)
    )
    three = figures["compare"]["ratio"]
    rows.append(
        ("three variants on one image, over one", measured_spread(three), "at most 2.5", three["median"] <= 2.5)
    )
    for name, folder in figures["folders"].items():
        speed = folder["images_per_second"]
        what, least = f"a folder of {folder['images']} images, {_size(name)}, images a second", _LEAST_SPEED[name]
        rows.append((what, f"{speed:.0f}", f"at least {least}", speed >= least))
    for key, what, most in (("import_seconds", "`import pneumonia`", 0.5), ("page_seconds", "page up", 5)):
        median = start[key]["median"]
        rows.append((f"{what}, seconds", f"{median:.2f}", f"at most {most}", median <= most))
    for key, what in (("read_milliseconds", _READ), ("json_milliseconds", _READING)):
        median = start[key]["median"]
        rows.append((what, f"{median:.0f}", "at most 80", median <= 80))
    if versions := figures.get("versions"):
        now = {what: _spread_of(versions["now"], value) for what, (value, _) in _VERSIONS.items()}
        for what, least in ((_OVERLAYS, 40), (_AT_ONCE, 12)):
            rows.append((what, measured_spread(now[what]), f"at least {least}", now[what]["median"] >= least))
        for what, most in ((_ANSWER, 300), (_WITHIN, 2)):
            rows.append((what, measured_spread(now[what]), f"at most {most}", now[what]["median"] <= most))
        frames = _spread_of(versions["now"], lambda of: of["person"]["frames_per_second"])
        what = "frames a second while the picture is dragged"
        rows.append((what, _spread(frames), f"at least {_LEAST_FRAMES}", frames["median"] >= _LEAST_FRAMES))
    if (memory := start["server_megabytes_after"]) is not None:
        what = f"resident memory of the server after {start['readings']} readings, MB"
        rows.append((what, f"{memory:.0f}", "under 500", memory < 500))
    return rows


def _goals(figures: dict[str, Any]) -> str:
    rows = [[what, measured, goal, "yes" if reached else "**no**"] for what, measured, goal, reached in goals(figures)]
    machine = figures["machine"]
    versions = ", ".join(f"{name} {number}" for name, number in machine["versions"].items())
    return section(
        "At a glance",
        f"{machine['processor']}, {machine['cores']} cores; {versions}. Variant `{figures['variant']}`.",
        table(["what", "measured", "goal", "reached"], rows),
        command_block(figures["command"]),
    )


def _beside(versions: dict[str, Any], read: dict[str, float]) -> str:
    rows = []
    for what, (value, more_is_better) in _VERSIONS.items():
        before, now = (_spread_of(versions[name], value) for name in ("before", "now"))
        pairs = zip(versions["before"], versions["now"], strict=True)
        ratio = spread(value(n) / value(b) if more_is_better else value(b) / value(n) for b, n in pairs)
        rows.append([what, _spread(before), _spread(now), measured_spread(ratio)])
    return section(
        "Beside the version before",
        f"Both versions in turn, {versions['rounds']} rounds in this run, on the same files. Milliseconds of the "
        "processors count what both cores did and depend little on what else the machine does. A program asks the "
        "version before by the event `/read`, which draws two pictures, and this one by `/reading`, which draws none; "
        f"by `/read` one reading of this version takes {read['median']:.0f} milliseconds, timed apart (below). "
        "Overlays are written by the command, whose start, with the first of the images, is taken off. In a "
        f"browser (headless Chromium, on the same two cores) {ANSWERS} files are chosen one after the other, each "
        "timed until its answer and its picture are drawn, and of each round the median is taken; while the picture "
        f"was dragged for three seconds, {_dragged([of['person'] for of in versions['now']])}.",
        table(["what", "before", "now", "times better"], rows),
    )


def _dragged(people: list[dict[str, Any]]) -> str:
    """What the frames of all rounds were while the picture was dragged; older figures lack the list of them."""
    slowest = max(of["slowest_frame"] for of in people)
    said = f"the slowest frame took {1000 * slowest:.0f} milliseconds"
    if not all("frames" in of for of in people):
        return said
    frames = [seconds for of in people for seconds in of["frames"]]
    within = sum(seconds <= 1 / _LEAST_FRAMES for seconds in frames) / len(frames)
    return f"{within:.1%} of {len(frames)} frames took at most 1/{_LEAST_FRAMES} of a second, and {said}"


def _spread_of(rounds: list[dict[str, Any]], value: Callable[[dict[str, Any]], float]) -> dict[str, float]:
    return spread(map(value, rounds))


def _reading(figures: dict[str, Any]) -> str:
    reading, bare, image = figures["reading"], figures["bare"], figures["image"]

    def rows(time: dict[str, Any], ratio: dict[str, Any]) -> list[list[str]]:
        ours = ["this project: file to finding, checks and heatmap", _spread(time["ours"]), "1"]
        return [ours, *([_description(name), _spread(time[name]), measured_spread(ratio[name])] for name in ratio)]

    kind = "a synthetic example, enlarged" if image["synthetic"] else "a radiograph"
    parts = [
        f"One JPEG of {image['width']} by {image['height']} pixels and {image['bytes'] / 1000:.0f} kB ({kind}), "
        f"{reading['rounds']} rounds. Beside the bare passes it is timed before tensorflow is loaded, whose threads "
        "take time from whatever follows them.",
        table(["way", "milliseconds", "our time over it"], rows(bare["milliseconds"], bare["ours_to_bare"])),
        table(["way", "milliseconds", "its time over ours"], rows(reading["milliseconds"], reading["ratio_to_ours"])),
    ]
    if agreement := reading["agreement"]:
        logit = max(values["logit"] for values in agreement.values())
        shape = max(values["map"] for values in agreement.values())
        parts.append(
            "The other ways use the same Keras model, the same layer and score, and this project's decoding. Their "
            f"logits differ by at most {logit:.1g} from ours, and their maps by at most {shape:.1g} of the map's "
            "highest value, once each map is divided by its own and the negative part, which they drop, is dropped; "
            "xplique's is compared on the grid to which it enlarges. The model for the gradient is built once, which "
            "the example on keras.io does for every image."
        )
    return section("One radiograph", *parts)


def _description(name: str) -> str:
    if name.endswith(_LEAN):
        return _DESCRIPTIONS[name.removesuffix(_LEAN)].replace("`model.predict`", "`model.predict_on_batch`")
    return _DESCRIPTIONS[name]


def _folders(figures: dict[str, Any]) -> str:
    rows = [
        [
            _size(name),
            f"{folder['images']}",
            f"{folder['images_per_second']:.1f}",
            _megabytes(folder["megabytes_before"]),
            _megabytes(folder["megabytes_after"]),
        ]
        for name, folder in figures["folders"].items()
    ]
    repeated = min(folder["files"] for folder in figures["folders"].values())
    of = figures["image_of_a_folder"]
    rest = of["one core"] - of["decoding"] - of["networks"] - of["judging"]
    return section(
        "A folder",
        f"`Predictor.predict_many`, with {repeated} different files, read again and again. Memory is what the process "
        "keeps resident, with all three variants loaded.",
        table(["images", "number", "images a second", "MB before", "MB after"], rows),
        f"What holds the cores: on one of them an image of native size takes {of['one core']:.1f} milliseconds in the "
        f"mean. The two networks take {of['networks']:.1f} of these, decoding with Pillow {of['decoding']:.1f}, "
        f"judging the picture {of['judging']:.1f}, and {rest:.1f} all else: resizing, lungs, chest, population and "
        f"calibration. On all cores it takes {of['all cores']:.1f}." + _busy(figures),
    )


def _busy(figures: dict[str, Any]) -> str:
    """How much of the time the cores work while a folder is read, from the runs beside the version before."""
    if "versions" not in figures:
        return ""
    shares = [of["folder"]["processor"] / of["folder"]["seconds"] for of in figures["versions"]["now"]]
    busy = spread(share / figures["machine"]["cores"] for share in shares)
    return (
        f" In the runs beside the version before the cores were busy for {busy['median']:.0%} of the time. That "
        "Python's lock kept them idle for no more than the rest is inferred from this; the waits for the lock were "
        "not measured."
    )


def _start(figures: dict[str, Any]) -> str:
    start, compare = figures["start"], figures["compare"]
    rows = [
        ["`import pneumonia` in a fresh process, seconds", _spread(start["import_seconds"])],
        ["`python app.py` to the first answer with HTTP status 200, seconds", _spread(start["page_seconds"])],
        [_READ, _spread(start["read_milliseconds"])],
        [_READING, _spread(start["json_milliseconds"])],
        [
            "three variants by the event `/compare`, decoded once, over one `/read`",
            measured_spread(start["compare_to_read"]),
        ],
        ["three variants in the library, decoded once, over one", measured_spread(compare["ratio"])],
        ["memory of the server before the readings, MB", _megabytes(start["server_megabytes_before"])],
        [f"memory of the server after {start['readings']} readings, MB", _megabytes(start["server_megabytes_after"])],
    ]
    return section("Start, comparison and memory", table(["what", "measured"], rows))


def _limit(figures: dict[str, Any]) -> str:
    limit, time = figures["limit"], figures["bare"]["milliseconds"]
    classifier, lungs = (limit["multiply_adds"][network] for network in ("classifier", "lung fields"))
    rows = []
    for threads, peak in limit["peak_per_second"].items():
        bare = time[f"bare, {threads} thread{'s' * (threads != '1')}"]
        rows.append([threads, f"{peak / 1e9:.0f}", f"{1000 * classifier / peak:.2f}", _spread(bare)])
    return section(
        "The physical limit",
        f"Multiply-adds of one reading: classifier {classifier / 1e6:.0f} million, in float32, lung fields "
        f"{lungs / 1e6:.0f} million, mostly in 8 bits. The peak is that of a float32 matrix product in NumPy on "
        "this machine; no network of this kind reaches it, because its layers move more data for each product.",
        table(
            [
                "threads",
                "peak, G multiply-adds a second",
                "limit of the classifier, ms",
                "bare passes and decoding, milliseconds",
            ],
            rows,
        ),
    )


def _size(name: str) -> str:
    return {"native": "native size", "small": "the size of the network's input"}[name]


def _megabytes(value: float | None) -> str:
    return "not known on this system" if value is None else f"{value:.0f}"
