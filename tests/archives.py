"""Archives for the tests of `scripts/predict.py --parts`, the command with small parts, and what stands in them."""

import csv
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import cv2
import pyarrow.parquet as pq

from pneumonia.errors import WeightsError
from tests.making import synthetic_chest

ROOT = Path(__file__).parent.parent
READINGS = 10  # a part
# Two that a spreadsheet shows alike, and two that are alike as text.
ODD_NAMES = ["=1+1", "'=1+1", os.fsdecode(b"not\xfftext"), "not\\udcfftext", "line\nbreak", "Röntgen"]
_PROGRAM = f"""
import runpy, sys
sys.path.insert(0, {str(ROOT / "scripts")!r})
import cli
from pneumonia import parts
parts.READINGS = {READINGS}
sys.argv[0] = "predict.py"
runpy.run_path({str(ROOT / "scripts" / "predict.py")!r}, run_name="__main__")
"""


def write_archive(folder: Path) -> None:
    """A hundred chests in two folders, and six files of another kind."""
    chest = cv2.imencode(".png", synthetic_chest(160))[1].tobytes()
    for number in range(100):
        path = folder / f"{number % 2}" / f"{number:03d}"
        path.parent.mkdir(exist_ok=True)
        # Each is another file; what follows a picture is not read.
        path.write_bytes(chest + bytes([number]))
    for name in ODD_NAMES:
        (folder / name).write_text("no image")


def read_or_die(paths: list[bytes]) -> list[dict[str, Any]]:
    """What a worker does in place of reading; it dies of some files, and others are an expected failure."""
    for path in paths:
        if b"deadly" in path:
            os._exit(1)
        if b"refused" in path:
            raise WeightsError("There are no weights.")
    return [{"path": path, "process": os.getpid()} for path in paths]


def command(*arguments: object) -> list[str]:
    """The command that reads into parts of `READINGS` readings."""
    return [sys.executable, "-c", _PROGRAM, *map(str, arguments), "--variant", "custom-cnn"]


def run(*arguments: object, **options: Any) -> subprocess.CompletedProcess:
    """Run the command to its end."""
    done = subprocess.run(command(*arguments), capture_output=True, text=True, timeout=600, **options)
    assert "Traceback" not in done.stderr, done.stderr
    return done


def start(*arguments: object, **options: Any) -> subprocess.Popen:
    """Run the command in the background; `stdout` holds all that it says."""
    return subprocess.Popen(command(*arguments), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options)


def wait_until(true: Callable[[], object], process: subprocess.Popen) -> None:
    """Wait for something that a command in the background does before its end."""
    deadline = time.monotonic() + 600
    while not true():
        assert process.poll() is None, process.stdout.read()
        assert time.monotonic() < deadline
        time.sleep(0.02)


def parts(folder: Path) -> list[Path]:
    """The parts that are there, in order."""
    return sorted(folder.glob("part-*"))


def rows(folder: Path) -> list[dict[str, Any]]:
    """What stands in the parts, in order; Parquet's values as CSV has them."""
    return [row for part in parts(folder) for row in _rows(part)]


def _rows(part: Path) -> Sequence[dict[str, Any]]:
    if part.suffix == ".csv":
        with part.open(newline="", encoding="utf-8") as file:
            return list(csv.DictReader(file))
    table = pq.read_table(part).to_pylist()
    return [{name: "" if value is None else str(value) for name, value in row.items()} for row in table]
