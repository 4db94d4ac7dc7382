"""The ways into the product, with the same files through each, and what each file cost.

Files lie in a folder each, with a good one after it, which must be read as it is when nothing bad came before; ways
that only lead to the library take a good one after each tenth. Time is that of the processors: it does not depend on
what else the machine does, and is more than what passes on a clock when two cores work.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError

from pneumonia.core.operating_points import BALANCED
from pneumonia.variants.registry import DEFAULT
from scripts import ROOT
from scripts.studies.reliability.abuse.answers import CHEST
from scripts.studies.reliability.abuse.archives import Batch
from scripts.studies.reliability.abuse.cases import Case
from scripts.studies.reliability.synthetic_images import dicom_bytes, encode
from scripts.tools.served_page import served_page

# What an answer may take: seconds of the processors, also of slow ones, and MB beyond those of the loaded process.
SECONDS, MEGABYTES = 8.0, 500.0
GOOD = "chest.png"
_EVERY = 10
# Read first, one of them as DICOM, so that all that is loaded with the first images is there.
_WARM_UP = 8
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass
class Answers:
    """The answer of one interface.

    Attributes:
        records: of each file, by its place among the cases; as `Prediction.to_dict`, and more.
        good: of the good files, in the order in which they were read.
        seconds: of the processors, by place.
        megabytes: by which memory grew over the loaded process at most.
        said: on standard error.
    """

    records: dict[int, dict[str, Any]] = field(default_factory=dict)
    good: list[dict[str, Any]] = field(default_factory=list)
    seconds: dict[int, float] = field(default_factory=dict)
    megabytes: float = 0.0
    said: str = ""

    def complaints(self, cases: Sequence[Case | Batch]) -> list[str]:
        """Find what is wrong, a sentence each."""
        answered = [
            (case, self.records[number]) for number, case in enumerate(cases, start=1) if number in self.records
        ]
        wrong = [text for case, record in answered for text in case.complaints(record)]
        unanswered = [case.what for number, case in enumerate(cases, start=1) if number not in self.records]
        if unanswered:
            wrong.append(f"{unanswered[0]}: no answer, as for {len(unanswered) - 1} cases after it.")
        judgements = [_judgement(record) for record in self.good]
        wrong += [
            f"Good image {number} of {len(judgements)} was read differently."
            for number, judgement in enumerate(judgements, start=1)
            if judgement != judgements[0]
        ]
        if not judgements or judgements[0]["status"] != "read":
            wrong.append("The good image was not read.")
        return wrong + [line for line in self.said.splitlines() if "Traceback" in line or '"crash"' in line]

    def summary(self, cases: Sequence[Case | Batch]) -> dict[str, Any]:
        """Plain figures."""
        slowest = max(self.seconds, key=self.seconds.get, default=None)
        counted = [record["status"] for record in self.records.values()]
        return {
            "cases": len(counted),
            "read": counted.count("read"),
            "rejected": counted.count("rejected"),
            "wrong": len(self.complaints(cases)),
            "slowest_seconds": slowest and round(self.seconds[slowest], 2),
            "slowest": slowest and cases[slowest - 1].what,
            "greatest_growth_megabytes": round(self.megabytes),
        }


def _judgement(record: dict[str, Any]) -> dict[str, Any]:
    return {
        key: record[key] for key in ("status", "error", "logit", "probability", "finding", "checks", "image_sha256")
    }


def differing(cases: Sequence[Case], one: Answers, other: Answers) -> list[str]:
    """Cases that two interfaces answer differently, or that one did not answer."""
    return [
        case.what
        for number, case in enumerate(cases, start=1)
        if not (number in one.records and number in other.records)
        or _judgement(one.records[number]) != _judgement(other.records[number])
    ]


def write(folder: Path, cases: Iterable[Case]) -> None:
    """Write each case into a folder of its own, and a good image into one after it."""
    good = encode(CHEST, "PNG")
    for number in range(_WARM_UP - 1):
        _put(folder / f"0000-{number}" / GOOD, good)
    _put(folder / "0000" / "chest.dcm", dicom_bytes(CHEST))
    for number, case in enumerate(cases, start=1):
        _put(folder / f"{number:04}" / case.name, case.make())
        _put(folder / f"{number:04}-after" / GOOD, good)


def _put(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True)
    path.write_bytes(data)


def paths(folder: Path, every: int = 1) -> list[Path]:
    """Files that `write` wrote, in order, with the good one after each so many cases."""
    found = ((path, *path.parent.name.partition("-")) for path in sorted(folder.glob("*/*")))
    return [path for path, number, _, after in found if after != "after" or int(number) % every == 0]


def library(folder: Path) -> Answers:
    """A program that uses the library, one file after the other."""
    return _of_process([sys.executable, "-m", "scripts.studies.reliability.abuse.library", str(folder)])


def script(folder: Path) -> Answers:
    """The command, with all files at once. It reads on all cores, so times are those between two answers."""
    return _of_process([sys.executable, "scripts/predict.py", "--format", "jsonl", *paths(folder, _EVERY)])


def api(folder: Path) -> Answers:
    """The endpoint `/read` of the page."""
    answers, log, loaded = Answers(), folder.with_suffix(".log"), 0.0
    with log.open("w") as said, served_page(stdout=said, stderr=said) as page:
        client = Client(page.address, verbose=False, analytics_enabled=False, download_files=False)
        for place, path in enumerate(paths(folder, _EVERY)):
            before = _cpu_seconds(page.process)
            try:
                record = _read(page.address, client, path)
            except httpx.TransportError:  # the server is gone
                break
            _note(answers, path, record, _cpu_seconds(page.process) - before)
            if place == _WARM_UP - 1:
                loaded = _peak(page.process)
        answers.megabytes = _peak(page.process) - loaded
    answers.said = log.read_text()
    return answers


def batch(folder: Path, batches: Sequence[Batch]) -> Answers:
    """The endpoint `/batch`, with an archive at a time; each is answered whole or by its files, the `members`."""
    answers, log, good = Answers(), folder / "server.log", folder / GOOD
    good.write_bytes(encode(CHEST, "PNG"))
    with log.open("w") as said, served_page(stdout=said, stderr=said) as page:
        client = Client(page.address, verbose=False, analytics_enabled=False, download_files=False)
        answers.good.append(_read(page.address, client, good))
        loaded = _peak(page.process)
        for number, archive in enumerate(batches, start=1):
            path = folder / "none.zip"
            path.write_bytes(archive.make())
            before = _cpu_seconds(page.process)
            try:
                members = client.predict([handle_file(path)], DEFAULT, BALANCED, api_name="/batch")[0]
                answers.records[number] = {"status": "read", "members": members}
            except AppError as error:
                answers.records[number] = {"status": "rejected", "error": str(error)}
            except httpx.TransportError:  # the server is gone
                break
            answers.seconds[number] = _cpu_seconds(page.process) - before
            answers.good.append(_read(page.address, client, good))
        answers.megabytes = _peak(page.process) - loaded
    answers.said = log.read_text()
    return answers


def _read(address: str, client: Client, path: Path) -> dict[str, Any]:
    # As a browser sends it: gradio_client would change the name.
    with path.open("rb") as file:
        sent = httpx.post(f"{address}/gradio_api/upload", files={"files": (path.name, file)}, timeout=120)
    (place,) = sent.raise_for_status().json()
    upload = {"path": place, "meta": {"_type": "gradio.FileData"}}
    return client.predict(upload, DEFAULT, BALANCED, api_name="/read")[0]


def _of_process(command: list[str | Path]) -> Answers:
    """Run a command that prints a reading a line."""
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    answers, loaded, peak = Answers(), 0.0, 0.0
    # What is said goes into a file: a pipe that nobody reads yet is soon full, and stops the process.
    with (
        tempfile.TemporaryFile("w+") as said,
        subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=said, text=True) as process,
    ):
        before = _cpu_seconds(process.pid)
        for place, line in enumerate(process.stdout):
            now = _cpu_seconds(process.pid)
            record = json.loads(line)
            _note(answers, Path(record["path"]), record, now - before)
            before = now
            peak = _peak(process.pid) or peak
            if place == _WARM_UP - 1:
                loaded = peak
        process.wait()
        said.seek(0)
        answers.said = said.read()
    answers.megabytes = peak - loaded
    return answers


def _note(answers: Answers, path: Path, record: dict[str, Any], seconds: float) -> None:
    number, _, after = path.parent.name.partition("-")
    if after:
        answers.good.append(record)
    elif int(number):
        answers.records[int(number)] = record
        answers.seconds[int(number)] = seconds


def _cpu_seconds(process: int) -> float:
    """Of a process and of those that it waited for; 0 for one that has just ended."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return sum(map(int, fields[11:15])) / _TICKS


def _peak(process: int) -> float:
    """The most resident memory of a process so far, in MB; 0 for one that has just ended."""
    try:
        lines = Path(f"/proc/{process}/status").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM")), 0.0)
