"""Adults: radiographs of NIH ChestX-ray14 with what radiologists of the RSNA challenge said of them, as one table.

Wang et al., "ChestX-ray8", CVPR 2017; Shih et al., "Augmenting the NIH Chest Radiograph Dataset with Expert Annotations
of Possible Pneumonia", Radiology: Artificial Intelligence 2019. The challenge gave the images other names; RSNA
publishes which is which.
"""

import csv
import json
import os
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

from typing_extensions import TypedDict

from pneumonia.data.tables import CLEAR, MOST_YEARS, OPACITY, OTHER, VIEWS, read_csv
from pneumonia.errors import DataError
from pneumonia.utils.atomic_files import open_atomic
from pneumonia.utils.folders import walk
from pneumonia.utils.json_values import require_form

# As they are downloaded; the first from NIH, the others from RSNA.
ENTRIES, CLASSES, BOXES, MAPPING = (
    "Data_Entry_2017*.csv",
    "stage_2_detailed_class_info.csv",
    "stage_2_train_labels.csv",
    "*mappings*.json",
)
_READINGS = {"Lung Opacity": OPACITY, "Normal": CLEAR, "No Lung Opacity / Not Normal": OTHER}
_COLUMNS = ("file", "patient", "age", "view", "readers", "boxes")
_SIDE = 1024  # of the images in pixels, which boxes are measured in
# Earlier lists write 058Y, and months and days of infants; these are left unknown, as are typing errors of 400 years.
_YEARS = re.compile(r"(\d+)[Yy]?")


class _Name(TypedDict):
    """What of the published mapping is read: the name of an image at NIH and in the challenge."""

    img_id: str
    subset_img_id: str


def write_table(nih: Path, rsna: Path, output: Path) -> dict[str, int]:
    """Write the table of all images that were downloaded and that radiologists saw.

    Args:
        nih: folder with NIH's list of entries and, wherever below it, the images.
        rsna: folder with the classes and boxes of the challenge's training part, and the mapping of names.
        output: the table; its files are named from its folder on.

    Returns:
        Number of images by what radiologists said.

    Raises:
        DataError: if a file is missing or of another form, or none of the images is there.
    """
    readings = {row["patientId"]: _READINGS.get(row["class"], "") for row in _rows(rsna, CLASSES, "patientId", "class")}
    boxes = _read_boxes(rsna)
    challenge_names = _read_mapping(rsna)
    entries = {
        row["Image Index"]: row
        for row in _rows(nih, ENTRIES, "Image Index", "Patient ID", "Patient Age", "View Position")
    }
    counts: Counter[str] = Counter()
    folder = output.resolve().parent
    rows = []
    for path in sorted(map(Path, walk(nih))):
        entry, name = entries.get(path.name), challenge_names.get(path.name, "")
        said = readings.get(name)
        if entry is None or not said:
            continue
        counts[said] += 1
        years = _YEARS.fullmatch(entry["Patient Age"])
        patient = entry["Patient ID"]
        view = entry["View Position"].upper()
        rows.append(
            {
                "file": Path(os.path.relpath(path.resolve(), folder)).as_posix(),
                # As the names of the images tell it, too.
                "patient": f"nih-{int(patient)}" if patient.isdecimal() else patient,
                "age": int(years[1]) if years and int(years[1]) <= MOST_YEARS else "",
                "view": view if view in VIEWS else "",
                "readers": said,
                "boxes": json.dumps(boxes[name]) if boxes[name] else "",
            }
        )
    if not rows:
        raise DataError(f"None of the images that radiologists saw lies below {nih.name}. Unpack NIH's archives there.")
    output.parent.mkdir(parents=True, exist_ok=True)
    with open_atomic(output) as file:
        table = csv.DictWriter(file, _COLUMNS, lineterminator="\n")
        table.writeheader()
        table.writerows(rows)
    return dict(counts)


def _read_boxes(rsna: Path) -> dict[str, list[list[float]]]:
    """Left, top, width and height in fractions of the image, by its name in the challenge."""
    boxes: dict[str, list[list[float]]] = defaultdict(list)
    for row in _rows(rsna, BOXES, "patientId", "x", "y", "width", "height"):
        if row["x"]:
            try:
                sides = [float(row[side]) / _SIDE for side in ("x", "y", "width", "height")]
            except ValueError:
                raise DataError(f"{BOXES} holds a box of other than numbers. Download it again.") from None
            boxes[row["patientId"]].append([round(side, 5) for side in sides])
    return boxes


def _read_mapping(rsna: Path) -> dict[str, str]:
    """The name in the challenge by the name at NIH."""
    path = _find(rsna, MAPPING)
    try:
        names = require_form(list[_Name], json.loads(path.read_bytes()))
    except (ValueError, RecursionError):
        raise DataError(f"{path.name} is not the mapping of names that RSNA publishes. Download it again.") from None
    return {name["img_id"]: name["subset_img_id"] for name in names}


def _rows(folder: Path, pattern: str, *columns: str) -> Iterator[dict[str, str]]:
    return (row for _, row in read_csv(_find(folder, pattern), columns))


def _find(folder: Path, pattern: str) -> Path:
    found = sorted(folder.glob(pattern))
    if len(found) != 1:
        raise DataError(f"{len(found) or 'No'} files in {folder.name} are named {pattern}; there must be one.")
    return found[0]
