"""Images and objects on disk between an image's arrival and the archive's last answer: plain files, moved in one step.

An image has an identifier of its own, and lies in one of these folders; while it is moved on, in two:

    images/ID.dcm       taken, not yet read
    objects/ID/*.dcm    read; each file is an object that was never sent
    objects/ID/*.sent   one that was sent, and of which nobody knows whether the archive has it
    done/ID             an empty file: nothing is left to do
    failed/ID.dcm       could not be read, for a reason that nobody expected

So an object that is missing in `objects/ID` was delivered, and a folder without objects has only to be cleared away.
Whatever ends the program, it goes on from where these files stand.
"""

import hashlib
import hmac
import os
import secrets
import shutil
import stat
import threading
import time
from collections.abc import Mapping
from pathlib import Path

from filelock import FileLock, Timeout

from pneumonia.errors import NodeError
from pneumonia.utils.atomic_files import write_atomic, write_synced

SENT = ".sent"
# So long an image that is done is known again.
REMEMBERED_DAYS = 30
_DAY = 86400.0  # seconds
_KEY = "key"


class FullError(Exception):
    """As many images wait as may."""


class DiskQueue:
    """The queue of one node: any thread may put images; one reads them, one delivers; no other process uses it.

    Args:
        folder: made if missing, for its owner alone.
        reader: says by what images are read; an image that is done is taken again for another one.
        most_waiting: images that are not done.

    Raises:
        NodeError: others may read the folder, or another node uses it.
        OSError: it cannot be written.
    """

    def __init__(self, folder: Path, reader: str, most_waiting: int) -> None:
        folder.mkdir(parents=True, mode=0o700, exist_ok=True)
        if stat.S_IMODE(folder.stat().st_mode) & 0o077:
            raise NodeError(
                "The folder of --queue will hold patients' images, and others may open it. Name one that is not "
                "there yet, or close it: chmod 700."
            )
        self._process_lock = FileLock(folder / ".lock")
        try:
            self._process_lock.acquire(timeout=0)
        except Timeout:
            raise NodeError("Another node uses the folder of --queue. End it, or name another folder.") from None
        self.images, self.objects, self.done, self.failed, self.tries = (
            folder / name for name in ("images", "objects", "done", "failed", "tries")
        )
        for part in (self.images, self.objects, self.done, self.failed, self.tries):
            part.mkdir(exist_ok=True)
        for partial in (*folder.glob(".*.partial"), *folder.glob("*/.*.partial")):
            shutil.rmtree(partial) if partial.is_dir() else partial.unlink()
        if not (folder / _KEY).exists():
            write_atomic(folder / _KEY, secrets.token_bytes(32))
        self._key, self._reader = (folder / _KEY).read_bytes(), reader
        self._most_waiting = most_waiting
        self._putting = threading.Lock()
        self._forget()

    def close(self) -> None:
        """Let another process use the folder."""
        self._process_lock.release()

    def identify(self, uid: str) -> str:
        """The identifier of an image: without the key of this queue, nobody can tell of which one it is."""
        return hmac.new(self._key, f"{self._reader} {uid}".encode(), hashlib.sha256).hexdigest()[:32]

    def put(self, name: str, image: bytes) -> bool:
        """Store an image, and come back when it is on disk; False for one that is there, or was.

        Raises:
            FullError: too many wait.
            OSError: it cannot be stored; nothing of it is left.
        """
        with self._putting:
            # In the order in which it may be moved on meanwhile.
            if self._image(name).exists() or (self.failed / f"{name}.dcm").exists() or self._is_read(name):
                return False
            if len(os.listdir(self.images)) + len(os.listdir(self.objects)) >= self._most_waiting:
                raise FullError
            write_atomic(self._image(name), image)
            _sync_folder(self.images)
        return True

    def unread(self) -> list[str]:
        """Identifiers of the images to be read, the oldest first."""
        names = [path.stem for path in _by_age(self.images, "*.dcm")]
        for name in names:
            if self._is_read(name):  # and the program ended before it took the image away
                self._image(name).unlink()
        return [name for name in names if self._image(name).exists()]

    def image(self, name: str) -> bytes:
        """The bytes of an image."""
        return self._image(name).read_bytes()

    def count_try(self, name: str) -> int:
        """Count that an image is about to be read; how often it was by now.

        Raises:
            OSError: it cannot be counted.
        """
        with (self.tries / name).open("ab") as file:
            file.write(b".")
            return file.tell()

    def forget_tries(self, name: str) -> None:
        """Count from the beginning: the program did not end while it read the image."""
        (self.tries / name).unlink(missing_ok=True)

    def set_aside(self, name: str) -> None:
        """Keep an image that cannot be read for a person to look at."""
        os.replace(self._image(name), self.failed / f"{name}.dcm")

    def put_objects(self, name: str, objects: Mapping[str, bytes]) -> None:
        """Store what was made of an image in place of it; without objects, it is done.

        Raises:
            OSError: they cannot be stored; nothing of them is left.
        """
        if objects:
            partial = self.objects / f".{name}.partial"
            try:
                partial.mkdir()
                for kind, content in objects.items():
                    write_synced(partial / f"{kind}.dcm", content)
                _sync_folder(partial)
                os.rename(partial, self.objects / name)
            finally:
                shutil.rmtree(partial, ignore_errors=True)
            _sync_folder(self.objects)
        else:
            self._mark_done(name)
        self._image(name).unlink()

    def undelivered(self) -> list[str]:
        """Identifiers of the images with objects, the oldest first."""
        return [path.name for path in _by_age(self.objects, "[!.]*")]

    def objects_of(self, name: str) -> list[Path]:
        """The objects of an image that the archive may not have."""
        return sorted((self.objects / name).iterdir())

    def finish(self, name: str) -> None:
        """Clear away the folder of an image, all of whose objects were delivered."""
        self._mark_done(name)
        (self.objects / name).rmdir()

    def _image(self, name: str) -> Path:
        return self.images / f"{name}.dcm"

    def _is_read(self, name: str) -> bool:
        return (self.objects / name).exists() or (self.done / name).exists()

    def _mark_done(self, name: str) -> None:
        if time.time() - self._forgot > _DAY:
            self._forget()
        (self.done / name).touch()
        _sync_folder(self.done)

    def _forget(self) -> None:
        self._forgot = time.time()
        oldest = self._forgot - REMEMBERED_DAYS * _DAY
        for path in self.done.iterdir():
            if path.stat().st_mtime < oldest:
                path.unlink()


def mark_sent(path: Path) -> Path:
    """Say of an object that it is about to be sent; its new path."""
    sent = path.with_suffix(SENT)
    os.replace(path, sent)
    _sync_folder(path.parent)
    return sent


def delivered(path: Path) -> None:
    """Forget an object that the archive has."""
    path.unlink()
    _sync_folder(path.parent)


def _by_age(folder: Path, pattern: str) -> list[Path]:
    return sorted(folder.glob(pattern), key=lambda path: (path.stat().st_mtime_ns, path.name))


def _sync_folder(folder: Path) -> None:
    """Come back when the names in a folder are on the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
