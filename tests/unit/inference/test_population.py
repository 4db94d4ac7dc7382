"""Of which population a patient is read as, and what is told of it."""

from itertools import product

import pytest

from pneumonia.core.populations import ADULTS, CHILDREN, POPULATIONS
from pneumonia.errors import DataError
from pneumonia.inference.population import population_of_all, read_as

BOTH = (CHILDREN, ADULTS)


@pytest.mark.parametrize(
    ("age", "chosen", "seen", "population", "source", "told"),
    [
        (3, None, None, CHILDREN, "header", []),
        (40, None, None, ADULTS, "header", []),
        (40, ADULTS, ADULTS, ADULTS, "header", []),
        (40, CHILDREN, None, ADULTS, "header", ["another was chosen"]),
        (3, None, ADULTS, CHILDREN, "header", ["picture looks like"]),
        (3, ADULTS, ADULTS, CHILDREN, "header", ["another was chosen", "picture looks like that of an adult"]),
        (None, CHILDREN, None, CHILDREN, "reader", []),
        (None, CHILDREN, ADULTS, CHILDREN, "reader", ["picture looks like"]),
        (None, None, ADULTS, ADULTS, "picture", []),
        (None, None, None, None, None, ["Choose which"]),
        # Between the populations nothing was learned, and what the picture looks like says nothing.
        (8, None, ADULTS, CHILDREN, "header", ["8 years old"]),
        (15, None, CHILDREN, ADULTS, "header", ["15 years old"]),
        (15, CHILDREN, None, CHILDREN, "reader", ["as was chosen, though nearer to an adult"]),
        (0.5, None, None, CHILDREN, "header", ["0.5 years old"]),
    ],
)
def test_the_header_goes_before_the_reader_and_both_before_the_picture(age, chosen, seen, population, source, told):
    whose = read_as(BOTH, age, chosen, seen)
    assert (whose.population, whose.source) == (population, source)
    assert [check.name for check in whose.checks] == ["population"] * len(told)
    assert all(words in check.message for words, check in zip(told, whose.checks, strict=True))


def test_a_network_for_children_alone_says_so_of_an_adult_and_goes_on():
    for age, chosen, seen in product((None, 50), (None, ADULTS), (None, ADULTS)):
        whose = read_as((CHILDREN,), age, chosen, seen)
        assert whose.population == CHILDREN and whose.source is None
        adult = bool(age or chosen or seen)
        assert [check.status for check in whose.checks] == ["warn"] * adult
        assert all("children of 1 to 5 years alone" in check.message for check in whose.checks)
    assert read_as((CHILDREN,), 4, None, None) == (CHILDREN, "header", ())


def test_a_network_of_which_nothing_is_stated_asks_nothing():
    assert read_as((), None, None, None) == (None, None, ())


def test_a_set_of_images_is_judged_as_one_population():
    assert population_of_all(ADULTS, [CHILDREN], [CHILDREN]) == ADULTS
    assert population_of_all(None, ["", ADULTS], [CHILDREN, CHILDREN]) == ADULTS
    assert population_of_all(None, ["", ""], [CHILDREN, None, CHILDREN, ADULTS]) == CHILDREN
    with pytest.raises(DataError, match="of children and of adults"):
        population_of_all(None, POPULATIONS, [])
    with pytest.raises(DataError, match="--population"):
        population_of_all(None, [""], [None])
