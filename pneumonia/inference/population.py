"""Of which population a patient is: by the header, or else by the reader, or else by the picture.

Nothing is guessed: where the picture does not tell, the reading says so and asks. What contradicts each other is told.
"""

from collections import Counter
from collections.abc import Collection, Iterable
from typing import NamedTuple

from pneumonia.core.check import Check
from pneumonia.core.populations import (
    ADULTS,
    CHILDREN,
    PopulationSource,
    nearest_population,
    population_of_age,
)
from pneumonia.errors import DataError

PATIENT = {CHILDREN: "a child of 1 to 5 years", ADULTS: "an adult"}
NAMES = {CHILDREN: "children of 1 to 5 years", ADULTS: "adults"}
_ASK = (
    "Is the patient a child of 1 to 5 years or an adult? Nothing says so, and the picture does not tell. Choose which: "
    "until then only what holds for both is found, and the probability is the mean of theirs."
)


class ReadAs(NamedTuple):
    """What a radiograph is read as.

    Attributes:
        population: the patient's; None where nobody knows.
        source: who said so.
        checks: what speaks against it.
    """

    population: str | None
    source: PopulationSource | None
    checks: tuple[Check, ...] = ()


def read_as(calibrated: Collection[str], age: float | None, chosen: str | None, seen: str | None) -> ReadAs:
    """Decide as whose a radiograph is read.

    Args:
        calibrated: the populations that the network is calibrated for, of `POPULATIONS`; none where nothing is stated
            of whom it was trained on.
        age: the patient's in years, by the header.
        chosen: population, by the reader.
        seen: population, by the picture.
    """
    stated: list[tuple[PopulationSource, str | None]] = [
        ("header", None if age is None else population_of_age(age)),
        ("reader", chosen),
        ("picture", seen),
    ]
    told = [(source, population) for source, population in stated if population is not None]
    warnings = []
    if age is not None and population_of_age(age) is None:
        # Whoever sees the patient knows better than the middle between the populations.
        nearest = nearest_population(age)
        told = [pair for pair in told if pair[0] == "reader"] or [("header", nearest)]
        warnings.append(
            f"The patient is {age:g} years old by the header. Nobody under 1 or of 6 to 17 years was trained on or "
            "measured: do not rely on this reading."
        )
        if told[0][1] != nearest:
            warnings[-1] += (
                f" It was read as {PATIENT[told[0][1]]}, as was chosen, though nearer to {PATIENT[nearest]}."
            )
    elif told:
        said, population = told[0]
        warnings += [_contradiction(said, population, other) for other, value in told[1:] if value != population]
    if not told and len(calibrated) > 1:
        return ReadAs(None, None, _checks([_ASK]))
    if not told:
        return ReadAs(next(iter(calibrated), None), None)
    source, population = told[0]
    if len(calibrated) == 1 and population not in calibrated:
        (only,) = calibrated
        warnings.append(
            f"The patient is {PATIENT[population]}, {_by(source)}, and this network was trained on {NAMES[only]} "
            "alone. Choose another network, or do not rely on this reading."
        )
        return ReadAs(only, None, _checks(warnings))
    return ReadAs(population, source, _checks(warnings))


def population_of_all(chosen: str | None, stated: Iterable[str], seen: Iterable[str | None]) -> str:
    """The one population that a set of images is judged as.

    Args:
        chosen: by the reader; None for what the rest tells.
        stated: of each image, where a table tells it; else empty.
        seen: as which each was read.

    Raises:
        DataError: if the images are of several populations, or nothing tells of which they are.
    """
    if chosen:
        return chosen
    told = {population for population in stated if population}
    if len(told) > 1:
        raise DataError("These images are of children and of adults, whose thresholds differ. Name one table of each.")
    if told:
        return told.pop()
    counts = Counter(population for population in seen if population)
    if not counts:
        raise DataError("Nothing tells whether these are images of children or of adults. Name it with --population.")
    return counts.most_common(1)[0][0]


def _contradiction(said: PopulationSource, population: str, other: PopulationSource) -> str:
    (contrary,) = PATIENT.keys() - {population}
    contradicts = {
        "reader": "but another was chosen",
        "picture": f"but the picture looks like that of {PATIENT[contrary]}",
    }[other]
    return (
        f"This was read as {PATIENT[population]}, {_by(said)}, {contradicts}. Make sure that it is the right image and "
        "the right patient."
    )


def _by(source: PopulationSource) -> str:
    return {"header": "by the DICOM header", "reader": "as was chosen", "picture": "by the picture"}[source]


def _checks(messages: list[str]) -> tuple[Check, ...]:
    return tuple(Check("population", "warn", message) for message in messages)
