#!/usr/bin/env python3
"""Read radiographs: files, and folders with everything in them."""

import argparse
import contextlib
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from PIL import Image
from tqdm import tqdm

import cli

from pneumonia.errors import DataError, ImageError
from pneumonia.explain.marks import outline_lungs
from pneumonia.explain.overlay import overlay
from pneumonia.images import decode
from pneumonia.notices import NOTICE
from pneumonia.operating_points import BALANCED, OPERATING_POINTS
from pneumonia.predictor import Prediction, Predictor, load_predictor
from pneumonia.shares import percent
from pneumonia.site_calibration import load_site
from pneumonia.tables import READING_COLUMNS, CsvWriter, reading_row
from pneumonia.variants import DEFAULT, list_variants

# Of a file's name in the name of its overlay: file systems allow 255 bytes.
_MOST_NAME_BYTES = 200


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("paths", nargs="+", metavar="PATH")
    parser.add_argument("--variant", choices=list_variants(), default=DEFAULT)
    parser.add_argument("--operating-point", choices=OPERATING_POINTS, default=BALANCED)
    parser.add_argument(
        "--site", metavar="NAME", help="calibration that recalibrate.py made: its name or its JSON file"
    )
    parser.add_argument("--format", choices=("text", "jsonl", "csv"), default="text")
    parser.add_argument("--output", type=Path, help="file to write to instead of standard output")
    parser.add_argument(
        "--heatmaps", type=Path, metavar="DIR", help="folder to write overlays to, as PNG; dashes outline the lungs"
    )
    return parser.parse_args()


def main() -> int:
    arguments = parse_arguments()
    files = [path for argument in arguments.paths for path in _walk(argument)]
    if not files:
        raise DataError("There are no files in the folders that were named.")
    if arguments.heatmaps:
        arguments.heatmaps.mkdir(parents=True, exist_ok=True)
    predictor = load_predictor(arguments.variant)
    if arguments.site is not None:
        predictor = predictor.recalibrated(load_site(arguments.site, arguments.variant))
    some_rejected = False
    with _output(arguments.output) as output:
        write = _writer(arguments.format, output, several=len(files) > 1)
        readings = predictor.predict_many(files, arguments.operating_point)
        for path, prediction in zip(files, tqdm(readings, total=len(files), unit="image", disable=None), strict=True):
            write(path, prediction)
            some_rejected |= prediction.status == "rejected"
            if arguments.heatmaps and prediction.status == "read":
                _save_overlay(arguments.heatmaps, path, prediction, predictor)
    if arguments.format == "text":
        print(NOTICE, file=sys.stderr)  # the other forms carry it in every reading
    return cli.SOME_REJECTED if some_rejected else cli.DONE


def _walk(argument: str) -> Iterator[str]:
    """A file as it was named, or every regular file below a folder whatever its name."""
    if not argument or not os.path.exists(argument):
        raise DataError(f"There is no file or folder {_one_line(argument)!r}.")
    if not os.path.isdir(argument):
        yield argument
        return
    for folder, folders, names in os.walk(argument, onerror=_unreadable_folder):
        folders.sort()
        paths = (os.path.join(folder, name) for name in sorted(names))
        yield from (path for path in paths if os.path.isfile(path))


def _unreadable_folder(error: OSError) -> None:
    raise DataError(f"The folder {_one_line(error.filename)!r} cannot be read: {error.strerror}.")


def _one_line(path: str) -> str:
    """A path with line breaks and other control characters written out, so that it stays on its line."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "backslashreplace").decode() for c in path)


def _output(path: Path | None) -> contextlib.AbstractContextManager[TextIO]:
    if path is None:
        return contextlib.nullcontext(sys.stdout)
    path.parent.mkdir(parents=True, exist_ok=True)
    # File names need not be valid text.
    return path.open("w", newline="", encoding="utf-8", errors="backslashreplace")


def _writer(form: str, output: TextIO, several: bool):
    """A function that writes one reading in the chosen form."""
    if form == "csv":
        table = CsvWriter(output, ("path", *READING_COLUMNS))
        return lambda path, prediction: table.write({"path": path, **reading_row(prediction.to_dict())})
    if form == "jsonl":
        return lambda path, prediction: print(json.dumps({"path": path, **prediction.to_dict()}), file=output)
    return lambda path, prediction: print((f"{_one_line(path)}: " if several else "") + _text(prediction), file=output)


def _text(prediction: Prediction) -> str:
    warnings = "".join(f"\n  {check.name}: {check.message}" for check in prediction.checks if check.status == "warn")
    if prediction.status == "rejected":
        return f"Rejected: {prediction.error}{warnings}"
    site = f", calibrated to {prediction.calibration.label}" if prediction.calibration else ""
    return (
        f"Prediction: {prediction.finding} (probability {percent(prediction.probability)}, "
        f"threshold {percent(prediction.threshold)}, {prediction.variant}{site}){warnings}"
    )


def _save_overlay(folder: Path, path: str, prediction: Prediction, predictor: Predictor) -> None:
    try:
        radiograph = decode(path)
    except ImageError:
        radiograph = None
    if radiograph is None or radiograph.sha256 != prediction.image_sha256:
        print(f"no overlay for {_one_line(path)}: the file was changed since it was read", file=sys.stderr)
        return
    pixels = radiograph.pixels
    picture = overlay(pixels, prediction.heatmap_on(pixels), predictor.heatmap_scale)
    if prediction.lungs is not None:
        picture = outline_lungs(picture, prediction.lungs)
    # The image's hash keeps apart files of one name from several folders.
    stem = os.fsdecode(os.fsencode(Path(path).name)[:_MOST_NAME_BYTES])
    name = f"{stem}.{prediction.image_sha256[:8]}.png"
    Image.fromarray(picture).save(folder / name)


if __name__ == "__main__":
    cli.run(main)
