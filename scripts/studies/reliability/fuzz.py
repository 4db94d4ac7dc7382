"""Search for bytes that the decoder, or the reading of ZIP archives, does not answer as it should.

Fuzzing guided by coverage: libFuzzer, through atheris, mutates files made by code (nobody's radiograph) and keeps what
reaches new lines of the project, of pydicom, Pillow or zipfile. A finding is an input that ends in anything but a sound
radiograph or one sentence, or that takes over 5 seconds of the processor or over 500 MB. Code in C is run, but not
watched; JPEG Lossless and JPEG-LS, which a process of their own decodes, are left to the tests.

atheris 3.0.0 comes for Python 3.11 to 3.13 on Linux; locks/fuzz.txt names it. Its place is an environment of its
own. Run as a script, this module reads saved findings again, which needs none of it.
"""

import argparse
import importlib.util
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pneumonia.cli.arguments import positive
from pneumonia.cli.exit_codes import DONE, SOME_REJECTED, run_command
from pneumonia.errors import MissingExtraError, PneumoniaError
from pneumonia.records.versions import serving_versions
from pneumonia.utils.packages import install_command
from scripts import ROOT
from scripts.studies.reliability import fuzz_process, seeds
from scripts.studies.reliability.fuzz_process import TARGETS, judge, readers


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--targets", choices=TARGETS, nargs="+", default=TARGETS)
    parser.add_argument("--seconds", type=positive, default=600, help="for each target")
    parser.add_argument("--findings", type=Path, default=Path("out/fuzz"), help="folder that they are saved to")


def measure(arguments: argparse.Namespace) -> dict[str, Any]:
    """Fuzz each target.

    Raises:
        MissingExtraError: if atheris is not installed.
        PneumoniaError: if there are findings of an earlier run, or fuzzing cannot begin.
    """
    if importlib.util.find_spec("atheris") is None:
        raise MissingExtraError(
            "Not installed: atheris. It comes for Python 3.11 to 3.13 on Linux and needs an environment of its own: "
            + install_command("dev", "fuzz")
        )
    for name in arguments.targets:
        require_empty(arguments.findings / name)
    targets = {name: run(name, arguments.seconds, arguments.findings / name) for name in arguments.targets}
    for name, figures in targets.items():
        print(f"{name}: {figures}", flush=True)
    return {"targets": targets, "versions": {**serving_versions(), "atheris": version("atheris")}}


def shortfalls(figures: dict[str, Any]) -> list[str]:
    """Name the targets with findings, a sentence each."""
    return [
        f"{name}: {sum(of['findings'].values())} findings." for name, of in figures["targets"].items() if of["findings"]
    ]


def require_empty(findings: Path) -> None:
    """Make sure that there are no findings of an earlier run.

    Raises:
        PneumoniaError: if there are.
    """
    if findings.is_dir() and any(findings.iterdir()):
        raise PneumoniaError("The folder of findings is not empty. Read them again, or move them away.")


def run(target: str, seconds: int, findings: Path) -> dict[str, Any]:
    """Fuzz one target; after an input that ends the process, go on in another.

    Args:
        target: of `TARGETS`.
        seconds: in all.
        findings: folder for the inputs that are findings, one a cause; empty or missing.

    Returns:
        What was done, with the number of findings of each kind.
    """
    findings = findings.resolve()
    findings.mkdir(parents=True, exist_ok=True)
    begins_with = getattr(seeds, f"{target}_seeds")()
    executions, processes, reached, started = 0, 0, ("0", "0", "0"), time.monotonic()
    with tempfile.TemporaryDirectory() as corpus:
        for number, data in enumerate(begins_with):
            (Path(corpus) / f"{number:04d}").write_bytes(data)
        while (left := int(seconds - (time.monotonic() - started))) > 0:
            processes += 1
            command = [sys.executable, "-m", fuzz_process.__name__, target, corpus, findings, str(left), str(processes)]
            done = subprocess.run(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False)
            log = done.stderr.decode(errors="replace")
            counted = re.search(r"number_of_executed_units: (\d+)", log)
            if not counted:
                _, _, last_line = log.strip().rpartition("\n")
                raise PneumoniaError(f"Fuzzing could not begin: {last_line}")
            executions += int(counted[1])
            reached = (re.findall(r"cov: (\d+) ft: (\d+) corp: (\d+)", log) or [reached])[-1]
    edges, features, kept = map(int, reached)
    return {
        "seconds": round(time.monotonic() - started),
        "executions": executions,
        "processes": processes,
        "seeds": len(begins_with),
        "coverage": {"edges": edges, "features": features, "inputs_kept": kept},
        "findings": dict(Counter(path.name.partition("-")[0] for path in findings.iterdir())),
    }


def main() -> int:
    """Read files again, by the target whose folder they lie in, and say what comes of each."""
    parser = argparse.ArgumentParser(description="Read saved findings again.")
    parser.add_argument("files", type=Path, nargs="+", metavar="FILE", help="in a folder with the name of its target")
    found = False
    for file in parser.parse_args().files:
        target = file.parent.name if file.parent.name in TARGETS else TARGETS[0]
        finding = judge(readers()[target], file.read_bytes())
        found |= finding is not None
        print(f"{file.name}: {': '.join(finding) if finding else 'answered as it should be'}", flush=True)
    return SOME_REJECTED if found else DONE


if __name__ == "__main__":
    run_command(main)
