"""A count of what readers of the page wait for, so that what nobody waits for keeps out of their way."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Activity:
    """Counts what is at work; safe to use from several threads.

    Attributes:
        unasked: held by what nobody has asked for, one at a time.
    """

    def __init__(self) -> None:
        self._lock, self.unasked = threading.Lock(), threading.Lock()
        self._at_work = 0

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Count what the block does."""
        with self._lock:
            self._at_work += 1
        try:
            yield
        finally:
            with self._lock:
                self._at_work -= 1

    def is_busy(self) -> bool:
        """Tell whether somebody waits for anything."""
        return self._at_work > 0
