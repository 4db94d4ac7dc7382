"""Tables of labelled images: CSV files with a row an image, and what each row states of it."""

import csv
import math
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from pneumonia.core.geometry import Box
from pneumonia.core.labels import CLASS_NAMES, NORMAL, PNEUMONIA
from pneumonia.core.populations import POPULATIONS
from pneumonia.errors import DataError
from pneumonia.utils.json_values import read_json

FILE, LABEL, PATIENT, READERS = "file", "label", "patient", "readers"
# Of a label that nobody gave.
UNLABELLED = -1
# What radiologists say of an image, and the label that it stands for: Shih et al., "Augmenting the NIH Chest Radiograph
# Dataset with Expert Annotations of Possible Pneumonia", Radiology: Artificial Intelligence 2019.
OPACITY, CLEAR, OTHER = "opacity", "normal", "other"
READINGS = {OPACITY: PNEUMONIA, CLEAR: NORMAL, OTHER: NORMAL}
VIEWS = ("PA", "AP")
MOST_YEARS = 130


@dataclass(frozen=True)
class Stated:
    """What a table states of an image besides its label and its patient; all of it may be unknown.

    Attributes:
        population: one of `POPULATIONS`.
        view: one of `VIEWS`.
        age: of the patient, in years.
        boxes: that radiologists drew round opacities.
        readers: what radiologists said; one of `READINGS`.
        share: how likely the image shows pneumonia, in (0, 1), where its label is uncertain.
        weight: how much it counts in training, beside others of its class.
    """

    population: str = ""
    view: str = ""
    age: float | None = None
    boxes: tuple[Box, ...] = ()
    readers: str = ""
    share: float | None = None
    weight: float = 1.0


NOTHING_STATED = Stated()


class Row(NamedTuple):
    """A row of a table.

    Attributes:
        file: path below the folder of the table, with slashes.
        label: index in `CLASS_NAMES`; `UNLABELLED` where there is none, or an uncertain one.
        patient: empty where it is unknown; None where the table does not tell patients.
        stated: everything else.
    """

    file: str
    label: int
    patient: str | None
    stated: Stated


def read_csv(path: Path, needed: Collection[str]) -> list[tuple[int, dict[str, str]]]:
    """The rows of a CSV file as text without blanks at its ends, each with its line.

    Args:
        path: of the file.
        needed: columns that it must have.

    Raises:
        DataError: if it cannot be read, or lacks one of the columns.
    """
    try:
        # Spreadsheets put a mark in front of the first column's name.
        with path.open(newline="", encoding="utf-8-sig") as file:
            table = csv.DictReader(file, strict=True)
            if missing := set(needed) - set(table.fieldnames or ()):
                raise DataError(
                    f"{path.name} needs the columns {' and '.join(needed)} in its first line, with commas; it lacks "
                    f"{min(missing)!r}."
                )
            return [
                (table.line_num, {name: (text or "").strip() for name, text in row.items() if name}) for row in table
            ]
    except OSError as error:
        raise DataError(f"{path.name} cannot be opened: {error.strerror}.") from None
    except (UnicodeDecodeError, csv.Error):
        raise DataError(f"{path.name} cannot be read as a table. Save it as CSV in UTF-8, with commas.") from None


def read_rows(path: Path, *needed: str) -> list[tuple[int, dict[str, str]]]:
    """The rows of a table that name a file, each with its line; as `read_csv`, with slashes in the names of files."""
    rows = read_csv(path, (FILE, *needed))
    for _, row in rows:
        row[FILE] = row[FILE].replace("\\", "/").removeprefix("./")
    return [(line, row) for line, row in rows if row[FILE]]


def read_table(path: Path) -> list[Row]:
    """Read a table of labelled images.

    Its columns are `file`, `label`, `patient`, `population`, `view`, `age`, `boxes`, `readers` and `weight`; all but
    the first may be missing or empty, which is unknown, and others are not read. `label` is a class, or how likely the
    image shows pneumonia, from 0 to 1. Where it is empty, what `readers` say stands for it. `boxes` is a JSON list of
    left, top, width and height in fractions of the image.

    Raises:
        DataError: if it cannot be read, or a row states what cannot be; the sentence names the line.
    """
    return list(_rows(path))


def _rows(path: Path) -> Iterator[Row]:
    seen: dict[str, int] = {}
    for line, row in read_rows(path):
        if row[FILE] in seen:
            raise DataError(f"{path.name} has {row[FILE]!r} in line {seen[row[FILE]]} and in line {line}. Keep one.")
        seen[row[FILE]] = line
        values = {}
        for name, (parse, expected) in _PARSERS.items():
            if text := row.get(name, ""):
                try:
                    values[name] = parse(text)
                except ValueError:
                    raise DataError(
                        f"{path.name}, line {line}: {name} is {text[:40]!r}; it must be {expected}, or empty."
                    ) from None
        labelled, read = values.pop(LABEL, None), READINGS.get(values.get(READERS, ""))
        if labelled is not None and read and labelled != CLASS_NAMES.index(read):
            raise DataError(f"{path.name}, line {line}: {LABEL} and {READERS} contradict each other. Keep one.")
        if labelled is None and read:
            labelled = CLASS_NAMES.index(read)
        if labelled is not None and 0 < labelled < 1:
            labelled, values["share"] = None, labelled
        label = UNLABELLED if labelled is None else int(labelled)
        yield Row(row[FILE], label, row.get(PATIENT), Stated(**values))


def _years(text: str) -> float:
    value = float(text)
    if not 0 <= value <= MOST_YEARS:  # nor NaN
        raise ValueError(text)
    return value


def _label(text: str) -> float:
    """Index in `CLASS_NAMES`, or a number between."""
    if text.upper() in CLASS_NAMES:
        return CLASS_NAMES.index(text.upper())
    value = float(text)
    if not 0 <= value <= 1:  # nor NaN
        raise ValueError(text)
    return value


def _weight(text: str) -> float:
    value = float(text)
    if not 0 < value < math.inf:  # nor NaN
        raise ValueError(text)
    return value


def _one_of(names: Any) -> Callable[[str], str]:
    known = {name.lower(): name for name in names}

    def parse(text: str) -> str:
        if text.lower() not in known:
            raise ValueError(text)
        return known[text.lower()]

    return parse


def _boxes(text: str) -> tuple[Box, ...]:
    sides = read_json(list[tuple[float, float, float, float]], text.encode())
    boxes = tuple(Box(left, top, left + width, top + height) for left, top, width, height in sides)
    # What was measured in pixels may reach over the edge by part of one.
    if not all(-0.01 <= b.left < b.right <= 1.01 and -0.01 <= b.top < b.bottom <= 1.01 for b in boxes):
        raise ValueError(text)
    return boxes


# By column: what turns its text into a value, and what that must be, in words.
_PARSERS: dict[str, tuple[Callable[[str], Any], str]] = {
    LABEL: (_label, f"{NORMAL}, {PNEUMONIA}, or a number from 0 to 1, how likely it is {PNEUMONIA}"),
    "population": (_one_of(POPULATIONS), " or ".join(POPULATIONS)),
    "view": (_one_of(VIEWS), " or ".join(VIEWS)),
    "age": (_years, "a number of years"),
    "boxes": (_boxes, "a JSON list of [left, top, width, height], each in fractions of the image"),
    READERS: (_one_of(READINGS), ", ".join(READINGS)),
    "weight": (_weight, "a number above 0"),
}
