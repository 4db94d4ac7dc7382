"""The abuse corpus sent through every interface, and what each file cost."""

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pneumonia.cli.arguments import positive
from scripts.studies.reliability.abuse import archives, corpus, interfaces
from scripts.studies.reliability.abuse.cases import Case

_INTERFACES = {"library": interfaces.library, "command": interfaces.script, "endpoint": interfaces.api}


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--every", type=positive, default=1, help="take one of so many cases of each kind")


def measure(arguments: argparse.Namespace) -> dict[str, Any]:
    """Send the corpus through library, command and endpoint, and the archives through the batch."""
    cases = list(corpus(arguments.every))
    with tempfile.TemporaryDirectory() as folder:
        files = Path(folder) / "cases"
        interfaces.write(files, cases)
        figures = {name: _summary(name, send(files), cases) for name, send in _INTERFACES.items()}
        batch = interfaces.batch(Path(folder), archives.CASES)
        figures["archives"] = _summary("archives", batch, archives.CASES)
    return {"interfaces": figures}


def _summary(name: str, answers: interfaces.Answers, cases: Sequence[Case | archives.Batch]) -> dict[str, Any]:
    """Figures of one interface; they and what is wrong are printed at once, since the next takes minutes."""
    summary = answers.summary(cases)
    print(f"{name}: {summary}", *answers.complaints(cases), sep="\n", flush=True)
    return summary


def shortfalls(figures: dict[str, Any]) -> list[str]:
    """Name the interfaces with wrong answers, a sentence each."""
    return [f"{name}: {of['wrong']} answers were wrong." for name, of in figures["interfaces"].items() if of["wrong"]]
