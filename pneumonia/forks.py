"""What each process needs of its own: one that is forked off another has none of its threads, and its locks as they
stood, so that it would wait for ever."""

import os
import weakref
from collections.abc import Callable
from typing import Generic, TypeVar

Kind = TypeVar("Kind")


class OfProcess(Generic[Kind]):
    """Threads, a lock or an open file, made anew in every process that is forked off this one.

    Args:
        make: makes it; called at once, and first of all in a forked process.

    Attributes:
        here: what this process has.
    """

    def __init__(self, make: Callable[[], Kind]) -> None:
        self._make = make
        self.here = make()
        _ALL.add(self)

    def make_anew(self) -> None:
        """Replace what the process had that this one was forked off."""
        self.here = self._make()


_ALL: weakref.WeakSet[OfProcess] = weakref.WeakSet()


def _make_all_anew() -> None:
    for found in _ALL:
        found.make_anew()


# Windows forks nothing.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_make_all_anew)
