"""Types of arguments, and options that several commands share."""

import argparse
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pneumonia.core.populations import POPULATIONS
from pneumonia.data.patients import BY_NAME, Patients, by_pattern, by_table
from pneumonia.variants.registry import DEFAULT, list_variants

# Of `--population`.
AUTO = "auto"


def _number(name: str, kind: type, allowed: Callable[[Any], bool], message: str) -> Callable[[str], Any]:
    """A type of argument that is a number; argparse calls it by its name where a text is none."""

    def read(text: str) -> Any:
        value = kind(text)
        if not allowed(value):
            raise argparse.ArgumentTypeError(message)
        return value

    read.__name__ = name
    return read


positive = _number("positive", int, lambda value: value >= 1, "must be at least 1")
port = _number("port", int, lambda value: 0 <= value < 2**16, "must be from 0 to 65535")
seed = _number("seed", int, lambda value: value >= 0, "must be at least 0")
share = _number("share", float, lambda value: 0 <= value <= 1, "must be from 0 to 1")
fraction = _number("fraction", float, lambda value: 0 <= value < 1, "must be at least 0 and below 1")
weight = _number("weight", float, lambda value: value >= 0, "must be at least 0")
# The side of a network's input in pixels.
image_size = _number("image_size", int, lambda v: v >= 32 and v % 32 == 0, "must be a multiple of 32")


def output_file(text: str) -> Path:
    """An argument that is a file to write; its folder is made now, so that no long work ends with nowhere to go."""
    path = Path(text)
    if path.is_dir():
        raise argparse.ArgumentTypeError("is a folder; name a file")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise argparse.ArgumentTypeError(f"its folder cannot be made: {error.strerror}") from error
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise argparse.ArgumentTypeError("cannot be written to")
    return path


def add_data(parser: argparse.ArgumentParser, parts: str = "") -> None:
    """Add the options that say which labelled images are read, here or in parts, and whose they are."""
    parser.add_argument(
        "--data", type=Path, required=True, help=f"folder of NORMAL and PNEUMONIA{parts}, or a CSV table"
    )
    add_patients(parser)


def add_weights(parser: argparse.ArgumentParser) -> None:
    """Add the option that names a weights folder."""
    parser.add_argument("--weights", type=Path, help="weights folder (default: the one that comes with the project)")


def add_network(parser: argparse.ArgumentParser) -> None:
    """Add the options that choose a trained network."""
    parser.add_argument("--variant", choices=list_variants(), help=f"default: that of --weights, or {DEFAULT}")
    add_weights(parser)


def add_population(
    parser: argparse.ArgumentParser,
    words: str = "of the patients whose DICOM header tells no age; auto: as each picture tells",
) -> None:
    """Add the option that says of which population the patients are."""
    parser.add_argument(
        "--population",
        choices=(*POPULATIONS, AUTO),
        default=AUTO,
        help=f"{words} (default: %(default)s)",
    )


def population_of(arguments: argparse.Namespace) -> str | None:
    """The population that was named; None where each picture tells."""
    return None if arguments.population == AUTO else arguments.population


def add_publishing(parser: argparse.ArgumentParser) -> None:
    """Add the options that say where on the Hub files are sent, and for whom."""
    parser.add_argument("--repo-id", metavar="OWNER/NAME", required=True, help="made if it does not exist")
    parser.add_argument("--public", action="store_true", help="let everybody see it and use it")
    parser.add_argument("--dry-run", action="store_true", help="show what would be sent, and send nothing")


def add_patients(parser: argparse.ArgumentParser) -> None:
    """Add the options that say whose the images of --data are."""
    group = parser.add_mutually_exclusive_group()
    group.add_argument("--patients", type=Path, metavar="CSV", help="table with the columns file and patient")
    group.add_argument(
        "--patient-pattern",
        type=_pattern,
        metavar="REGEX",
        help="with one group, the patient, searched for in each path below --data",
    )


def _pattern(text: str) -> str:
    try:
        pattern = re.compile(text)
    except re.error as error:
        raise argparse.ArgumentTypeError(f"is no regular expression: {error}") from error
    if pattern.groups != 1:
        raise argparse.ArgumentTypeError("must have one group, in parentheses: the patient")
    return text


def patients_of(arguments: argparse.Namespace) -> Patients:
    """Whose the images are, by the options of `add_patients`, or by names if none was given.

    Raises:
        DataError: if the table cannot be read.
    """
    if arguments.patients:
        return by_table(arguments.patients)
    return by_pattern(re.compile(arguments.patient_pattern)) if arguments.patient_pattern else BY_NAME
