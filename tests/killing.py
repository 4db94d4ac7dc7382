"""Ends a process by SIGKILL at a chosen step of its writing."""

import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

# What changes something on the disk, as Python's audit events name it; "open" is one only where it is for writing.
_STEPS = {"open", "os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.truncate", "shutil.rmtree"}


def killed_at_each_step(folder: Path, write: Callable[[], object], prepare: Callable[[], object]) -> Iterator[int]:
    """Write again and again, killed before the first change in a folder, before the second, and so on to the last.

    Args:
        folder: what is changed outside of it does not count.
        write: run in a process of its own, a copy of this one.
        prepare: run before each time.

    Yields:
        The number of the step, when the process is dead; the last time, it was not killed.
    """
    step, killed = 0, True
    while killed:
        prepare()
        killed = _killed(folder, write, step)
        yield step
        step += 1


def _killed(folder: Path, write: Callable[[], object], step: int) -> bool:
    child = os.fork()
    if child == 0:
        left = step

        def count(event: str, arguments: tuple) -> None:
            nonlocal left
            if event not in _STEPS or not str(arguments[0]).startswith(str(folder)):
                return
            if event == "open" and not arguments[2] & (os.O_WRONLY | os.O_RDWR):
                return
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            left -= 1

        sys.addaudithook(count)
        try:
            write()
        finally:
            # Not the way out of pytest, which this is a copy of.
            os._exit(1 if sys.exc_info()[0] else 0)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0
    return os.WIFSIGNALED(status)
