"""Folder of uploads and of what is made of them, until they are deleted."""

import atexit
import os
import shutil
import signal
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path

# Gradio asks this variable for the folder, each time.
_VARIABLE = "GRADIO_TEMP_DIR"
_PREFIX = "pneumonia-uploads-"


def use_private_folder() -> Path:
    """Make a folder that only this user can read, for this process alone, and have Gradio use it.

    Gradio's own deletion keeps folders named by the hash of an image, and all files of a process that was killed; what
    such a process left is deleted here. In a container, it may have had the number of this one.

    Returns:
        The folder, which is deleted when the process ends; the same one if it is asked for again.
    """
    ours = f"{_PREFIX}{os.getpid()}-"
    current = Path(os.environ.get(_VARIABLE) or tempfile.gettempdir())
    if current.name.startswith(ours):
        return current
    current.mkdir(parents=True, exist_ok=True)
    for other in current.glob(f"{_PREFIX}*"):
        if other.name.startswith(ours) or not _is_running(other.name.removeprefix(_PREFIX).partition("-")[0]):
            shutil.rmtree(other, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix=ours, dir=current))
    os.environ[_VARIABLE] = str(folder)
    atexit.register(_delete_own, os.getpid(), folder)
    return folder


def delete_regularly(folder: Path, seconds: float) -> None:
    """Delete, from now on, what has lain in a folder for so many seconds."""

    def repeat() -> None:
        while True:
            time.sleep(min(60.0, seconds))
            delete_old(folder, seconds)

    threading.Thread(target=repeat, name="deletes old uploads", daemon=True).start()


def delete_when_stopped(folder: Path) -> None:
    """Delete a folder when this process is told to end, as a container is when it is stopped, and end it at once."""

    process = os.getpid()

    def stop(*_: object) -> None:
        _delete_own(process, folder)
        # Python's own way out waits for what is being read, and an exception could be lost on it.
        os._exit(0)

    signal.signal(signal.SIGTERM, stop)


def delete_old(folder: Path, seconds: float) -> None:
    """Delete the files of a folder written or renewed so long ago, and folders in it that have been empty as long.

    A file from so far in the future goes too: the clock was set back, and no one knows how long it has lain there.
    """
    now = time.time()
    # A folder comes after what it holds; one that is deleted before it is looked into counts as empty.
    for parent, folders, files in os.walk(folder, topdown=False):
        for path in (Path(parent, name) for name in (*files, *folders)):
            # It may have been deleted in the meantime, or a folder have been filled.
            with suppress(OSError):
                if abs(now - path.lstat().st_mtime) < seconds:
                    continue
                if path.is_dir() and not path.is_symlink():
                    path.rmdir()
                else:
                    path.unlink()


def _delete_own(process: int, folder: Path) -> None:
    """Delete the folder of a process, unless what ends is another one that was forked off it."""
    if os.getpid() == process:
        shutil.rmtree(folder, ignore_errors=True)


def _is_running(process: str) -> bool:
    """Tell whether there is a process of this number; one in an unknown form counts as running."""
    try:
        os.kill(int(process), 0)
    except (ProcessLookupError, OverflowError):
        return False
    except (PermissionError, ValueError):
        return True
    return True
