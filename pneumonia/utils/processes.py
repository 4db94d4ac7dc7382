"""The cores of a process, and what each process needs of its own.

One that is forked off another has none of its threads, and its locks as they stood, so that it would wait for ever.
"""

import functools
import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Generic, TypeVar

Kind = TypeVar("Kind")
Item = TypeVar("Item")


def cores() -> int:
    """The number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def on_all_cores(do: Callable[[Item], Kind], items: Iterable[Item]) -> Iterator[Kind]:
    """Do something with each item of a stream, in a thread a core.

    Args:
        do: it; what takes long in it must not hold Python's lock.
        items: taken as they are needed, so the stream may be endless.

    Yields:
        What came of them, in their order.
    """
    workers = cores()
    with ThreadPoolExecutor(workers) as pool:
        waiting: deque[Future[Kind]] = deque()
        for item in items:
            waiting.append(pool.submit(do, item))
            # Enough ahead to keep every core busy, little enough to keep memory flat.
            if len(waiting) > 2 * workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


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
