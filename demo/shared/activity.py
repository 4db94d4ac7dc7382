"""What readers of the page wait for: a few readings at once, others in turn, and what nobody waits for last."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from anyio import CapacityLimiter, to_thread

from demo.shared import texts
from pneumonia.errors import PneumoniaError

# Each reading keeps one core busy.
MOST_AT_ONCE = 2

# More would only make everybody wait; beyond it the page says that it is busy.
MOST_WAITING = 20

T = TypeVar("T")


class BusyError(PneumoniaError):
    """As many readings wait already as anybody would wait for."""

    code = "busy"


class Activity:
    """Counts what is at work, from any thread, and lets readings take turns, on the server's event loop.

    Attributes:
        unasked: held by what nobody has asked for, one at a time.
    """

    def __init__(self) -> None:
        self._changed, self.unasked = threading.Condition(), threading.Lock()
        self._at_work = 0
        self._places = CapacityLimiter(MOST_AT_ONCE)

    async def in_turn(self, read: Callable[..., T], *values: object) -> T:
        """Read something in a thread, as soon as there is a place.

        Raises:
            BusyError: if too many wait.
        """
        if self._places.statistics().tasks_waiting >= MOST_WAITING:
            raise BusyError(texts.BUSY)
        with self.at_work():
            return await to_thread.run_sync(read, *values, limiter=self._places)

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Count what the block does."""
        with self._changed:
            self._at_work += 1
        try:
            yield
        finally:
            with self._changed:
                self._at_work -= 1
                self._changed.notify_all()

    def is_busy(self) -> bool:
        """Tell whether somebody waits for anything."""
        return self._at_work > 0

    def wait_until_idle(self, seconds: float) -> bool:
        """Wait for nobody to wait for anything; False if that takes longer."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._at_work, seconds)
