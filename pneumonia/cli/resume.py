"""A training that is interrupted, and taken up again."""

import argparse
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pneumonia.cli.recorded_command import command_line, table_hash, tables_of
from pneumonia.cli.terminal import training_progress
from pneumonia.errors import DataError
from pneumonia.utils.atomic_files import write_atomic
from pneumonia.utils.malloc import keep_large_blocks


def add_resume(parser: argparse.ArgumentParser) -> None:
    """Add the option that `resumable` reads."""
    parser.add_argument("--resume", action="store_true", help="take up an interrupted training by the same command")


@contextmanager
def resumable(script: str, arguments: argparse.Namespace) -> Iterator[tuple[str, Path]]:
    """Keep the state of a training until the block ends, show its progress, and let it use freed memory again.

    Args:
        script: name of the file.
        arguments: with `output`, what is written in the end, and `resume`.

    Yields:
        The command that does the same again, and the folder of the state.

    Raises:
        DataError: as `checkpoint_folder`.
    """
    command = command_line(script, arguments)
    # What tables say decides the split as the command does, and they may have been changed since.
    begun = " # table ".join([command, *map(table_hash, tables_of(arguments))])
    folder = checkpoint_folder(arguments.output, begun, arguments.resume)
    keep_large_blocks()
    try:
        with training_progress():
            yield command, folder
    except (OSError, KeyboardInterrupt):
        print(
            "what was trained is kept: run the same with --resume to go on from the last whole epoch", file=sys.stderr
        )
        raise
    shutil.rmtree(folder)


def checkpoint_folder(output: Path, command: str, resume: bool) -> Path:
    """The folder beside what a training writes that holds its state until then; emptied unless resumed.

    The command is kept in it. Another one may split the images otherwise, and what was trained on before would be
    validated on.

    Args:
        output: what is written in the end.
        command: as `command_line` gives it.
        resume: whether to go on from a state that is there.

    Raises:
        DataError: if that state is of another command.
    """
    output = output.resolve()
    folder = output.with_name(f".{output.name}-checkpoints")
    if folder.exists() and not resume:
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    note = folder / "command.txt"
    begun = os.fsdecode(note.read_bytes()) if note.exists() else "one that was not noted"
    if begun != command:
        if any(path != note for path in folder.iterdir()):
            raise DataError(
                f"The training that --resume would take up was begun by another command: {begun}. Run that one with "
                f"--resume; to begin again with this one, leave --resume out or delete {folder.name}."
            )
        write_atomic(note, os.fsencode(command))
    return folder
