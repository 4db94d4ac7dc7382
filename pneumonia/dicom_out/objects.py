"""The objects of a reading: made together, and written to a folder."""

import logging
import os
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from pneumonia.errors import DicomOutputError
from pneumonia.imaging.decode import decode, read_file
from pneumonia.inference.prediction import Prediction
from pneumonia.inference.predictor import Predictor
from pneumonia.utils.atomic_files import write_atomic
from pneumonia.utils.packages import require_package

if TYPE_CHECKING:
    from pydicom import Dataset

    from pneumonia.dicom_out.reading import Reading

# Their names, in the order in which they are made.
OBJECTS = ("secondary-capture", "report", "map", "presentation-state", "pdf")


def require_dicom_extra() -> None:
    """Make sure that the packages are installed that make objects.

    Raises:
        MissingExtraError: one is not.
    """
    for module in ("highdicom", "reportlab"):
        require_package(module, f"DICOM objects need {module}", "dicom")


def make_objects(
    source: str | os.PathLike | bytes, prediction: Prediction, predictor: Predictor
) -> dict[str, "Dataset"]:
    """Make the objects of a reading: each in a series of its own, in the study of the image.

    The same image under the same network, program and judgement gives the same instance and series UIDs, so that an
    archive keeps one copy, however often it is read.

    Args:
        source: the DICOM file that was read, or its bytes.
        prediction: the reading of it.
        predictor: that read it, calibrated as it was judged.

    Returns:
        Data sets with their file meta information, by the names in `OBJECTS`.

    Raises:
        DicomOutputError: the image was rejected, is no DICOM file, is another than the one that was read, or does not
            say to which study it belongs.
        ImageError: the file cannot be read.
        MissingExtraError: highdicom or reportlab is not installed.
    """
    reading = open_reading(source, prediction, predictor)
    return {name: make_object(name, reading) for name in OBJECTS}


def open_reading(source: str | os.PathLike | bytes, prediction: Prediction, predictor: Predictor) -> "Reading":
    """Open the image of a reading, for its objects to be made one by one; arguments and errors as `make_objects`."""
    require_dicom_extra()
    if prediction.status == "rejected":
        raise DicomOutputError(f"This image was not read, so there is nothing to record. {prediction.error}")
    data = source if isinstance(source, bytes) else read_file(source)
    radiograph = decode(data)
    if radiograph.facts["format"] != "DICOM":
        raise DicomOutputError(
            f"This is no DICOM file but {radiograph.facts['format']}: it belongs to no study that objects could be "
            "added to. Give the DICOM file of the radiograph."
        )
    if radiograph.sha256 != prediction.image_sha256:
        raise DicomOutputError("This file is not the one that was read, or it was changed since. Read it again.")
    # pydicom takes a while to load.
    from pneumonia.dicom_out.reading import Reading
    from pneumonia.dicom_out.source_image import read_source_image

    usable_window = all(check.name != "window" for check in radiograph.checks)
    return Reading(read_source_image(data, usable_window), radiograph, prediction, predictor)


def make_object(name: str, reading: "Reading") -> "Dataset":
    """Make the object of this name, one of `OBJECTS`."""
    # They take a second to load, and need what only the extra brings.
    from pneumonia.dicom_out import encapsulated_pdf, presentation_state, report, secondary_capture, segmentation

    # It logs identifiers.
    logging.getLogger("highdicom").setLevel(logging.CRITICAL)
    modules = (secondary_capture, report, segmentation, presentation_state, encapsulated_pdf)
    return reading.source.into_study(modules[OBJECTS.index(name)].make(reading))


def to_files(objects: Mapping[str, "Dataset"]) -> dict[str, bytes]:
    """The contents of DICOM files of objects, by their names, in which nothing of the patient or the image is.

    Args:
        objects: as `make_objects` gives them.
    """
    return {f"{name}-{dataset.SOPInstanceUID}.dcm": to_file(dataset) for name, dataset in objects.items()}


def to_file(dataset: "Dataset") -> bytes:
    """The contents of a DICOM file of an object."""
    stream = BytesIO()
    dataset.save_as(stream, enforce_file_format=True)
    return stream.getvalue()


def write_objects(objects: Mapping[str, "Dataset"], folder: Path) -> list[Path]:
    """Write objects to a folder, each as a whole or not at all, under the names of `to_files`; returns their paths.

    Args:
        objects: as `make_objects` gives them.
        folder: made if missing.

    Raises:
        OSError: if one cannot be written, for instance on a full disk.
    """
    folder.mkdir(parents=True, exist_ok=True)
    files = {folder / name: contents for name, contents in to_files(objects).items()}
    for path, contents in files.items():
        write_atomic(path, contents)
    return list(files)
