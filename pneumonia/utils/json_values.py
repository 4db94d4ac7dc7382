"""JSON: how it is written, and how what came from outside is read."""

import functools
import json
from collections.abc import Callable, Hashable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

from pneumonia.utils.atomic_files import write_atomic
from pneumonia.utils.formatting import one_line

if TYPE_CHECKING:
    from pydantic import TypeAdapter

Form = TypeVar("Form")
# Of the name of a key, which may be anything in a file from outside.
_LONGEST_NAME = 100


def json_bytes(values: Any) -> bytes:
    """JSON as it is written everywhere, with a line for each value."""
    return (json.dumps(values, indent=2) + "\n").encode()


def write_json(path: Path, values: Any) -> None:
    """Write JSON values to a file, or replace one, in one step; as `write_atomic`."""
    write_atomic(path, json_bytes(values))


def read_json(form: type[Form], contents: bytes) -> Form:
    """Read JSON from outside into a type, for instance a dataclass.

    Nothing may be missing, unknown or of another type: a text is no number, and neither is a truth value.

    Raises:
        ValueError: a clause that names the first value that is not what it must be.
    """
    return _validate(_adapter(cast(Hashable, form)).validate_json, contents, extra="forbid")


def require_form(form: type[Form], values: Any) -> Form:
    """Make sure that JSON values from outside are of a type, for instance a dictionary's; as `read_json`, but for keys
    that are not known: the type decides about these."""
    return _validate(_adapter(cast(Hashable, form)).validate_python, values)


@functools.cache
def _adapter(form: Hashable) -> "TypeAdapter[Any]":
    # Not before something is read: it takes a tenth of a second to load.
    from pydantic import TypeAdapter

    return TypeAdapter(form)


def _validate(validator: Callable[..., Form], values: Any, **rules: Any) -> Form:
    from pydantic import ValidationError

    try:
        return validator(values, strict=True, **rules)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        place = one_line(".".join(map(str, first["loc"])))[:_LONGEST_NAME]
        what = f"its {place} is missing or is not what it must be" if place else "it is not what it must be"
        raise ValueError(what) from error
