#!/usr/bin/env python3
"""Search for bytes that the decoder, or the reading of ZIP archives, does not answer as it should.

Fuzzing guided by coverage: libFuzzer, through atheris, mutates files that the tests make (nobody's radiograph) and
keeps what reaches new lines of the project, of pydicom, Pillow or zipfile. A finding is an input that ends in anything
but a sound radiograph or one sentence, or that takes over 5 seconds of the processor or over 500 MB. Code in C is
run, but not watched; JPEG Lossless and JPEG-LS, which a process of their own decodes, are left to the tests.

atheris 3.0.0 comes for Python 3.11 to 3.13 on Linux; requirements-fuzz.txt names it. Its place is an environment of its
own. --replay needs none of it.
"""

import argparse
import importlib.util
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import cli
from fuzz_apart import TARGETS, judge, readers

from pneumonia.bundle import json_bytes
from pneumonia.errors import PneumoniaError
from pneumonia.packages import install_command
from pneumonia.versions import serving_versions

_CHILD = Path(__file__).with_name("fuzz_apart.py")


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--targets", choices=TARGETS, nargs="+", default=TARGETS)
    parser.add_argument("--seconds", type=cli.positive, default=600, help="for each target")
    parser.add_argument("--findings", type=Path, default=Path("out/fuzz"), help="folder that they are saved to")
    parser.add_argument("--output", type=cli.output_file, help="JSON file to write")
    parser.add_argument("--replay", type=Path, nargs="+", metavar="FILE", help="read saved findings again, no more")
    return parser.parse_args()


def main() -> int:
    arguments = parse_arguments()
    if arguments.replay:
        return replay(arguments.replay)
    if importlib.util.find_spec("atheris") is None:
        raise PneumoniaError(
            "Not installed: atheris. It comes for Python 3.11 to 3.13 on Linux and needs an environment of its own: "
            + install_command("requirements-dev", "requirements-fuzz")
        )
    for name in arguments.targets:
        require_empty(arguments.findings / name)
    targets = {name: run(name, arguments.seconds, arguments.findings / name) for name in arguments.targets}
    for name, figures in targets.items():
        print(f"{name}: {figures}", flush=True)
    figures = {
        "command": cli.command_line("fuzz_decoder.py", arguments),
        "targets": targets,
        "versions": {**serving_versions(), "atheris": version("atheris")},
    }
    if arguments.output:
        arguments.output.write_bytes(json_bytes(figures))
    return cli.SOME_REJECTED if any(figures["findings"] for figures in targets.values()) else cli.DONE


def require_empty(findings: Path) -> None:
    """Make sure that there are no findings of an earlier run.

    Raises:
        PneumoniaError: if there are.
    """
    if findings.is_dir() and any(findings.iterdir()):
        raise PneumoniaError("The folder of findings is not empty. Read them again with --replay, or move them away.")


def run(target: str, seconds: int, findings: Path) -> dict[str, Any]:
    """Fuzz one target; after an input that ends the process, go on in another.

    Args:
        target: of `TARGETS`.
        seconds: in all.
        findings: folder for the inputs that are findings, one a cause; empty or missing.

    Returns:
        What was done, with the number of findings of each kind.
    """
    findings.mkdir(parents=True, exist_ok=True)
    from tests import seeds

    begins_with = getattr(seeds, f"{target}_seeds")()
    executions, processes, reached, started = 0, 0, ("0", "0", "0"), time.monotonic()
    with tempfile.TemporaryDirectory() as corpus:
        for number, data in enumerate(begins_with):
            (Path(corpus) / f"{number:04d}").write_bytes(data)
        while (left := int(seconds - (time.monotonic() - started))) > 0:
            processes += 1
            command = [sys.executable, _CHILD, target, corpus, findings, str(left), str(processes)]
            done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False)
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


def replay(files: Sequence[Path]) -> int:
    """Read files again, by the target whose folder they lie in, and say what comes of each."""
    found = False
    for file in files:
        target = file.parent.name if file.parent.name in TARGETS else TARGETS[0]
        finding = judge(readers()[target], file.read_bytes())
        found |= finding is not None
        print(f"{file.name}: {': '.join(finding) if finding else 'answered as it should be'}", flush=True)
    return cli.SOME_REJECTED if found else cli.DONE


if __name__ == "__main__":
    cli.run(main)
