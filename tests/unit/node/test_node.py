"""Reading and delivering, with faults between any two steps: nothing lost, and nothing sent twice."""

import json
import logging
import os
import shutil
import signal
import time

import pytest

from pneumonia.node import node as node_module
from pneumonia.node.disk_queue import DiskQueue
from pneumonia.node.node import LONGEST_PAUSE, MOST_TRIES, Node, Worker
from pneumonia.utils.json_logging import JsonFormatter
from tests.fixtures.fake_archive import KINDS, FolderArchive, all_of, read_as, sent_to, wait_for
from tests.fixtures.killing import killed_at_each_step


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch):
    monkeypatch.setattr(node_module, "FIRST_PAUSE", 0.02)
    monkeypatch.setattr(node_module, "LONGEST_PAUSE", 0.05)


@pytest.fixture
def queue(tmp_path):
    return DiskQueue(tmp_path / "queue", "reader", 10)


@pytest.fixture
def archive(tmp_path):
    return FolderArchive(tmp_path / "archive")


def put(queue, *images):
    for image in images:
        queue.put(queue.identify(image), image.encode())


def is_empty(queue):
    """Look, and nothing else: `unread` clears away, and is the reading thread's."""
    return not any(os.listdir(part) for part in (queue.images, queue.objects, queue.tries))


def run(queue, archive, read=read_as, until=None):
    """Run a node until its queue is empty, or until something is so."""
    node = Node(queue, read, archive)
    node.start()
    try:
        wait_for(until or (lambda: is_empty(queue)))
    finally:
        node.stop()


def test_objects_are_delivered_once_and_then_gone(queue, archive):
    put(queue, "a", "b", "lateral")
    run(queue, archive)
    assert sent_to(archive) == all_of("a", "b") and len(os.listdir(queue.done)) == 3
    assert not os.listdir(queue.images) and not os.listdir(queue.failed)


def test_an_image_that_arrives_while_it_waits_wakes_it(queue, archive):
    node = Node(queue, read_as, archive)
    node.start()
    time.sleep(0.1)
    put(queue, "a")
    node.reading.wake()
    wait_for(lambda: sent_to(archive) == all_of("a"))
    node.stop()


@pytest.mark.promise("A DICOM node that is killed at any step loses no object and sends none twice.", part="Faults")
def test_killed_at_any_step_nothing_is_lost_and_nothing_is_sent_twice(tmp_path):
    folder = tmp_path / "queue"

    def prepare():
        for name in ("queue", "archive"):
            shutil.rmtree(tmp_path / name, ignore_errors=True)

    def work():
        """One thread, so that the steps come in one order."""
        queue = DiskQueue(folder, "reader", 10)
        put(queue, "a", "lateral")
        node = Node(queue, read_as, FolderArchive(tmp_path / "archive"))
        assert node._read_all() and node._deliver_all()

    steps = 0
    for _ in killed_at_each_step(folder, work, prepare):
        queue, archive = DiskQueue(folder, "reader", 10), FolderArchive(tmp_path / "archive")
        # A sender that got no answer sends again.
        put(queue, "a", "lateral")
        run(queue, archive)
        assert sent_to(archive) == all_of("a")
        assert is_empty(queue) and len(os.listdir(queue.done)) == 2 and not list(folder.rglob("*.partial"))
        steps += 1
    assert steps > 30


def test_between_the_archives_answer_and_its_mark_the_same_object_is_sent_again_to_one_that_tells_nothing(tmp_path):
    """The archive then gets an instance that it has, by the same UID."""

    class Killing(FolderArchive):
        def store(self, path):
            super().store(path)
            os.kill(os.getpid(), signal.SIGKILL)

    place, folder = tmp_path / "archive", tmp_path / "queue"
    child = os.fork()
    if child == 0:
        queue = DiskQueue(folder, "reader", 10)
        put(queue, "a")
        node = Node(queue, read_as, Killing(place))
        node._read_all()
        node._deliver_all()
        os._exit(1)
    assert os.WIFSIGNALED(os.waitpid(child, 0)[1])
    archive = FolderArchive(place, answers=False)
    run(DiskQueue(folder, "reader", 10), archive)
    times = [len(contents) for contents in archive.stored().values()]
    assert sorted(times) == [1, 1, 2]


def test_while_the_archive_is_down_all_waits(queue, archive):
    archive.down = True
    put(queue, "a", "b")
    run(queue, archive, until=lambda: not os.listdir(queue.images))
    assert sent_to(archive) == [] and len(queue.undelivered()) == 2


def test_an_archive_that_goes_down_in_between_gets_the_rest_later(tmp_path):
    class Failing(FolderArchive):
        times = 0

        def store(self, path):
            self.times += 1
            self.down = self.times in (2, 3, 5)
            try:
                super().store(path)
            finally:
                self.down = False

    queue, archive = DiskQueue(tmp_path / "queue", "reader", 10), Failing(tmp_path / "archive")
    put(queue, "a")
    run(queue, archive)
    assert sent_to(archive) == all_of("a") and archive.times == len(KINDS) + 3


def test_an_object_that_is_refused_stays_and_keeps_no_other_back(queue, archive):
    archive.refuses = "pdf"
    put(queue, "a", "b")
    run(queue, archive, until=lambda: len(sent_to(archive)) == 4)
    assert [path.stem for name in queue.undelivered() for path in queue.objects_of(name)] == ["pdf", "pdf"]
    archive.refuses = ""
    run(DiskQueue(queue.images.parent, "reader", 10), archive)
    assert sent_to(archive) == all_of("a", "b")


def test_an_image_that_comes_while_the_archive_refuses_an_object_does_not_wait_for_its_turn(
    queue, archive, monkeypatch
):
    monkeypatch.setattr(node_module, "FIRST_PAUSE", 50)
    monkeypatch.setattr(node_module, "LONGEST_PAUSE", 50)
    refused = []
    store = archive.store
    monkeypatch.setattr(archive, "store", lambda path: (refused.append(path.stem), store(path)))
    archive.refuses = "pdf"
    put(queue, "a")
    node = Node(queue, read_as, archive)
    node.start()
    wait_for(lambda: len(sent_to(archive)) == 2)
    time.sleep(0.1)
    put(queue, "b")
    node.reading.wake()
    wait_for(lambda: len(sent_to(archive)) == 4, seconds=20)
    node.stop()
    assert refused.count("pdf") == 2, "nor is that object sent again at once"


def test_an_image_that_cannot_be_read_is_set_aside_and_keeps_no_other_back(queue, archive, caplog):
    caplog.set_level(logging.INFO, "pneumonia")
    put(queue, "odd", "a")
    run(queue, archive)
    assert sent_to(archive) == all_of("a") and len(os.listdir(queue.failed)) == 1
    lines = [JsonFormatter().format(record) for record in caplog.records]
    assert "JANE" not in "".join(lines)
    assert [json.loads(line)["event"] for line in lines].count("set-aside") == 1


def test_an_image_at_which_the_program_ends_each_time_is_set_aside(tmp_path):
    folder = tmp_path / "queue"
    archive = FolderArchive(tmp_path / "archive")

    def read(image):
        if image == b"bomb":
            os._exit(9)
        return read_as(image)

    for turn in range(MOST_TRIES + 1):
        child = os.fork()
        if child == 0:
            queue = DiskQueue(folder, "reader", 10)
            put(queue, "bomb", "a")
            node = Node(queue, read, archive)
            node._read_all()
            node._deliver_all()
            os._exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == (9 if turn < MOST_TRIES else 0)
    assert sent_to(archive) == all_of("a") and len(os.listdir(folder / "failed")) == 1


def test_a_disk_that_is_full_while_objects_are_written_is_tried_again(queue, archive, monkeypatch):
    """As often as it takes: an image is set aside only where the program ends at it."""
    failures = iter([True] * (MOST_TRIES + 1) + [False])
    original = DiskQueue.put_objects

    def put_objects(self, name, objects):
        if next(failures):
            raise OSError(28, "No space left on device")
        original(self, name, objects)

    monkeypatch.setattr(DiskQueue, "put_objects", put_objects)
    put(queue, "a")
    run(queue, archive)
    assert sent_to(archive) == all_of("a")


def test_pauses_become_longer_up_to_a_limit(monkeypatch):
    monkeypatch.undo()
    pauses = []
    worker = Worker("test", lambda: False)

    def wait(seconds):
        pauses.append(seconds)
        if len(pauses) == 8:
            worker.stop()

    monkeypatch.setattr(worker._woken, "wait", wait)
    worker.run()
    assert pauses == [1, 2, 4, 8, 16, 32, LONGEST_PAUSE, LONGEST_PAUSE]
