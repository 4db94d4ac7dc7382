"""Files that are there as a whole or not at all, whatever ends the process or the power."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

# Behind the name of a file that a run has not written to its end.
UNFINISHED = ".unfinished"


def write_synced(path: Path, contents: bytes | memoryview) -> None:
    """Write a file, and come back when it is on the disk.

    Raises:
        OSError: if it cannot be written.
    """
    with path.open("wb") as file:
        file.write(contents)
        file.flush()
        os.fsync(file.fileno())


def partial_path(path: Path) -> Path:
    """The place of a file while it is being written."""
    return path.with_name(f".{path.name}.partial")


def write_atomic(path: Path, contents: bytes | memoryview) -> None:
    """Write a file or replace one in one step; nothing is left beside it, unless the process is killed.

    Args:
        path: what is no file but a pipe or a device is written to as it is.
        contents: all that it shall hold.

    Raises:
        OSError: if it cannot be written, for instance on a full disk; what was there stays.
    """
    # A link stays one.
    path = path.resolve()
    if _is_stream(path):
        path.write_bytes(contents)
        return
    partial = partial_path(path)
    try:
        write_synced(partial, contents)
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


@contextmanager
def open_atomic(path: Path) -> Iterator[TextIO]:
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
    is_stream = _is_stream(path)
    unfinished = path if is_stream else path.with_name(path.name + UNFINISHED)
    # File names, of which much is written, need not be valid text.
    with unfinished.open("w", newline="", encoding="utf-8", errors="backslashreplace") as file:
        yield file
        if not is_stream:
            file.flush()
            os.fsync(file.fileno())
    if not is_stream:
        os.replace(unfinished, path)


def _is_stream(path: Path) -> bool:
    return path.exists() and not path.is_file()
