"""The page used as many readers at once would: whether it stays right, quick enough, and small."""

import argparse
import itertools
import math
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import numpy as np
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from gradio_client.utils import QueueError

from pneumonia.cli.arguments import positive
from pneumonia.core.operating_points import BALANCED
from pneumonia.errors import DataError, PneumoniaError
from pneumonia.variants.registry import DEFAULT
from scripts import ROOT
from scripts.studies.timing import resident_megabytes
from scripts.tools.served_page import ServedPage, served_page

_EXAMPLES = ROOT / "demo" / "examples"
# What is aimed at: seconds within which 95 of 100 answers come, by number of users.
_P95 = {1: 1.0, 10: 8.0}
_SAMPLES = 40

# MB for a thousand readings, below which memory counts as flat: a server that reads one image a second all day then
# grows by under 2 GB.
FLAT = 20.0
# MB more, from the first readings to the last, that are put down to caches.
MOST_GROWTH = 100.0
# Fewer tell no trend.
LEAST_SAMPLES = 8
# Share of the readings in which caches and allocators fill.
_WARM_UP = 0.25


class Answer(NamedTuple):
    """The outcome of one request.

    Attributes:
        seconds: from sending the file to the whole answer.
        outcome: "right" (the values of a reading alone), "wrong" (others), "busy" (politely refused), or "failed".
    """

    seconds: float
    outcome: str


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=Path, help="folder with radiographs; synthetic examples if left out")
    parser.add_argument("--users", type=positive, nargs="+", default=[1, 5, 10, 20], help="how many, in turn")
    parser.add_argument("--minutes", type=_minutes, default=5.0, help="for each number of users")
    parser.add_argument("--readings", type=_readings, default=2000, help="over which memory is watched")


def _minutes(text: str) -> float:
    value = float(text)
    if not 0 < value < math.inf:
        raise argparse.ArgumentTypeError("must be above 0")
    return value


def _readings(text: str) -> int:
    value = int(text)
    if value < LEAST_SAMPLES:
        raise argparse.ArgumentTypeError(f"must be at least {LEAST_SAMPLES}: fewer tell nothing of memory")
    return value


def measure(arguments: argparse.Namespace) -> dict[str, Any]:
    """Use the page with each number of users in turn, then alone for many readings.

    Raises:
        DataError: if there is nothing to read.
        PneumoniaError: if the page does not come up, or its memory cannot be told.
    """
    files = _files(arguments.data)
    users = {}
    with served_page() as page:
        truth = serial_records(page.address, files)
        for count in arguments.users:
            users[str(count)] = summary(use(page.address, files, truth, count, 60 * arguments.minutes))
            print(f"{count} users: {users[str(count)]}", flush=True)
    # Again, so that what many users left is not taken for what a reading leaves.
    with served_page() as page:
        memory = memory_over(page, files, arguments.readings)
    print(f"memory: {memory}", flush=True)
    return {"files": len(files), "users": users, "memory": memory}


def summary(answers: Sequence[Answer]) -> dict[str, Any]:
    """Counts of each outcome, and seconds of those that were read.

    Returns:
        JSON values; the percentiles are None where nothing was read.
    """
    read = [answer.seconds for answer in answers if answer.outcome in ("right", "wrong")]
    counts = {kind: sum(answer.outcome == kind for answer in answers) for kind in ("right", "wrong", "busy", "failed")}
    percentiles = np.percentile(read, (50, 95, 100)).tolist() if read else [None] * 3
    return {**counts, **dict(zip(("median", "p95", "longest"), percentiles, strict=True))}


def memory_trend(readings: Sequence[int], megabytes: Sequence[float]) -> dict[str, float]:
    """Measure how memory goes with the number of readings, after a first quarter in which caches fill.

    Args:
        readings: (N,) done so far, rising; at least `LEAST_SAMPLES`.
        megabytes: (N,) resident after them.

    Returns:
        "growth": MB from the first sample to the last; "slope": MB for a thousand readings, the median of the slopes
        between all pairs after the first quarter (Theil 1950; Sen, JASA 1968), which a single jump does not move.
    """
    x, y = np.asarray(readings, float), np.asarray(megabytes, float)
    late = x >= x[0] + _WARM_UP * (x[-1] - x[0])
    first, second = np.triu_indices(int(late.sum()), 1)
    slopes = (y[late][second] - y[late][first]) / (x[late][second] - x[late][first])
    return {"growth": float(y[-1] - y[0]), "slope": float(1000 * np.median(slopes))}


def serial_records(address: str, files: Sequence[Path]) -> list[dict[str, Any]]:
    """The answers of the page to each file when nobody else uses it."""
    client = _client(address)
    return [_read(client, file) for file in files]


def use(
    address: str, files: Sequence[Path], truth: Sequence[dict[str, Any]], users: int, seconds: float
) -> list[Answer]:
    """Read the files again and again, by so many users at once, each beginning with another file."""
    until = time.monotonic() + seconds
    with ThreadPoolExecutor(users) as pool:
        parts = pool.map(lambda user: _one_user(address, files, truth, user, until), range(users))
        return list(itertools.chain(*parts))


def memory_over(page: ServedPage, files: Sequence[Path], readings: int) -> dict[str, Any]:
    """Resident memory of the server in MB, over so many readings by one user; as `memory_trend`, with its samples."""
    client = _client(page.address)
    if resident_megabytes(page.process) is None:
        raise PneumoniaError("This system does not tell the memory of a process in /proc.")
    every = max(1, readings // _SAMPLES)
    samples = []
    for done, file in enumerate(itertools.islice(itertools.cycle(files), readings), start=1):
        _read(client, file)
        if done % every == 0:
            samples.append((done, resident_megabytes(page.process)))
    return {"samples": samples, **memory_trend(*zip(*samples, strict=True))}


def shortfalls(figures: dict[str, Any]) -> list[str]:
    """Name the goals that were not reached, a sentence each."""
    found = []
    for users, of in figures["users"].items():
        if of["wrong"] or of["failed"]:
            found.append(f"With {users} users {of['wrong']} answers were wrong and {of['failed']} requests failed.")
        within = _P95.get(int(users))
        if within and not (of["p95"] is not None and of["p95"] < within):
            found.append(f"With {users} users the 95th percentile is not under {within:g} seconds.")
    if not figures["memory"]["growth"] < MOST_GROWTH:
        found.append(f"Memory grew by {MOST_GROWTH:g} MB or more.")
    if not figures["memory"]["slope"] < FLAT:
        found.append(f"Memory grows by {FLAT:g} MB or more in a thousand readings.")
    return found


def _one_user(
    address: str, files: Sequence[Path], truth: Sequence[dict[str, Any]], user: int, until: float
) -> list[Answer]:
    client, answers = _client(address), []
    for number in itertools.count(user):
        if time.monotonic() >= until:
            return answers
        started = time.perf_counter()
        which = number % len(files)
        try:
            outcome = "right" if _read(client, files[which]) == truth[which] else "wrong"
        except QueueError:
            outcome = "busy"
        except (AppError, httpx.HTTPError) as error:
            print(f"failed: {type(error).__name__}: {error}", flush=True)
            outcome = "failed"
        answers.append(Answer(time.perf_counter() - started, outcome))


def _client(address: str) -> Client:
    return Client(address, verbose=False, analytics_enabled=False, download_files=False)


def _read(client: Client, file: Path) -> dict[str, Any]:
    record, *_ = client.predict(handle_file(file), DEFAULT, BALANCED, api_name="/read")
    return record


def _files(folder: Path | None) -> list[Path]:
    if folder is None:
        return sorted(_EXAMPLES.glob("synthetic-[np]*.png"))  # one of the others is refused
    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in (".jpeg", ".png"))
    if not files:
        raise DataError("There are no JPEG or PNG files in the folder named by --data.")
    return files
