"""Time the reading of a radiograph, of a folder, and the start of the page; with --peers, other ways beside it."""

import argparse
import itertools
import subprocess
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from gradio_client import Client, handle_file
from PIL import Image

from pneumonia.cli.arguments import positive
from pneumonia.cli.exit_codes import DONE, run_command
from pneumonia.cli.recorded_command import command_line
from pneumonia.core.operating_points import BALANCED
from pneumonia.errors import DataError, PneumoniaError
from pneumonia.imaging.decode import decode, decode_unjudged
from pneumonia.inference.lung_segmentation import LUNG_FIELDS_FOLDER, load_lung_fields
from pneumonia.inference.prediction import Prediction
from pneumonia.inference.predictor import Predictor, load_predictor
from pneumonia.inference.shared_analysis import SharedAnalysis
from pneumonia.utils.json_values import json_bytes
from pneumonia.utils.processes import cores
from pneumonia.variants.registry import DEFAULT, PUBLISHED
from pneumonia.weights.folder import KERAS_MODEL, SERVED_MODEL, WEIGHTS_FOLDER, read_bundle
from scripts import ROOT
from scripts.studies import timing
from scripts.studies.peer_packages import require_peers
from scripts.studies.performance.document import render
from scripts.studies.performance.versions import by_request, measure_versions
from scripts.tools.served_page import served_page

CORES = 2
# Most rounds of what takes seconds.
_STARTS = 5
# Native radiographs of the data set have about this width and height.
_NATIVE_SIZE = (1296, 944)
_EXAMPLES = ROOT / "demo" / "examples"
_IMPORT = "import time; began = time.perf_counter(); import pneumonia; print(time.perf_counter() - began)"
# How far logits, and maps as shares of their highest value, may lie apart to count as the same.
_TOLERANCE = 1e-3


def main() -> int:
    """Print the document, or the figures as JSON, and keep neither."""
    parser = argparse.ArgumentParser(prog="benchmark.py", description=__doc__)
    add_options(parser)
    parser.add_argument("--format", choices=("text", "json"), default="text")
    arguments = parser.parse_args()
    figures = {"command": command_line("benchmark.py", arguments), **measure(arguments)}
    print(json_bytes(figures).decode() if arguments.format == "json" else render(figures), end="")
    return DONE


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--peers", action="store_true", help="compare with tf-keras-vis, xplique and the usual recipe")
    parser.add_argument("--data", type=Path, help="folder with JPEGs of native size; synthetic examples if left out")
    parser.add_argument(
        "--before", type=Path, metavar="DIR", help="checkout of an earlier version, measured in turn with this one"
    )
    parser.add_argument("--rounds", type=positive, default=30, help="how often each thing is timed")
    parser.add_argument("--images", type=positive, default=500, help="images in the folder that is read")
    parser.add_argument("--readings", type=positive, default=100, help="readings of the server")


def measure(arguments: argparse.Namespace) -> dict[str, Any]:
    """Time everything on two cores.

    Raises:
        DataError: if there is nothing to read, or nothing to compare.
        PneumoniaError: if a library to compare with is not installed, or reads differently.
    """
    if arguments.peers:
        require_peers()
    timing.keep_to_cores(CORES)
    with tempfile.TemporaryDirectory() as folder:
        files = _jpegs(arguments.data) if arguments.data else _enlarged_examples(Path(folder))
        return _measured(files, Path(folder), arguments)


def _measured(files: list[Path], folder: Path, arguments: argparse.Namespace) -> dict[str, Any]:
    rounds = arguments.rounds
    predictors = {variant: load_predictor(variant) for variant in PUBLISHED}
    predictor = predictors[DEFAULT]
    path, prediction = _one_image(predictor, files)
    with Image.open(path) as image:
        facts = {"width": image.width, "height": image.height, "bytes": path.stat().st_size}
    figures: dict[str, Any] = {
        "variant": DEFAULT,
        "image": {**facts, "synthetic": arguments.data is None},
        # While nothing but what serves is loaded.
        "folders": {
            "native": _folder(predictor, files, arguments.images),
            "small": _folder(predictor, _shrunk(files, folder, predictor), arguments.images),
        },
        "image_of_a_folder": _image_of_a_folder(predictor, files),
        "bare": _bare(predictor, path, prediction, rounds),
        "compare": _compare(predictors, path, rounds),
        "start": _start(path, min(rounds, _STARTS), arguments.readings),
    }
    if arguments.before:
        figures["versions"] = measure_versions(arguments.before, path, files)
    # From here on with tensorflow.
    figures["machine"] = _machine()
    ways: dict[str, Callable[[], object]] = {"ours": lambda: predictor.predict(path)}
    agreement: dict[str, Any] = {}
    import keras

    model = keras.models.load_model(WEIGHTS_FOLDER / DEFAULT / KERAS_MODEL, compile=False)
    if arguments.peers:
        from scripts.studies import peers

        def prepared() -> np.ndarray:
            return predictor.preprocessor.record.apply(decode(path).pixels)

        for peer in peers.all_peers(model):
            image = prepared()
            agreement[peer.name] = {
                "logit": abs(float(model.predict(image[None, ..., None], verbose=0)[0, 0]) - prediction.logit),
                "map": peers.difference(prediction.heatmap, peer.heatmap(image)),
            }
            ways[peer.name] = _peer_way(prepared, lambda image: model.predict(image, verbose=0), peer.heatmap)
            ways[f"{peer.name}, lean"] = _peer_way(prepared, model.predict_on_batch, peer.heatmap)
    _require_agreement(agreement)
    timed = timing.in_turn(ways, rounds)
    figures["reading"] = {
        "rounds": rounds,
        "milliseconds": {name: timing.spread(1000 * s for s in values) for name, values in timed.items()},
        "ratio_to_ours": {name: timing.ratios(timed, name, "ours") for name in ways if name != "ours"},
        "agreement": agreement,
    }
    lungs = keras.models.load_model(LUNG_FIELDS_FOLDER / KERAS_MODEL, compile=False)
    figures["limit"] = {
        "multiply_adds": {"classifier": timing.multiply_adds(model), "lung fields": timing.multiply_adds(lungs)},
        "peak_per_second": {str(n): timing.peak_multiply_adds(n, rounds) for n in (1, CORES)},
    }
    return figures


def _one_image(predictor: Predictor, files: list[Path]) -> tuple[Path, Prediction]:
    """The file of middling size among those whose map shows any evidence, so that there is something to compare."""
    readings = zip(files, predictor.predict_many(files), strict=True)
    shown = [(path, reading) for path, reading in readings if reading.status == "read" and reading.heatmap.max() > 0]
    if not shown:
        raise DataError("No image in the folder shows any evidence of pneumonia, so no maps can be compared.")
    return sorted(shown, key=lambda pair: pair[0].stat().st_size)[len(shown) // 2]


def _folder(predictor: Predictor, files: list[Path], count: int) -> dict[str, Any]:
    """Read so many images, the files again and again, and note what that does to memory."""
    paths = list(itertools.islice(itertools.cycle(files), count))
    before = timing.resident_megabytes()
    seconds = timing.seconds(lambda: [None for _ in predictor.predict_many(paths)])
    return {
        "images": count,
        "files": len(files),
        "images_per_second": count / seconds,
        "megabytes_before": before,
        "megabytes_after": timing.resident_megabytes(),
    }


def _image_of_a_folder(predictor: Predictor, files: list[Path]) -> dict[str, float]:
    """Milliseconds that an image takes in the mean: of a folder on one core and on all, and of its parts on one."""
    classify, segment = _passes(decode(files[0]).pixels, 1)

    def folder() -> float:
        return timing.seconds(lambda: [None for _ in predictor.predict_many(files)])

    def on_one_core() -> dict[str, float]:
        timing.keep_to_cores(1)
        return {
            "one core": folder(),
            "decoding": sum(timing.seconds(partial(_pillow, path)) for path in files),
            "networks": sum(timing.seconds(classify) + timing.seconds(segment) for _ in files),
            "judging": sum(timing.seconds(decode_unjudged(path).judge) for path in files),
        }

    with ThreadPoolExecutor(1) as thread:
        took = {**thread.submit(on_one_core).result(), "all cores": folder()}
    return {what: 1000 * seconds / len(files) for what, seconds in took.items()}


def _compare(predictors: dict[str, Predictor], path: Path, rounds: int) -> dict[str, Any]:
    """Three variants on one image, decoded and searched for lungs once, against one."""

    def all_variants() -> None:
        case = SharedAnalysis(decode(path))
        for predictor in predictors.values():
            predictor.predict(case)

    timed = timing.in_turn({"one": lambda: predictors[DEFAULT].predict(path), "three": all_variants}, rounds)
    return {"rounds": rounds, "ratio": timing.ratios(timed, "three", "one")}


def _start(path: Path, rounds: int, readings: int) -> dict[str, Any]:
    """Start the library and the page anew, and use the page as a script does."""
    imported = [
        float(subprocess.run([sys.executable, "-c", _IMPORT], cwd=ROOT, check=True, capture_output=True).stdout)
        for _ in range(rounds)
    ]
    up = []
    for _ in range(rounds):
        with served_page() as page:
            up.append(page.seconds)
    with served_page() as page:
        client = Client(page.address, verbose=False, analytics_enabled=False)

        def read() -> None:
            client.predict(handle_file(path), DEFAULT, BALANCED, api_name="/read")

        ask = by_request(page.address)

        def compare() -> None:
            client.predict(handle_file(path), BALANCED, api_name="/compare")

        timed = timing.in_turn({"/read": read, "/compare": compare, "/reading": lambda: ask(path)}, rounds)
        before = timing.resident_megabytes(page.process)
        for _ in range(readings):
            read()
        after = timing.resident_megabytes(page.process)
    return {
        "rounds": rounds,
        "import_seconds": timing.spread(imported),
        "page_seconds": timing.spread(up),
        "compare_to_read": timing.ratios(timed, "/compare", "/read"),
        "read_milliseconds": timing.spread(1000 * s for s in timed["/read"]),
        "json_milliseconds": timing.spread(1000 * s for s in timed["/reading"]),
        "readings": readings,
        "server_megabytes_before": before,
        "server_megabytes_after": after,
    }


def _bare(predictor: Predictor, path: Path, prediction: Prediction, rounds: int) -> dict[str, Any]:
    """A reading beside the bare passes: the threads of tensorflow would take time from whatever follows them."""
    ways = _bare_ways(path, prediction)
    timed = timing.in_turn({"ours": lambda: predictor.predict(path), **ways}, rounds)
    return {
        "milliseconds": {name: timing.spread(1000 * s for s in values) for name, values in timed.items()},
        "ours_to_bare": {name: timing.ratios(timed, "ours", name) for name in ways},
    }


def _bare_ways(path: Path, prediction: Prediction) -> dict[str, Callable[[], object]]:
    """Decoding with Pillow and the two forward passes, on inputs made beforehand; on one thread each, and on all.

    Raises:
        PneumoniaError: if the passes give another logit than the reading.
    """
    pixels = decode(path).pixels
    ways = {}
    for threads in (1, CORES):
        classify, segment = _passes(pixels, threads)
        (logit,) = (float(output.squeeze()) for output in classify() if output.size == 1)
        _require_agreement({"the bare pass": {"logit": abs(logit - prediction.logit)}})

        def way(classify: Callable = classify, segment: Callable = segment) -> None:
            _pillow(path)
            classify()
            segment()

        ways[f"bare, {threads} thread{'s' * (threads > 1)}"] = way
    return ways


def _passes(pixels: np.ndarray, threads: int) -> list[Callable[[], list[np.ndarray]]]:
    """The forward passes of the default variant and of the lung fields, on inputs made beforehand."""
    networks = (
        (WEIGHTS_FOLDER / DEFAULT, load_predictor(DEFAULT).preprocessor.record),
        (LUNG_FIELDS_FOLDER, load_lung_fields().preprocessing),
    )
    return [
        timing.bare_pass(read_bundle(folder).contents[SERVED_MODEL], record.apply(pixels), threads)
        for folder, record in networks
    ]


def _pillow(path: Path) -> None:
    with Image.open(path) as file:
        np.asarray(file.convert("L"))


def _peer_way(
    prepared: Callable[[], np.ndarray],
    score: Callable[[np.ndarray], np.ndarray],
    heatmap: Callable[[np.ndarray], np.ndarray],
) -> Callable[[], None]:
    """Our decoding, then the logit of the Keras model, then the peer's map."""

    def run() -> None:
        image = prepared()
        score(image[None, ..., None])
        heatmap(image)

    return run


def _require_agreement(differences: dict[str, dict[str, float]]) -> None:
    for name, values in differences.items():
        for what, difference in values.items():
            if not difference <= _TOLERANCE:
                raise PneumoniaError(
                    f"{name} gives another {what} (difference {difference:.2g}), so comparing its speed means nothing."
                )


def _jpegs(folder: Path) -> list[Path]:
    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in (".jpeg", ".jpg") and path.is_file())
    if not files:
        raise DataError("There are no JPEGs in the folder named by --data.")
    return files


def _enlarged_examples(folder: Path) -> list[Path]:
    """The synthetic examples as JPEGs of the size that radiographs have."""
    files = []
    for example in sorted(_EXAMPLES.glob("synthetic-[np]*.png")):
        files.append(folder / f"{example.stem}.jpeg")
        with Image.open(example) as image:
            image.resize(_NATIVE_SIZE, Image.Resampling.BICUBIC).save(files[-1], quality=90)
    return files


def _shrunk(files: list[Path], folder: Path, predictor: Predictor) -> list[Path]:
    """The same images in the size of the network's input, as the public data set is often copied."""
    size = predictor.preprocessor.record.size
    small = []
    for number, path in enumerate(files):
        small.append(folder / f"small-{number}.jpeg")
        with Image.open(path) as image:
            image.convert("L").resize((size, size)).save(small[-1], quality=90)
    return small


def _machine() -> dict[str, Any]:
    from pneumonia.training.outcome import versions

    served = {name: version(name) for name in ("ai-edge-litert", "gradio", "pillow")}
    return {
        "processor": timing.processor(),
        "cores": cores(),
        "versions": {**versions(), **served},
    }


if __name__ == "__main__":
    run_command(main)
