"""The document of reliability, written from the promises and from figures, so that no number is typed by hand."""

from typing import Any

from pneumonia.utils.markdown import command_block, table
from scripts.studies.documents import opening, section
from scripts.studies.reliability.load import FLAT, MOST_GROWTH
from scripts.studies.reliability.promises import PARTS, read_promises

_OPENING = opening(
    "Reliability",
    "reliability",
    "What can be relied on, the test that fails where it is broken, and what was measured. The tests carry the "
    "promises as marks and are run by `make test` and `make test-slow`; figures are of one machine with two cores. "
    "[SECURITY.md](../SECURITY.md) says who might attack what, and what is not defended.",
    "reliability/*.json",
)


def render(figures: dict[str, Any]) -> str:
    """The whole of docs/reliability.md.

    Args:
        figures: of `abuse`, `fuzz` and `load`.
    """
    promises, measured = read_promises(), measurements(figures)
    parts = [_OPENING]
    for part in PARTS:
        rows = [
            [promise.sentence, f"`{promise.file}::{promise.test}`", measured.get(promise.test, "")]
            for promise in promises
            if promise.part == part
        ]
        parts.append(section(part, table(["promise", "test", "measured"], rows)))
    commands = "\n".join(of["command"] for of in figures.values())
    parts.append(section("How it was measured", command_block(commands)))
    return "\n".join(parts)


def measurements(figures: dict[str, Any]) -> dict[str, str]:
    """Measurements by the name of the test that promises them."""
    load, interfaces, targets = figures["load"], figures["abuse"]["interfaces"], figures["fuzz"]["targets"]
    memory = load["memory"]
    return {
        "test_the_library": _abuse(interfaces["library"]),
        "test_the_command_answers_as_the_library_does": f"{_abuse(interfaces['command'])} for both",
        "test_the_endpoint_answers_as_the_library_does": _abuse(interfaces["endpoint"]),
        "test_archives": _abuse(interfaces["archives"], "archives"),
        "test_random_bytes": f"fuzzing: {targets['decoder']['executions']:,} files from {targets['decoder']['seeds']} "
        f"seeds, {len(targets['decoder']['findings'])} findings",
        "test_it_begins_with_files_of_every_kind_that_are_answered_as_they_should_be": "fuzzing: "
        f"{targets['archive']['executions']:,} archives, {len(targets['archive']['findings'])} findings",
        "test_users_at_once_get_what_one_alone_gets": "; ".join(
            f"{users} at once: {of['right']:,} readings, {of['wrong']} wrong, {of['failed']} failed; "
            f"95 of 100 within {of['p95']:.2f} s"
            for users, of in load["users"].items()
        ),
        "test_a_leak_is_noticed": f"{memory['growth']:.0f} MB more after {memory['samples'][-1][0]:,} readings "
        f"(limit {MOST_GROWTH:.0f}); late on {memory['slope']:.0f} MB in a thousand (limit {FLAT:.0f})",
    }


def _abuse(figures: dict[str, Any], what: str = "files") -> str:
    return (
        f"{figures['cases']} {what}, {figures['wrong']} wrong; at most {figures['slowest_seconds']} s and "
        f"{figures['greatest_growth_megabytes']} MB"
    )
