"""The interface that all studies share: `measure` writes figures as JSON, `render` writes a document from them."""

import argparse
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pneumonia.cli.exit_codes import DONE, run_command
from pneumonia.cli.recorded_command import command_line
from pneumonia.errors import PneumoniaError
from pneumonia.utils.json_values import json_bytes
from scripts import ROOT

DOCUMENTS = ROOT / "docs"
FIGURES = DOCUMENTS / "studies"


@dataclass(frozen=True)
class Measurement:
    """A way to figures.

    Attributes:
        add_options: gives a parser its options.
        measure: from these, as parsed, to figures: JSON values. Their `command` is that of the measurement unless they
            name one.
        part: from the same options, the name of the part of the study that is measured, where it is not that of the
            measurement.
        shortfalls: of the figures, what was aimed at and not reached, a sentence each.
    """

    add_options: Callable[[argparse.ArgumentParser], None]
    measure: Callable[[argparse.Namespace], dict[str, Any]]
    part: Callable[[argparse.Namespace], str] | None = None
    shortfalls: Callable[[dict[str, Any]], list[str]] = lambda figures: []


@dataclass(frozen=True)
class Study:
    """Figures of one question, and the document that tells them.

    Attributes:
        name: of `docs/studies/NAME.json`, or of the folder there that holds a JSON file for each part; and of
            `docs/NAME.md`.
        description: in a sentence.
        measurements: by name, where there are several.
        render: from the figures, or from those of all parts by name, to the document; None where another study tells
            them.
    """

    name: str
    description: str
    measurements: Measurement | Mapping[str, Measurement]
    render: Callable[[dict[str, Any]], str] | None = None

    @property
    def document(self) -> Path:
        return DOCUMENTS / f"{self.name}.md"

    def figures(self) -> dict[str, Any]:
        """Read what was measured: the figures, or those of each part by its name."""
        whole = FIGURES / f"{self.name}.json"
        if whole.exists():
            return json.loads(whole.read_text())
        return {path.stem: json.loads(path.read_text()) for path in sorted((FIGURES / self.name).glob("*.json"))}

    def run(self) -> None:
        """Run the command that this process was started with, and exit with its status."""
        run_command(self.main)

    def main(self, arguments: list[str] | None = None) -> int:
        """Measure or render, as the arguments say; those of this process if None.

        Raises:
            PneumoniaError: if something that was aimed at was not reached; the figures are written all the same.
        """
        parser = argparse.ArgumentParser(prog=f"python -m scripts.studies.{self.name}", description=self.description)
        actions = parser.add_subparsers(required=True, metavar="measure|render" if self.render else "measure")
        measure = actions.add_parser("measure", help="measure, and write the figures")
        if isinstance(self.measurements, Measurement):
            self._add(measure, self.measurements)
        else:
            names = measure.add_subparsers(required=True, metavar="|".join(self.measurements))
            for name, measurement in self.measurements.items():
                self._add(names.add_parser(name), measurement, name)
        if self.render:
            render = actions.add_parser("render", help="write the document from the figures")
            render.set_defaults(run=lambda _: self.document.write_text(self.render(self.figures())))
        parsed = vars(parser.parse_args(arguments))
        parsed.pop("run")(argparse.Namespace(**parsed))
        return DONE

    def _add(self, parser: argparse.ArgumentParser, measurement: Measurement, name: str | None = None) -> None:
        measurement.add_options(parser)

        def measure(arguments: argparse.Namespace) -> None:
            action = f"-m scripts.studies.{self.name} measure" + (f" {name}" if name else "")
            figures = {"command": command_line(action, arguments), **measurement.measure(arguments)}
            part = measurement.part(arguments) if measurement.part else name
            path = FIGURES / self.name / f"{part}.json" if part else FIGURES / f"{self.name}.json"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(json_bytes(figures))
            if missed := measurement.shortfalls(figures):
                raise PneumoniaError(" ".join(missed))

        parser.set_defaults(run=measure)
