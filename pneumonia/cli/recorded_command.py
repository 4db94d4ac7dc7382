"""The command that does the same again, as it is recorded beside what it made."""

import argparse
import hashlib
import os
import shlex
from pathlib import Path
from typing import Any

from pneumonia.weights.folder import PROJECT_FOLDER


def command_line(script: str, arguments: argparse.Namespace, **instead: Any) -> str:
    """The command that does the same again, without paths of this machine.

    Args:
        script: name of the file, or "-m" and that of a module.
        arguments: as parsed; options that were left out are left out.
        instead: values to be written in place of theirs, by name.
    """
    parts = ["python", script if script.startswith("-m ") else f"scripts/{script}"]
    for name, value in {**vars(arguments), **instead}.items():
        # Neither of the two changes what is made; the second would name an owner in it.
        if value is None or value is False or name in ("resume", "push_to_hub"):
            continue
        parts.append(f"--{name.replace('_', '-')}")
        if value is not True:
            parts += map(_word, value if isinstance(value, list | tuple) else [value])
    return " ".join(parts)


def _word(value: Any) -> str:
    is_path = isinstance(value, Path) or (isinstance(value, str) and os.path.isfile(value))
    return portable(value) if is_path else shlex.quote(str(value))


def portable(path: Path | str) -> str:
    """A path as it may be published: below $PNEUMONIA_DATA, below the project, or its last part alone."""
    full = Path(path).resolve()
    data = os.environ.get("PNEUMONIA_DATA")
    if data and full.is_relative_to(Path(data).resolve()):
        return "$PNEUMONIA_DATA/" + shlex.quote(str(full.relative_to(Path(data).resolve())))
    return shlex.quote(str(full.relative_to(PROJECT_FOLDER)) if full.is_relative_to(PROJECT_FOLDER) else full.name)


def table_hash(table: Path) -> str:
    """Hex SHA-256 of a table of images or of patients."""
    return hashlib.sha256(table.read_bytes()).hexdigest()


def tables_of(arguments: argparse.Namespace) -> list[Path]:
    """The tables among the data and the patients of a command, in the order of its options."""
    data = arguments.data if isinstance(arguments.data, list) else [arguments.data]
    return [path for path in (*data, getattr(arguments, "patients", None)) if path and path.is_file()]
