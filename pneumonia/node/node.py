"""The node: what arrives is read, and what was read is delivered, each by a thread of its own."""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from pneumonia.errors import UnsupportedImageError
from pneumonia.imaging.dicom_values import PYDICOM_ERRORS
from pneumonia.node.archives import Archive, ArchiveDownError, Connection, ObjectRefusedError
from pneumonia.node.disk_queue import SENT, DiskQueue, delivered, mark_sent
from pneumonia.utils.json_logging import log_crash, log_event

# Between two attempts, the first time and at most.
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0
# The program may be killed while it reads an image; where that happens again and again, the image is the cause.
MOST_TRIES = 10

# From the bytes of an image to its objects by kind, as files; raises `UnsupportedImageError` where there are none.
Read = Callable[[bytes], Mapping[str, bytes]]


class Worker(threading.Thread):
    """A thread that works when it is woken, and again after pauses while something is left to do.

    Args:
        name: of the thread.
        work: does all there is to do; returns whether nothing is left.
    """

    def __init__(self, name: str, work: Callable[[], bool]) -> None:
        super().__init__(name=name, daemon=True)
        self._work, self._woken, self._stopped = work, threading.Event(), threading.Event()
        self._woken.set()

    def wake(self) -> None:
        """Have it look for something to do."""
        self._woken.set()

    def stop(self) -> None:
        """Have it end after what it does now."""
        self._stopped.set()
        self._woken.set()

    @property
    def is_stopped(self) -> bool:
        """Whether it was told to end."""
        return self._stopped.is_set()

    def run(self) -> None:
        pause = FIRST_PAUSE
        while not self.is_stopped:
            self._woken.clear()
            if self._work():
                pause = FIRST_PAUSE
                self._woken.wait()
            else:
                self._woken.wait(pause)
                pause = min(2 * pause, LONGEST_PAUSE)


class Node:
    """Reads what a queue holds and delivers the objects, until it is stopped.

    Args:
        queue: of images and objects.
        read: reads an image.
        archive: the objects are sent there.
    """

    def __init__(self, queue: DiskQueue, read: Read, archive: Archive) -> None:
        self._queue, self._read, self._archive = queue, read, archive
        self.reading = Worker("reading", self._read_all)
        self.delivering = Worker("delivering", self._deliver_all)
        self._dropped = 0
        # When what the archive refused is tried again, by image.
        self._refused: dict[str, float] = {}

    def start(self) -> None:
        """Begin with what the queue holds."""
        self.reading.start()
        self.delivering.start()

    def stop(self) -> None:
        """End after the image and the object in hand."""
        for worker in (self.reading, self.delivering):
            worker.stop()
        for worker in (self.reading, self.delivering):
            worker.join()
        self._queue.close()

    @property
    def is_alive(self) -> bool:
        """Whether both threads work, or wait for work."""
        return self.reading.is_alive() and self.delivering.is_alive()

    def _read_all(self) -> bool:
        try:
            for name in self._queue.unread():
                if self.reading.is_stopped:
                    break
                self._read_one(name)
                self.delivering.wake()
        except OSError:
            log_event(logging.ERROR, "disk-full")
            return False
        return True

    def _read_one(self, name: str) -> None:
        objects = self._objects(name) if self._queue.count_try(name) <= MOST_TRIES else None
        # Now, as writing its objects is tried again and again while the disk is full.
        self._queue.forget_tries(name)
        if objects is None:
            self._queue.set_aside(name)
            log_event(logging.ERROR, "set-aside", id=name[:8])
        else:
            self._queue.put_objects(name, objects)

    def _objects(self, name: str) -> Mapping[str, bytes] | None:
        """What an image gives: nothing where it is refused, and None where it cannot be told why it is not read."""
        image = self._queue.image(name)
        try:
            return self._read(image)
        except UnsupportedImageError:
            self._dropped += 1
            log_event(logging.INFO, "dropped", count=self._dropped, id=name[:8])
            return {}
        except PYDICOM_ERRORS as error:
            log_crash(error)
            return None

    def _deliver_all(self) -> bool:
        nothing_left = True
        try:
            for name in self._queue.undelivered():
                if self.delivering.is_stopped:
                    break
                is_due = self._refused.get(name, 0) <= time.monotonic()
                nothing_left &= is_due and self._deliver(name)
        except ArchiveDownError:
            log_event(logging.WARNING, "archive-down", waiting=len(self._queue.undelivered()))
            return False
        except OSError:
            log_event(logging.ERROR, "disk-full")
            return False
        return nothing_left

    def _deliver(self, name: str) -> bool:
        """Deliver what was made of an image; False where the archive refuses some of it."""
        refused = False
        if paths := self._queue.objects_of(name):
            with self._archive.connect(paths) as connection:
                for path in paths:
                    refused |= not self._deliver_object(connection, path, name)
        if refused:
            self._refused[name] = time.monotonic() + LONGEST_PAUSE
        else:
            self._refused.pop(name, None)
            self._queue.finish(name)
            log_event(logging.INFO, "delivered", id=name[:8])
        return not refused

    def _deliver_object(self, connection: Connection, path: Path, name: str) -> bool:
        if path.suffix == SENT and connection.has(path):
            delivered(path)
            return True
        sent = mark_sent(path)
        try:
            connection.store(sent)
        except ObjectRefusedError as refusal:
            log_event(logging.ERROR, "object-refused", id=name[:8], kind=path.stem, status=str(refusal))
            return False
        delivered(sent)
        return True
