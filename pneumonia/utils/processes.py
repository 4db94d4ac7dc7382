"""The cores of a process, and what each process needs of its own.

One that is forked off another has none of its threads, and its locks as they stood, so that it would wait for ever.
"""

import functools
import os
import threading
from collections.abc import Callable
from typing import Any, Generic, TypeVar

Kind = TypeVar("Kind")


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class OfProcess(Generic[Kind]):
    """Threads, a lock or an open file, of each process its own.

    Args:
        make: makes it, when a process first asks for it.
    """

    def __init__(self, make: Callable[[], Kind]) -> None:
        self._make = make
        self._made: dict[int, Kind] = {}

    @property
    def here(self) -> Kind:
        """What this process has."""
        process = os.getpid()
        if process not in self._made:
            # Of two threads that ask for it at once both get the one that is kept.
            self._made.setdefault(process, self._make())
            for parent in [other for other in self._made if other != process]:
                self._made.pop(parent, None)
        return self._made[process]


class Once(Generic[Kind]):
    """What a function gives for the same arguments, made once and then shared; one thread makes it, the others wait.

    Args:
        make: the function.
    """

    def __init__(self, make: Callable[..., Kind]) -> None:
        self._make = functools.cache(make)
        self.lock = OfProcess(threading.Lock)

    def __call__(self, *arguments: Any) -> Kind:
        with self.lock.here:
            return self._make(*arguments)
