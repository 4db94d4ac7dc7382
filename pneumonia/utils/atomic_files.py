"""Files that are there as a whole or not at all, whatever ends the process or the power."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

# Behind the name of a file that a run has not written to its end.
UNFINISHED = ".unfinished"


def write_through(path: Path, contents: bytes | memoryview) -> None:
    """Write a file, and come back when it is on the disk.

    Raises:
        OSError: if it cannot be written.
    """
    with path.open("wb") as file:
        file.write(contents)
        file.flush()
        os.fsync(file.fileno())


def partial(path: Path) -> Path:
    """Where a file is while it is being written."""
    return path.with_name(f".{path.name}.partial")


def write_whole(path: Path, contents: bytes | memoryview) -> None:
    """Write a file or replace one in one step; nothing is left beside it, unless the process is killed.

    Raises:
        OSError: if it cannot be written, for instance on a full disk; what was there stays.
    """
    beside = partial(path)
    try:
        write_through(beside, contents)
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)


@contextmanager
def open_whole(path: Path) -> Iterator[TextIO]:
    """A text file to write bit by bit, for as long as may be: it is there under its name when all of it is written.

    Until then, and for good if the run is ended, what was written so far is in a file of that name with `.unfinished`
    behind it, and an older file of the name stays as it was.

    Args:
        path: its parent is made if missing. What is no file but a pipe or a device is written to as it is.

    Raises:
        OSError: if it cannot be written, for instance on a full disk.
    """
    # A link stays one.
    path = path.resolve()
    path.parent.mkdir(parents=True, exist_ok=True)
    at_once = path.exists() and not path.is_file()
    beside = path if at_once else path.with_name(path.name + UNFINISHED)
    # File names, of which much is written, need not be valid text.
    with beside.open("w", newline="", encoding="utf-8", errors="backslashreplace") as file:
        yield file
        if not at_once:
            file.flush()
            os.fsync(file.fileno())
    if not at_once:
        os.replace(beside, path)
