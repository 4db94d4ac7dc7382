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
    """The number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class PerProcess(Generic[Kind]):
    """Threads, a lock or an open file, of each process its own.

    Args:
        make: makes it, when a process first asks for it.
    """

    def __init__(self, make: Callable[[], Kind]) -> None:
        self._make = make
        self._values: dict[int, Kind] = {}

    @property
    def value(self) -> Kind:
        """The value of this process."""
        process = os.getpid()
        if process not in self._values:
            # Two threads that ask for it at once both get the one that is stored.
            self._values.setdefault(process, self._make())
            for parent in [other for other in self._values if other != process]:
                self._values.pop(parent, None)
        return self._values[process]


class Cached(Generic[Kind]):
    """A function whose result for the same arguments is made once and shared; one thread makes it, the others wait.

    Args:
        load: the function.
    """

    def __init__(self, load: Callable[..., Kind]) -> None:
        self._load = functools.cache(load)
        self.lock = PerProcess(threading.Lock)

    def __call__(self, *arguments: Any) -> Kind:
        with self.lock.value:
            return self._load(*arguments)
