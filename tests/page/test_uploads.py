"""Uploads: where they lie, and that they are deleted."""

import os
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from demo.server.uploads import delete_old, delete_regularly, use_private_folder
from scripts import ROOT


@pytest.fixture(autouse=True)
def parent(monkeypatch, tmp_path: Path) -> Path:
    """A folder for uploads that is not there yet."""
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "uploads"))
    return tmp_path / "uploads"


def test_the_folder_is_private_and_one_for_a_process(parent):
    folder = use_private_folder()
    assert folder.parent == parent and os.environ["GRADIO_TEMP_DIR"] == str(folder)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert use_private_folder() == folder


@pytest.mark.promise(
    "What was uploaded or made is deleted too where the process was killed, when the next one starts.",
    part="Privacy",
)
def test_it_is_gone_when_the_process_ends_and_when_one_was_killed(parent):
    command = "from demo.server.uploads import use_private_folder; print(use_private_folder(), flush=True); {}"

    def run(ending: str) -> Path:
        done = subprocess.run(
            [sys.executable, "-c", command.format(ending)], cwd=ROOT, capture_output=True, text=True, check=False
        )
        return Path(done.stdout.strip())

    assert not run("pass").exists()
    killed = run("import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
    (killed / "image").write_bytes(b"left")
    ours = use_private_folder()
    assert not killed.exists() and ours.exists()
    # Those of a process that runs, and what is not ours, stay.
    os.environ["GRADIO_TEMP_DIR"] = str(parent)
    (parent / "somebody else's").mkdir()
    run("pass")
    assert ours.exists() and (parent / "somebody else's").exists()


def test_a_process_that_is_told_to_end_deletes_them_whatever_it_does(parent):
    program = (
        "import threading, time; from demo.server.uploads import delete_when_stopped, use_private_folder\n"
        "folder = use_private_folder(); (folder / 'image').write_bytes(b'x'); delete_when_stopped(folder)\n"
        "threading.Thread(target=time.sleep, args=(60,)).start(); print(folder, flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        folder = Path(process.stdout.readline().strip())
        assert (folder / "image").exists()
        process.terminate()
        assert process.wait(20) == 0 and not folder.exists()


def test_a_process_that_was_forked_off_deletes_nothing_of_this_one(parent):
    program = (
        "import os, signal, sys; from demo.server.uploads import delete_when_stopped, use_private_folder\n"
        "folder = use_private_folder(); delete_when_stopped(folder)\n"
        "for end in (sys.exit, lambda: os.kill(os.getpid(), signal.SIGTERM)):\n"
        "    if not (child := os.fork()): end()\n"
        "    os.waitpid(child, 0); print(folder.exists(), flush=True)"
    )
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    assert done.stdout == "True\nTrue\n" and not list(parent.iterdir())


def test_what_a_process_of_the_same_number_left_is_deleted(parent):
    left = parent / f"pneumonia-uploads-{os.getpid()}-x"
    left.mkdir(parents=True)
    ours = use_private_folder()
    assert ours.exists() and not left.exists()


def test_old_files_and_empty_folders_are_deleted_and_nothing_else(parent):
    for name in ("old/image.png", "old and new/image.png", "old and new/second.png", "new.png"):
        (parent / name).parent.mkdir(parents=True, exist_ok=True)
        (parent / name).write_bytes(b"x")
    outside = parent.parent / "outside"
    outside.mkdir()
    (outside / "kept").write_bytes(b"x")
    (parent / "link").symlink_to(outside)
    for path in (*parent.rglob("*"), outside / "kept"):
        if "second" not in path.name and path.name != "new.png":
            os.utime(path, (0, 0), follow_symlinks=False)
    delete_old(parent, 60)
    # The folder that something was deleted from counts as new; it goes once it is empty.
    delete_old(parent, 60)
    left = {str(path.relative_to(parent)) for path in parent.rglob("*")}
    assert {"old and new", "old and new/second.png", "new.png"} <= left <= {*left, "old"} and "link" not in left
    assert "old/image.png" not in left and (outside / "kept").exists()


@pytest.mark.promise("Uploads go on being deleted when a folder vanishes meanwhile.", part="Privacy")
def test_a_folder_that_vanishes_while_it_is_looked_into_stops_nothing(parent, monkeypatch):
    (parent / "vanishing").mkdir(parents=True)
    (parent / "image.png").write_bytes(b"x")
    os.utime(parent / "image.png", (0, 0))
    scandir = os.scandir

    def scandir_too_late(path: str | Path) -> Iterator[os.DirEntry]:
        if Path(path).name == "vanishing":
            Path(path).rmdir()
        return scandir(path)

    monkeypatch.setattr(os, "scandir", scandir_too_late)
    delete_old(parent, 60)
    assert not list(parent.iterdir())


def test_they_are_deleted_regularly(parent):
    parent.mkdir()
    (parent / "image.png").write_bytes(b"x")
    delete_regularly(parent, 0.05)
    deadline = time.monotonic() + 10
    while list(parent.iterdir()) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not list(parent.iterdir())
