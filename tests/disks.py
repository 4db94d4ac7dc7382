"""Disks that are full: a small one of their own, or a limit that holds wherever no disk may be mounted."""

import resource
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def small_disk(folder: Path, kilobytes: int) -> Iterator[Path]:
    """A folder that is a disk of so many kilobytes in memory; the test is skipped where none may be mounted."""
    folder.mkdir(parents=True)
    if not shutil.which("mount") or _mount(folder, f"size={kilobytes}k"):
        pytest.skip("no disk may be mounted here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def enlarge(disk: Path, kilobytes: int) -> None:
    """Give a small disk another size."""
    assert _mount(disk, f"remount,size={kilobytes}k") == 0


def fill(disk: Path) -> Path:
    """Write a file that leaves no room on a disk, and give its path."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file:
        for size in (4096, 1):
            try:
                while True:
                    file.write(b"x" * size)
            except OSError:
                continue
    return filler


@contextmanager
def no_file_over(size: int) -> Iterator[None]:
    """No file that this process writes may become larger than so many bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def size_limit(size: int) -> Callable[[], None]:
    """As `no_file_over`, for a command: its `preexec_fn`."""
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


def _mount(folder: Path, options: str) -> int:
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder]
    return subprocess.run(command, capture_output=True, check=False).returncode
