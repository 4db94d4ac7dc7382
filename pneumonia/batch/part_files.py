"""The readings of an archive as a folder of parts, each whole or absent, so that a run that was ended can go on."""

import csv
import hashlib
import io
import json
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from filelock import FileLock, Timeout

from pneumonia.errors import DataError, PneumoniaError
from pneumonia.records.reading_table import READING_COLUMNS, reading_row
from pneumonia.utils.atomic_files import partial_path, write_atomic
from pneumonia.utils.json_values import json_bytes, require_form, write_json
from pneumonia.utils.packages import require_package
from pneumonia.utils.safe_csv import CsvWriter

MANIFEST = "manifest.json"
COLUMNS = ("path", "path_sha256", *READING_COLUMNS)
# A million files make a thousand parts, and no more readings than these are lost with a run that is killed.
READINGS = 1000

_NUMBERS = ("probability", "threshold", "logit", "in_lung_share", "lung_area")
# Of a hash, what is kept in memory of a file that was read before: enough that no two of any archive agree.
_KEY_BYTES = 16
_PART = re.compile(r"part-\d{5,}", re.ASCII)
# Paths looked up at once.
_PATHS = 4096


class Parts:
    """The parts of one archive; `open_parts` makes it.

    A file is known by the hash of its path as it was named, in a column of the part: a path need not be valid text,
    and a spreadsheet's cell may hold it changed.

    Args:
        folder: of the parts.
        form: a key of `FORMS`.

    Attributes:
        done: how many files have their readings in whole parts.
        rejected: how many of these were rejected.

    Raises:
        DataError: if a part is not as it was written.
    """

    def __init__(self, folder: Path, form: str) -> None:
        self._folder = folder
        self._form = FORMS[form]
        self._ending = form
        self._rows: list[dict[str, Any]] = []
        self.rejected = 0
        keys = bytearray()
        parts = sorted(folder.glob(f"part-*.{form}"))
        for part in parts:
            if not _PART.fullmatch(part.stem):
                raise _change_error(part)
            for digest, status in self._form.stored(part):
                keys += bytes.fromhex(digest)[:_KEY_BYTES]
                self.rejected += status == "rejected"
        self._keys = np.sort(np.frombuffer(keys, f"S{_KEY_BYTES}"))
        self.done = len(self._keys)
        self._next = 1 + max((int(part.stem.removeprefix("part-")) for part in parts), default=-1)

    def unread(self, paths: Iterable[str]) -> Iterator[str]:
        """The paths of a stream whose readings are in no part that was there at the start, in their order."""
        paths = iter(paths)
        while batch := list(islice(paths, _PATHS)):
            seen = self._holds([_digest(path)[:_KEY_BYTES] for path in batch])
            yield from (path for path, known in zip(batch, seen, strict=True) if not known)

    def add(self, path: str, reading: Mapping[str, Any]) -> None:
        """Take a reading, as `Prediction.to_dict` gives it; enough of them are written as a part.

        Raises:
            OSError: if the part cannot be written.
        """
        self._rows.append({"path": path, "path_sha256": _digest(path).hex(), **reading_row(reading)})
        if len(self._rows) >= READINGS:
            self.write()

    def write(self) -> None:
        """Write what was taken since the last part as one more; nothing, if nothing was."""
        if not self._rows:
            return
        write_atomic(self._folder / f"part-{self._next:05d}.{self._ending}", self._form.contents(self._rows))
        self._next += 1
        self.done += len(self._rows)
        self.rejected += sum(row["status"] == "rejected" for row in self._rows)
        self._rows = []

    def _holds(self, keys: list[bytes]) -> np.ndarray:
        if not len(self._keys):
            return np.zeros(len(keys), bool)
        wanted = np.array(keys, self._keys.dtype)
        places = np.searchsorted(self._keys, wanted).clip(max=len(self._keys) - 1)
        return self._keys[places] == wanted


@contextmanager
def open_parts(folder: Path, form: str, settings: Mapping[str, Any]) -> Iterator[Parts]:
    """Begin a folder of parts, or go on with one; one run at a time.

    What was taken and not yet written is written at the end, and when it is ended by Ctrl-C or an expected failure.

    Args:
        folder: made if it is not there.
        form: a key of `FORMS`.
        settings: what the readings depend on, as JSON values; stored in the manifest, and the same ever after.

    Raises:
        DataError: if the folder holds something else or was begun with other settings, if another run writes to it,
            or if a part is not as it was written.
        MissingExtraError: if what writes the form is not installed.
        OSError: if the folder cannot be written to, or the disk is full; the parts that are there stay.
    """
    if form == "parquet":
        require_package("pyarrow", "Parquet needs pyarrow", "ray")
    folder.mkdir(parents=True, exist_ok=True)
    try:
        # The system lets go of it when the process ends, however it ends.
        lock = FileLock(folder / ".lock").acquire(timeout=0)
    except Timeout:
        raise DataError("Another run is writing to this folder of parts. Wait for it, or end it.") from None
    with lock:
        for partial in folder.glob(partial_path(folder / "*").name):
            partial.unlink()
        _require_same(folder, json.loads(json_bytes(dict(settings))))
        parts = Parts(folder, form)
        try:
            yield parts
        except (PneumoniaError, KeyboardInterrupt):
            parts.write()
            raise
        parts.write()


def _require_same(folder: Path, settings: dict[str, Any]) -> None:
    manifest = folder / MANIFEST
    try:
        before = require_form(dict[str, Any], json.loads(manifest.read_bytes()))
    except FileNotFoundError:
        if any(not path.name.startswith(".") for path in folder.iterdir()):
            raise DataError(f"The folder for the parts is not empty and has no {MANIFEST}. Name a new one.") from None
        write_json(manifest, settings)
        return
    except ValueError:
        before = {}
    changed = [name for name in settings if name not in before or before[name] != settings[name]]
    if changed:
        raise DataError(
            f"These parts were begun with other settings ({', '.join(changed).replace('_', ' ')}; see {MANIFEST}). "
            "Go on with the same, or name a new folder."
        )


def _digest(path: str) -> bytes:
    return hashlib.sha256(os.fsencode(path)).digest()


def _csv(rows: Sequence[Mapping[str, Any]]) -> bytes:
    text = io.StringIO()
    CsvWriter(text, COLUMNS).write_all(rows)
    # File names need not be valid text.
    return text.getvalue().encode("utf-8", "backslashreplace")


def _stored_csv(part: Path) -> Iterator[tuple[str, str]]:
    try:
        with part.open(newline="", encoding="utf-8") as file:
            rows = csv.reader(file)
            header = next(rows, [])
            digest, status = header.index("path_sha256"), header.index("status")
            for row in rows:
                if len(row) != len(header) or len(bytes.fromhex(row[digest])) != hashlib.sha256().digest_size:
                    raise ValueError
                yield row[digest], row[status]
    except (ValueError, csv.Error):
        raise _change_error(part) from None


def _parquet(rows: Sequence[Mapping[str, Any]]) -> bytes:
    # Imported only where it is asked for: it comes with locks/ray.txt.
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = pa.schema([(name, pa.float64() if name in _NUMBERS else pa.string()) for name in COLUMNS])
    table = pa.Table.from_pylist([{name: _valid(row[name]) for name in COLUMNS} for row in rows], schema)
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd")
    return sink.getvalue().to_pybytes()


def _stored_parquet(part: Path) -> Iterator[tuple[str, str]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(part, columns=["path_sha256", "status"], partitioning=None)
        digests, statuses = table["path_sha256"].to_pylist(), table["status"].to_pylist()
    except (pa.ArrowException, KeyError, OSError):
        raise _change_error(part) from None
    yield from zip(digests, statuses, strict=True)


def _valid(value: Any) -> Any:
    return value.encode("utf-8", "backslashreplace").decode() if isinstance(value, str) else value


def _change_error(part: Path) -> DataError:
    return DataError(f"{part.name} is not as it was written. Delete it and run again: its files are then read again.")


class _Form(NamedTuple):
    """A writer of parts, and a reader of the hash and the status of each of their readings."""

    contents: Callable[[Sequence[Mapping[str, Any]]], bytes]
    stored: Callable[[Path], Iterator[tuple[str, str]]]


FORMS = {"csv": _Form(_csv, _stored_csv), "parquet": _Form(_parquet, _stored_parquet)}
