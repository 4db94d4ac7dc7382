"""Types of arguments, and options that several commands share."""

import argparse
import os
import re
from pathlib import Path

from pneumonia.data.patients import BY_NAME, Patients, by_pattern, by_table


def positive(text: str) -> int:
    """An argument that is a whole number of at least 1."""
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return value


def seed(text: str) -> int:
    """An argument that is a whole number of at least 0."""
    value = int(text)
    if value < 0:
        raise argparse.ArgumentTypeError("must be at least 0")
    return value


def fraction(text: str) -> float:
    """An argument that is a number from 0 on and below 1."""
    value = float(text)
    if not 0 <= value < 1:
        raise argparse.ArgumentTypeError("must be at least 0 and below 1")
    return value


def weight(text: str) -> float:
    """An argument that is a number from 0 on."""
    value = float(text)
    if not value >= 0:
        raise argparse.ArgumentTypeError("must be at least 0")
    return value


def image_size(text: str) -> int:
    """An argument that is the side of a network's input in pixels."""
    value = int(text)
    if value < 32 or value % 32:
        raise argparse.ArgumentTypeError("must be a multiple of 32")
    return value


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


def add_patients(parser: argparse.ArgumentParser) -> None:
    """Options that say whose the images of --data are."""
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
