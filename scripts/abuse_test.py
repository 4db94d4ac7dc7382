#!/usr/bin/env python3
"""Send the abuse corpus of the tests through the doors, and write what each file cost. Needs requirements-dev.txt."""

import argparse
import tempfile
from pathlib import Path

import cli

from pneumonia.bundle import json_bytes
from pneumonia.errors import PneumoniaError
from tests.abuse import archives, corpus, doors

_DOORS = {"library": doors.library, "command": doors.script, "endpoint": doors.api}


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--every", type=cli.positive, default=1, help="take one of so many cases of each kind")
    parser.add_argument("--output", type=cli.output_file, help="JSON file to write")
    return parser.parse_args()


def main() -> int:
    arguments = parse_arguments()
    cases = list(corpus(arguments.every))
    figures, wrong = {}, []
    with tempfile.TemporaryDirectory() as folder:
        doors.write(folder := Path(folder) / "cases", cases)
        for name, door in _DOORS.items():
            passage = door(folder)
            figures[name] = passage.summary(cases)
            wrong += passage.complaints(cases)
            print(f"{name}: {figures[name]}", flush=True)
        batch = doors.batch(Path(folder).parent, archives.CASES)
        figures["archives"] = batch.summary(archives.CASES)
        wrong += batch.complaints(archives.CASES)
        print(f"archives: {figures['archives']}", flush=True)
    if arguments.output:
        command = cli.command_line("abuse_test.py", arguments)
        arguments.output.write_bytes(json_bytes({"command": command, "doors": figures}))
    if wrong:
        raise PneumoniaError("\n".join(wrong))
    return cli.DONE


if __name__ == "__main__":
    cli.run(main)
