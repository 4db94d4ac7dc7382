"""Read radiographs: files, and folders with everything in them."""

import argparse
import contextlib
import hashlib
import itertools
import json
import os
import sys
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, TextIO

from pneumonia.batch.part_files import FORMS, open_parts
from pneumonia.batch.ray import read_on_ray
from pneumonia.calibration.site_store import load_site_calibration
from pneumonia.cli.arguments import add_network, add_population, population_of
from pneumonia.cli.exit_codes import DONE, SOME_REJECTED
from pneumonia.cli.terminal import load_quietly, progress
from pneumonia.core.notices import NOTICE
from pneumonia.core.operating_points import BALANCED, OPERATING_POINTS
from pneumonia.dicom_out.objects import make_objects, require_dicom_extra, write_objects
from pneumonia.errors import DataError, DicomOutputError, ImageError, PneumoniaError
from pneumonia.explain.overlay import to_jpeg
from pneumonia.imaging.decode import Radiograph, decode
from pneumonia.inference.drawn_reading import draw_reading
from pneumonia.inference.prediction import Prediction
from pneumonia.inference.predictor import Predictor
from pneumonia.records.reading_table import READING_COLUMNS, reading_row
from pneumonia.records.receipt import reader_record
from pneumonia.utils.atomic_files import UNFINISHED, open_atomic, write_atomic
from pneumonia.utils.folders import walk
from pneumonia.utils.formatting import one_line, percent
from pneumonia.utils.processes import on_all_cores
from pneumonia.utils.safe_csv import CsvWriter

# Of a file's name in the name of its overlay: file systems allow 255 bytes.
_MOST_NAME_BYTES = 200


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("paths", nargs="+", metavar="PATH")
    add_network(parser)
    parser.add_argument("--operating-point", choices=OPERATING_POINTS, default=BALANCED, help="default: %(default)s")
    add_population(parser)
    parser.add_argument(
        "--site", metavar="NAME", help="calibration that pneumonia recalibrate made: its name or its JSON file"
    )
    parser.add_argument(
        "--format",
        choices=("text", "jsonl", "csv", "parquet"),
        default="text",
        help="parquet: only with --parts (default: text)",
    )
    parser.add_argument(
        "--output",
        type=Path,
        metavar="FILE",
        help=f"file to write to instead of standard output; a run that is ended leaves FILE{UNFINISHED}",
    )
    parser.add_argument(
        "--parts",
        type=Path,
        metavar="DIR",
        help="for archives: folder to write to in parts, as csv or parquet; run again after an end, it goes on",
    )
    parser.add_argument(
        "--engine",
        choices=("local", "ray"),
        default="local",
        help="ray: on the cluster that RAY_ADDRESS names; only with --parts (default: local)",
    )
    parser.add_argument(
        "--heatmaps", type=Path, metavar="DIR", help="folder to write overlays to, as JPEG; dashes outline the lungs"
    )
    parser.add_argument(
        "--dicom", type=Path, metavar="DIR", help="folder to write DICOM objects of each DICOM file's reading to"
    )


def run(arguments: argparse.Namespace) -> int:
    if arguments.parts is None:
        if arguments.format == "parquet" or arguments.engine == "ray":
            raise PneumoniaError("--format parquet and --engine ray are for archives: name a folder with --parts.")
        return _read_files(arguments)
    if arguments.format not in FORMS or arguments.output or arguments.heatmaps or arguments.dicom:
        raise PneumoniaError("--parts goes with --format csv or parquet, and without --output, --heatmaps and --dicom.")
    if arguments.engine == "ray" and arguments.weights:
        raise PneumoniaError("--engine ray reads with the weights that come with the project; leave --weights out.")
    return _read_archive(arguments)


def _read_files(arguments: argparse.Namespace) -> int:
    # All names first: what is written may lie in a folder that is read.
    written = [path for path in (arguments.heatmaps, arguments.dicom, arguments.output) if path]
    if arguments.output:
        written.append(Path(f"{arguments.output}{UNFINISHED}"))
    files = [path for argument in arguments.paths for path in _walk(argument, written)]
    if not files:
        raise DataError("There are no files in the folders that were named.")
    if arguments.heatmaps:
        arguments.heatmaps.mkdir(parents=True, exist_ok=True)
    if arguments.dicom:
        require_dicom_extra()
        arguments.dicom.mkdir(parents=True, exist_ok=True)
    predictor = _load(arguments)
    incomplete = False
    with _output(arguments.output) as output:
        write = _writer(arguments.format, output, several=len(files) > 1)
        readings = _readings(predictor, files, arguments)
        for path, prediction in zip(files, progress(readings, len(files)), strict=True):
            write(path, prediction)
            if prediction.status == "rejected":
                incomplete = True
            elif arguments.dicom:
                incomplete |= not _save_objects(arguments.dicom, path, prediction, predictor)
    if arguments.format == "text":
        print(NOTICE, file=sys.stderr)  # the other forms carry it in every reading
    return SOME_REJECTED if incomplete else DONE


def _readings(predictor: Predictor, files: Iterable[str], arguments: argparse.Namespace) -> Iterator[Prediction]:
    """Read the files on all cores; where overlays are asked for, each is written as soon as its file is read."""
    choices = arguments.operating_point, population_of(arguments)
    if arguments.heatmaps is None:
        return predictor.predict_many(files, *choices)

    # Copies of one file have one overlay, which two threads must not write at once: the first that comes does.
    drawn: set[str] = set()
    choosing = threading.Lock()

    def read_and_draw(path: str) -> Prediction:
        try:
            radiograph = decode(path)
        except ImageError as error:
            return predictor.rejected(str(error), *choices)
        prediction = predictor.predict(radiograph, *choices)
        if prediction.status == "read":
            name = _overlay_name(path, radiograph)
            with choosing:
                is_first = name not in drawn
                drawn.add(name)
            if is_first:
                overlay = draw_reading(radiograph.pixels, prediction, predictor.heatmap_scale)
                write_atomic(arguments.heatmaps / name, to_jpeg(overlay))
        return prediction

    return on_all_cores(read_and_draw, files)


def _read_archive(arguments: argparse.Namespace) -> int:
    """Read a stream of names into parts that a later run goes on with."""
    for argument in arguments.paths:
        _require_there(argument)
    _require_apart([*arguments.paths, str(arguments.parts)])
    predictor = _load(arguments)
    point, population = arguments.operating_point, population_of(arguments)
    places = "\0".join(map(os.path.abspath, arguments.paths))
    settings = {
        "format": arguments.format,
        "paths": arguments.paths,
        # The same names in another folder are another archive.
        "folder": hashlib.sha256(os.fsencode(places)).hexdigest(),
        **reader_record(predictor, point, population),
    }
    with open_parts(arguments.parts, arguments.format, settings) as parts:
        before = parts.done
        paths = parts.unread(path for argument in arguments.paths for path in _walk(argument, [arguments.parts]))
        read = read_on_ray if arguments.engine == "ray" else _read_here
        for path, reading in progress(read(paths, predictor, point, population), done=before):
            parts.add(path, reading)
    if not parts.done:
        raise DataError("There are no files in the folders that were named.")
    print(
        f"{parts.done:,} files, {parts.rejected:,} of them rejected; {before:,} were read in earlier runs.",
        file=sys.stderr,
    )
    return SOME_REJECTED if parts.rejected else DONE


def _read_here(
    paths: Iterable[str], predictor: Predictor, point: str, population: str | None
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Read in this process; as `read_on_ray`."""
    paths, ahead = itertools.tee(paths)
    for path, prediction in zip(paths, predictor.predict_many(ahead, point, population), strict=True):
        yield path, prediction.to_dict()


def _load(arguments: argparse.Namespace) -> Predictor:
    predictor = load_quietly(arguments.variant, arguments.weights)
    site = None if arguments.site is None else load_site_calibration(arguments.site, predictor.variant)
    return predictor.recalibrated(site)


def _require_there(argument: str) -> None:
    if not argument or not os.path.exists(argument):
        raise DataError(f"There is no file or folder {one_line(argument)!r}.")


def _require_apart(places: list[str]) -> None:
    """Make sure that no file would be read twice, nor a part that is written."""
    # In this order, what lies in a folder comes right after it.
    resolved = sorted((Path(os.path.realpath(place)).parts, place) for place in places)
    for (above, one), (below, other) in itertools.pairwise(resolved):
        if below[: len(above)] == above:
            raise DataError(f"{one_line(one)!r} and {one_line(other)!r} overlap. Name each folder once.")


def _walk(argument: str, written: Iterable[Path] = ()) -> Iterator[str]:
    """A file as it was named, or every regular file below a folder whatever its name, but for what is written.

    Links that lead to none are among them, to be rejected with the reason.
    """
    _require_there(argument)
    if os.path.isdir(argument):
        yield from (path for path in walk(argument, written) if os.path.isfile(path) or os.path.islink(path))
    else:
        yield argument


@contextlib.contextmanager
def _output(path: Path | None) -> Iterator[TextIO]:
    if path is None:
        yield sys.stdout
        return
    try:
        with open_atomic(path) as file:
            yield file
    except (OSError, PneumoniaError, KeyboardInterrupt):
        if (unfinished := Path(f"{path}{UNFINISHED}")).exists():
            print(f"what was read until then is in {one_line(str(unfinished))}", file=sys.stderr)
        raise


def _writer(form: str, output: TextIO, several: bool):
    """A function that writes one reading in the chosen form."""
    if form == "csv":
        table = CsvWriter(output, ("path", *READING_COLUMNS))
        return lambda path, prediction: table.write({"path": path, **reading_row(prediction.to_dict())})
    if form == "jsonl":
        return lambda path, prediction: print(json.dumps({"path": path, **prediction.to_dict()}), file=output)
    return lambda path, prediction: print((f"{one_line(path)}: " if several else "") + _text(prediction), file=output)


def _text(prediction: Prediction) -> str:
    warnings = "".join(f"\n  {check.name}: {check.message}" for check in prediction.checks if check.status == "warn")
    source = prediction.population_source
    whose = f"\n  read as of {prediction.population}, by the {source}" if source else ""
    if prediction.probability is None:
        return f"Rejected: {prediction.error}{warnings}"
    site = f", calibrated to {prediction.calibration.label}" if prediction.calibration else ""
    return (
        f"Prediction: {prediction.finding} (probability {percent(prediction.probability)}, "
        f"threshold {percent(prediction.threshold)}, {prediction.variant}{site}){whose}{warnings}"
    )


def _overlay_name(path: str, radiograph: Radiograph) -> str:
    # The image's hash keeps apart files of one name from several folders.
    stem = os.fsdecode(os.fsencode(Path(path).name)[:_MOST_NAME_BYTES])
    return f"{stem}.{radiograph.sha256[:8]}.jpg"


def _save_objects(folder: Path, path: str, prediction: Prediction, predictor: Predictor) -> bool:
    """Write the DICOM objects of a reading; says why there are none where none can be made, and returns False."""
    try:
        objects = make_objects(path, prediction, predictor)
    except (DicomOutputError, ImageError) as error:
        print(f"no DICOM objects for {one_line(path)}: {error}", file=sys.stderr)
        return False
    write_objects(objects, folder)
    return True
