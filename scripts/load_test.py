#!/usr/bin/env python3
"""Use the page as many readers at once would, and see whether it stays right, quick enough, and small."""

import argparse
import itertools
import math
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from gradio_client.utils import QueueError

import cli
from page import ServedPage, served_page

from pneumonia.bundle import json_bytes
from pneumonia.errors import DataError, PneumoniaError
from pneumonia.evaluation.load import FLAT, LEAST_SAMPLES, MOST_GROWTH, Answer, memory_trend, summary
from pneumonia.evaluation.speed import resident_megabytes
from pneumonia.operating_points import BALANCED
from pneumonia.variants import DEFAULT

_EXAMPLES = cli.ROOT / "demo" / "examples"
# What is aimed at: seconds within which 95 of 100 answers come, by number of users.
_P95 = {1: 1.0, 10: 8.0}
_SAMPLES = 40


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="folder with radiographs; synthetic examples if left out")
    parser.add_argument("--users", type=cli.positive, nargs="+", default=[1, 5, 10, 20], help="how many, in turn")
    parser.add_argument("--minutes", type=float, default=5.0, help="for each number of users")
    parser.add_argument("--readings", type=cli.positive, default=2000, help="over which memory is watched")
    parser.add_argument("--output", type=cli.output_file, help="JSON file to write")
    arguments = parser.parse_args()
    if not 0 < arguments.minutes < math.inf:
        parser.error("--minutes must be above 0")
    if arguments.readings < LEAST_SAMPLES:
        parser.error(f"--readings must be at least {LEAST_SAMPLES}: fewer tell nothing of memory")
    return arguments


def main() -> int:
    arguments = parse_arguments()
    files = _files(arguments.data)
    with served_page() as page:
        truth = serial_records(page.address, files)
        users = {}
        for count in arguments.users:
            users[str(count)] = summary(use(page.address, files, truth, count, 60 * arguments.minutes))
            print(f"{count} users: {users[str(count)]}", flush=True)
    # Anew, so that what many users left is not taken for what a reading leaves.
    with served_page() as page:
        memory = memory_over(page, files, arguments.readings)
    print(f"memory: {memory}", flush=True)
    command = cli.command_line("load_test.py", arguments)
    figures = {"command": command, "files": len(files), "users": users, "memory": memory}
    if arguments.output:
        arguments.output.write_bytes(json_bytes(figures))
    if missed := shortfalls(figures):
        raise PneumoniaError(" ".join(missed))
    return cli.DONE


def serial_records(address: str, files: Sequence[Path]) -> list[dict[str, Any]]:
    """What the page says of each file when nobody else uses it."""
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
    """What was not reached, a sentence each."""
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
    files = sorted(path for path in (folder or _EXAMPLES).rglob("*") if path.suffix.lower() in (".jpeg", ".png"))
    if not files:
        raise DataError("There are no JPEG or PNG files in the folder named by --data.")
    return files


if __name__ == "__main__":
    cli.run(main)
