"""Folders of images that a command reads, and where it may write."""

import sys
from collections.abc import Iterable
from pathlib import Path

from pneumonia.data.listing import LeftOut
from pneumonia.errors import DataError
from pneumonia.weights.folder import PROJECT_FOLDER

# Folders of the project that git ignores: pictures of patients may be written there.
_IGNORED = ("runs", "out")


def report_left_out(left_out: Iterable[LeftOut], unknown: int, images: int, option: str = "--data") -> None:
    """Say on standard error what of a data folder is not used, and of how many of its images the patient is unknown."""
    for left in left_out:
        print(f"left out of {option}: {left}", file=sys.stderr)
    if unknown:
        advice = " --patients or --patient-pattern says whose they are." if option == "--data" else ""
        print(
            f"The patient of {unknown:,} of {images:,} images in {option} is unknown, so each of these counts as a "
            "patient of its own. Where several are of one, some may be judged by what was fitted to the others, and "
            f"intervals are too narrow.{advice}",
            file=sys.stderr,
        )


def require_outside(data: Path, *outputs: Path | None) -> None:
    """Make sure that no command writes among the images that it reads, where the next one would find what it wrote.

    Raises:
        DataError: if one would.
    """
    for output in filter(None, outputs):
        if output.resolve().is_relative_to(data.resolve()):
            raise DataError(f"{output.name} would be written into the data folder. Name a place outside of it.")


def require_ignored(folder: Path) -> None:
    """Make sure that pictures of patients cannot be committed by accident.

    Raises:
        DataError: if the folder lies in the project, and not in a part that git ignores.
    """
    full, project = folder.resolve(), PROJECT_FOLDER.resolve()
    if full.is_relative_to(project) and not any(full.is_relative_to(project / name) for name in _IGNORED):
        raise DataError("Pictures of patients are only written outside of the project, or into its runs/ or out/.")
