"""This version beside the one before it, in turn: readings, folders, overlays, and people and programs at the page."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import numpy as np
from gradio_client import Client, handle_file

from pneumonia.core.operating_points import BALANCED
from pneumonia.errors import DataError
from pneumonia.variants.registry import DEFAULT
from scripts import ROOT
from scripts.studies import timing
from scripts.studies.performance.in_browser import seconds_to_answers
from scripts.tools.served_page import served_page

_WORKLOAD = Path(__file__).with_name("workload.py")
# Each version is measured so often, in turn.
ROUNDS = 3
# Of images whose overlays are written in a round: the version before takes half a second for each.
_DRAWN = 30
# Programs that ask at once, and for how many seconds.
PROGRAMS, _SECONDS = 20, 10.0
# Readings by which one program is timed, and one person.
_ALONE, ANSWERS = 20, 30
# A way for one of many programs to have a file read: its path in, the reading out.
Ask = Callable[[Path], dict[str, Any]]


def measure_versions(before: Path, one: Path, files: Sequence[Path]) -> dict[str, Any]:
    """Measure this version and that of another checkout in turn.

    Args:
        before: the other checkout, in which `/read` is the way for programs; in this one `/reading` is.
        one: the file that is read by itself.
        files: the folder.

    Raises:
        DataError: if there is no checkout.
    """
    checkouts = {"before": before.resolve(), "now": ROOT}
    if not (checkouts["before"] / "app.py").is_file():
        raise DataError("There is no checkout of the project in the folder named by --before.")
    ways = {"before": by_event, "now": by_request}
    rounds: dict[str, list[dict[str, Any]]] = {name: [] for name in checkouts}
    for _ in range(ROUNDS):
        for name, checkout in checkouts.items():
            rounds[name].append({**_library(checkout, one, files), **_page(checkout, ways[name], files)})
    return {"rounds": ROUNDS, **rounds}


def by_request(address: str) -> Ask:
    """Ask in one request, for JSON alone."""
    client = httpx.Client(base_url=address, timeout=60)
    return lambda path: client.post("/reading", content=path.read_bytes()).raise_for_status().json()


def by_event(address: str) -> Ask:
    """Ask as the page does: upload, event, and pictures among the answers, which are not fetched."""
    client = Client(address, verbose=False, analytics_enabled=False, download_files=False)
    return lambda path: client.predict(handle_file(path), DEFAULT, BALANCED, api_name="/read")[0]


def ask_at_once(asks: Sequence[Ask], files: Sequence[Path], seconds: float) -> dict[str, float]:
    """Ask in several ways at once, each beginning with another file, until the time is up.

    Returns:
        "per_second": readings; "p95": seconds within which 95 of 100 came.
    """
    until = time.monotonic() + seconds

    def one(number: int) -> list[float]:
        waited = []
        while time.monotonic() < until:
            path = files[(number + len(asks) * len(waited)) % len(files)]
            waited.append(timing.seconds(partial(asks[number], path)))
        return waited

    started = time.perf_counter()
    with ThreadPoolExecutor(len(asks)) as pool:
        waited = [each for of_one in pool.map(one, range(len(asks))) for each in of_one]
    return {
        "per_second": len(waited) / (time.perf_counter() - started),
        "p95": float(np.percentile(waited, 95)),
    }


def _library(checkout: Path, one: Path, files: Sequence[Path]) -> dict[str, Any]:
    request = {
        "one": str(one),
        "files": list(map(str, files)),
        "drawn": list(map(str, files[:: -(-len(files) // _DRAWN)])),
    }
    done = subprocess.run(
        [sys.executable, _WORKLOAD],
        cwd=checkout,
        env={**os.environ, "PYTHONPATH": str(checkout)},
        input=json.dumps(request),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


def _page(checkout: Path, way: Callable[[str], Ask], files: Sequence[Path]) -> dict[str, dict[str, Any]]:
    with served_page(str(checkout / "app.py"), stderr=subprocess.DEVNULL, PYTHONPATH=str(checkout)) as page:
        answers, frames = seconds_to_answers(page.address, files[: ANSWERS + 1], drag=checkout == ROOT)
        ask = way(page.address)
        ask(files[0])
        alone = [timing.seconds(partial(ask, path)) for path in files[:_ALONE]]
        at_once = ask_at_once([way(page.address) for _ in range(PROGRAMS)], files, _SECONDS)
    person: dict[str, Any] = {"seconds": float(np.median(answers))}
    if frames:
        person |= {"frames_per_second": len(frames) / sum(frames), "slowest_frame": max(frames), "frames": frames}
    return {"person": person, "programs": {"seconds": float(np.median(alone)), **at_once}}
