#!/usr/bin/env python3
"""Write docs/reliability.md from the promises, and from figures in docs/results/."""

import argparse
import json
from typing import Any

import cli
from documents import command_block, section, table
from promises import PROMISES

from pneumonia.evaluation.load import FLAT, MOST_GROWTH

RESULTS = cli.ROOT / "docs" / "results"
DOCUMENT = cli.ROOT / "docs" / "reliability.md"
# Each is made by the command that it names.
SOURCES = ("abuse", "fuzz", "load")
_HEAD = """# Reliability

Written by `python scripts/report_reliability.py`. What can be relied on, the test that fails where it is broken, and
what was measured. The tests lie in `tests/` and are run by `make test` and `make test-slow`; figures are of one machine
with two cores. [SECURITY.md](../SECURITY.md) says who might attack what, and what is not defended.
"""


def main() -> int:
    argparse.ArgumentParser(description=__doc__).parse_args()
    DOCUMENT.write_text(render({name: json.loads((RESULTS / f"{name}.json").read_text()) for name in SOURCES}))
    return cli.DONE


def render(figures: dict[str, Any]) -> str:
    """The whole of docs/reliability.md.

    Args:
        figures: contents of the JSON files, by name.
    """
    load = figures["load"]
    # A format string takes a number in brackets for a place in a list.
    users = {f"of_{count}": answers for count, answers in load["users"].items()}
    found = {name: len(target["findings"]) for name, target in figures["fuzz"]["targets"].items()}
    named = {**figures, "users": users, "found": found, "readings": load["memory"]["samples"][-1][0]}
    named |= {"growth_limit": MOST_GROWTH, "slope_limit": FLAT}
    parts = [_HEAD]
    for part, promises in PROMISES.items():
        rows = [[said, f"`{test}`", measured.format(**named)] for said, test, measured in promises]
        parts.append(section(part, table(["promise", "test", "measured"], rows)))
    commands = "\n".join(figures[name]["command"] for name in SOURCES)
    parts.append(section("How it was measured", command_block(commands)))
    return "\n".join(parts)


if __name__ == "__main__":
    cli.run(main)
