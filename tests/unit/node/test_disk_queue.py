"""The queue on disk: what it holds, what it refuses, and that nothing is half-written."""

import os
import time

import pytest

from pneumonia.errors import NodeError
from pneumonia.node.disk_queue import REMEMBERED_DAYS, DiskQueue, FullError
from tests.fixtures.disks import enlarge, fill, no_file_over, small_disk
from tests.fixtures.killing import killed_at_each_step
from tests.fixtures.searching import all_files


@pytest.fixture
def queue(tmp_path):
    return DiskQueue(tmp_path / "queue", "reader", most_waiting=3)


def test_an_image_is_there_until_it_is_done_and_known_after(queue):
    assert queue.put("a", b"image") and queue.unread() == ["a"] and queue.image("a") == b"image"
    assert not queue.put("a", b"image")
    queue.put_objects("a", {"map": b"1", "report": b"2"})
    assert queue.unread() == [] and queue.undelivered() == ["a"] and not queue.put("a", b"image")
    for path in queue.objects_of("a"):
        path.unlink()
    queue.finish("a")
    assert queue.undelivered() == [] and not queue.put("a", b"image")


def test_images_come_oldest_first(queue):
    for turn, name in enumerate("zab"):
        queue.put(name, b"image")
        os.utime(queue.images / f"{name}.dcm", ns=(turn, turn))
    assert queue.unread() == ["z", "a", "b"]


def test_what_waits_is_limited_and_what_is_done_does_not_count(queue):
    for name in "abc":
        queue.put(name, b"image")
    queue.put_objects("a", {"map": b"1"})
    with pytest.raises(FullError):
        queue.put("d", b"image")
    queue.put_objects("b", {})
    assert queue.put("d", b"image")


def test_only_the_owner_may_open_it(tmp_path):
    DiskQueue(tmp_path / "new", "reader", 3).close()
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o700
    (tmp_path / "open").mkdir(mode=0o755)
    with pytest.raises(NodeError, match="chmod 700"):
        DiskQueue(tmp_path / "open", "reader", 3)


def test_two_nodes_do_not_share_it(queue, tmp_path):
    with pytest.raises(NodeError, match="Another node"):
        DiskQueue(tmp_path / "queue", "reader", 3)


def test_identifiers_tell_nothing_without_the_key_and_differ_by_reader(queue, tmp_path):
    name = queue.identify("1.2.3")
    assert name == queue.identify("1.2.3") != queue.identify("1.2.4") and "1.2.3" not in name
    assert DiskQueue(tmp_path / "other", "reader", 3).identify("1.2.3") != name
    queue.close()
    assert DiskQueue(tmp_path / "queue", "other", 3).identify("1.2.3") != name
    assert b"1.2.3" not in b"".join(all_files(tmp_path).values())


def test_an_image_is_forgotten_in_the_end(queue, tmp_path):
    for name, days in (("old", REMEMBERED_DAYS + 1), ("new", REMEMBERED_DAYS - 1)):
        queue.put(name, b"image")
        queue.put_objects(name, {})
        os.utime(queue.done / name, (time.time() - days * 86400,) * 2)
    queue.close()
    later = DiskQueue(tmp_path / "queue", "reader", 3)
    assert later.put("old", b"image") and not later.put("new", b"image")


def test_an_image_is_forgotten_while_the_node_runs(queue, monkeypatch):
    queue.put("old", b"image")
    queue.put_objects("old", {})
    later = time.time() + (REMEMBERED_DAYS + 1) * 86400
    monkeypatch.setattr(time, "time", lambda: later)
    queue.put("new", b"image")
    queue.put_objects("new", {})
    assert queue.put("old", b"image")


def test_an_image_that_is_set_aside_is_kept_and_not_taken_again(queue):
    queue.put("a", b"image")
    assert [queue.count_try("a") for _ in range(3)] == [1, 2, 3]
    queue.set_aside("a")
    assert (queue.failed / "a.dcm").read_bytes() == b"image" and queue.unread() == [] and not queue.put("a", b"image")


def test_killed_at_any_step_an_image_is_stored_or_not_at_all(tmp_path):
    folder = tmp_path / "queue"

    def prepare():
        DiskQueue(folder, "reader", 3).close()
        for path in (folder / "images").glob("*.dcm"):
            path.unlink()

    def put():
        DiskQueue(folder, "reader", 3).put("a", b"image")

    found = []
    for _ in killed_at_each_step(folder, put, prepare):
        after = DiskQueue(folder, "reader", 3)
        found.append([after.image(name) for name in after.unread()])
        assert not list(folder.rglob("*.partial"))
        after.close()
    assert found[0] == [] and found[-1] == [b"image"] and all(each in ([], [b"image"]) for each in found)


def test_a_full_disk_leaves_nothing_half_written(tmp_path):
    with small_disk(tmp_path / "disk", 512) as disk:
        queue = DiskQueue(disk / "queue", "reader", 3)
        filler = fill(disk)
        with pytest.raises(OSError):
            queue.put("a", b"x" * 100_000)
        assert list(queue.images.iterdir()) == [] and queue.unread() == []
        enlarge(disk, 1024)
        assert queue.put("a", b"x" * 100_000)
        with pytest.raises(OSError):
            queue.put_objects("a", {"map": b"1", "pdf": b"y" * 1_000_000})
        assert list(queue.objects.iterdir()) == [] and queue.unread() == ["a"]
        filler.unlink()
        queue.put_objects("a", {"map": b"1"})
        assert queue.undelivered() == ["a"] and queue.unread() == []


def test_an_image_too_large_for_the_file_system_leaves_nothing(queue):
    with no_file_over(1000), pytest.raises(OSError):
        queue.put("a", b"x" * 2000)
    assert list(queue.images.iterdir()) == []
