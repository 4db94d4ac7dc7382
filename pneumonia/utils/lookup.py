"""Looking things up by name."""

from collections.abc import Mapping
from typing import Any, TypeVar

from pneumonia.errors import UnknownNameError

Value = TypeVar("Value")


def look_up(table: Mapping[Any, Value], name: str, kind: str) -> Value:
    """Look a value up.

    Args:
        table: values by name.
        name: of one of them.
        kind: what the values are, in the singular.

    Raises:
        UnknownNameError: naming those there are, if there is none of that name.
    """
    if name not in table:
        raise UnknownNameError(f"There is no {kind} {name!r}; choose one of {', '.join(table)}.")
    return table[name]
