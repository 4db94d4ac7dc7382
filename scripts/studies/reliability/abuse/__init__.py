"""The abuse corpus: files made to break a reader of radiographs, each with the one answer that is right."""

from collections.abc import Iterator

from scripts.studies.reliability.abuse import bombs, damage, giants, inputs, names, shipped
from scripts.studies.reliability.abuse.cases import Case, of_row


def corpus(every: int = 1) -> Iterator[Case]:
    """All cases, made one at a time.

    Args:
        every: take one of so many of each kind.
    """
    for kind in (map(of_row, inputs.ROWS), bombs.CASES, giants.CASES, damage.CASES, shipped.CASES, names.CASES):
        yield from list(kind)[::every]
