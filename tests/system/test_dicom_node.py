"""A DICOM node between a sender and a real archive (Orthanc), as the network and the machine fail it.

The sender is dcmtk's, the archive Orthanc with its DICOMweb plugin, all on this machine. Where it is killed between any
two steps is tested without them (`tests/unit/node/test_node.py`).
"""

import shutil
import signal
import socket
import struct
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("pynetdicom")
pytest.importorskip("highdicom")

from pneumonia.core.notices import NOTICE
from pneumonia.dicom_out.objects import OBJECTS
from scripts.tools.local_archive import ARCHIVE, NODE, ORTHANC, PLUGIN, SENDER, LocalNode, Orthanc
from scripts.tools.make_dicom_example import STUDY, write_image
from scripts.tools.served_page import free_port
from tests.fixtures.disks import fill, small_disk
from tests.fixtures.fake_archive import wait_for
from tests.fixtures.marks import NAMED, marked_dataset
from tests.fixtures.searching import all_files, marks_anywhere

pytestmark = [
    pytest.mark.skipif(
        ORTHANC is None or not PLUGIN.exists() or shutil.which("dcmsend") is None,
        reason="needs Orthanc with its DICOMweb plugin, and dcmtk",
    ),
]
EACH = len(OBJECTS)
CT, SR, SECONDARY_CAPTURE = (f"1.2.840.10008.5.1.4.1.1.{kind}" for kind in ("2", "88.33", "7"))
CR, RAW, PDF = (f"1.2.840.10008.5.1.4.1.1.{kind}" for kind in ("1", "1.1.1", "104.1"))
OUT_OF_RESOURCES = "OutOfResources"


@pytest.fixture
def place(tmp_path) -> Iterator[tuple[Orthanc, LocalNode]]:
    """An archive and a node, neither of which was started; whatever was is ended."""
    port = free_port()
    orthanc = Orthanc(tmp_path / "orthanc", free_port(), free_port(), port)
    node = LocalNode(tmp_path / "queue", orthanc.address, port, tmp_path / "log")
    yield orthanc, node
    for process in (node.process, orthanc.process):
        if process is not None and process.poll() is None:
            process.kill()
            process.wait()


def wait_until_empty(node: LocalNode) -> None:
    """Wait until nothing waits in the queue of a node."""
    wait_for(lambda: not any(list((node.queue / part).iterdir()) for part in ("images", "objects")))


def require_each_once(orthanc: Orthanc, images: int) -> None:
    """All objects of so many images were sent, each once, and are there."""
    sent = Counter(orthanc.was_sent())
    assert len(sent) == images * EACH and set(sent.values()) == {1}
    assert orthanc.instances() == sorted(sent)


@contextmanager
def cut_after(size: int, port: int, times: int = 1) -> Iterator[int]:
    """A port that leads to another one, and of which the first connections end after so many bytes."""
    listener = socket.create_server(("127.0.0.1", 0))
    left = [times]

    def carry(source: socket.socket, target: socket.socket, most: float) -> None:
        carried = 0
        try:
            while data := source.recv(min(65536, most - carried) if most < 2**40 else 65536):
                target.sendall(data)
                carried += len(data)
                if carried >= most:
                    break
        except OSError:
            pass
        for end in (source, target):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def serve() -> None:
        while True:
            try:
                near, _ = listener.accept()
            except OSError:
                return
            most = size if left[0] > 0 else 2**40
            left[0] -= 1
            far = socket.create_connection(("127.0.0.1", port))
            threading.Thread(target=carry, args=(near, far, most), daemon=True).start()
            threading.Thread(target=carry, args=(far, near, 2**40), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.close()


# === What it is for ===


@pytest.mark.parametrize("way", ["address", "url"])
def test_all_objects_of_an_image_come_to_the_archive_and_nothing_stays(way, place, tmp_path):
    orthanc, node = place
    orthanc.start()
    node.archive = getattr(orthanc, way)
    node.start()
    assert node.events("listening")[0]["notice"] == NOTICE
    echo = ["echoscu", "-aet", SENDER, "-aec", NODE, "127.0.0.1", str(node.port)]
    assert subprocess.run(echo, check=False).returncode == 0
    assert node.send(write_image(tmp_path / "a.dcm", 1)).returncode == 0
    wait_for(lambda: node.events("delivered"))
    require_each_once(orthanc, 1)
    wait_until_empty(node)
    (study,) = orthanc.get("/studies?expand").json()
    assert study["MainDicomTags"]["StudyInstanceUID"] == STUDY and len(study["Series"]) == EACH
    assert node.stop() == 0
    assert not list(node.queue.rglob("*.dcm"))


@pytest.mark.slow
def test_an_archive_routes_the_radiographs_that_it_is_sent_and_nothing_else(place, tmp_path):
    orthanc, node = place
    node.options = ("--allow", ARCHIVE)
    orthanc.start()
    node.start()
    image = write_image(tmp_path / "a.dcm", 1)
    orthanc.post(write_image(tmp_path / "ct.dcm", 2, SOPClassUID=CT).read_bytes())
    orthanc.post(image.read_bytes())
    wait_for(lambda: node.events("delivered"))
    assert len(orthanc.instances()) == 2 + EACH
    assert len(node.events("reading")) == 1 and not node.events("no-radiograph")


@pytest.mark.slow
def test_the_same_image_is_read_once_whenever_it_comes(place, tmp_path):
    orthanc, node = place
    orthanc.start()
    node.start()
    image = write_image(tmp_path / "a.dcm", 1)
    assert all(node.send(image).returncode == 0 for _ in range(3))
    wait_for(lambda: node.events("delivered"))
    node.stop()
    node.start()
    assert node.send(image).returncode == 0
    assert len(node.events("reading")) == 1 and len(node.events("known")) == 3
    require_each_once(orthanc, 1)


@pytest.mark.slow
def test_of_a_study_of_twelve_series_the_fit_image_is_read(place, tmp_path):
    """Also what comes back from the archive is not read again: it is no radiograph."""
    orthanc, node = place
    orthanc.start()
    node.start()
    others = [
        {"SOPClassUID": CT, "Modality": "CT"},
        {"SOPClassUID": SECONDARY_CAPTURE, "Modality": "OT"},
        {"SOPClassUID": SR, "Modality": "SR", "PixelData": None},
        {"SOPClassUID": PDF, "Modality": "DOC", "PixelData": None},
        {"SOPClassUID": RAW, "PresentationIntentType": "FOR PROCESSING"},
        {"ViewPosition": "LL"},
        {"ViewPosition": "LATERAL"},
        {"BodyPartExamined": "HAND"},
        {"SOPClassUID": CR, "Modality": "CR", "BodyPartExamined": "ABDOMEN"},
        {"SOPClassUID": CR, "Modality": "MG"},
        {"NumberOfFrames": 3},
    ]
    paths = [write_image(tmp_path / f"{turn}.dcm", turn, 256, **each) for turn, each in enumerate(others)]
    paths.insert(5, write_image(tmp_path / "fit.dcm", 99))
    sent = node.send(*paths)
    assert sent.returncode == 0 and sent.stdout.count("Received C-STORE Response (Success)") == 12, sent.stdout
    wait_for(lambda: node.events("delivered"))
    wait_until_empty(node)
    require_each_once(orthanc, 1)
    assert [line["count"] for line in node.events("no-radiograph")] == [1, 2, 3, 4, 5]
    assert [line["count"] for line in node.events("dropped")] == [1, 2, 3, 4, 5, 6]


# === The archive fails ===


@pytest.mark.slow
@pytest.mark.parametrize("way", ["address", "url"])
@pytest.mark.promise("A DICOM node keeps what it cannot deliver, and delivers it once.", part="Faults")
def test_an_archive_that_is_down_gets_everything_later(way, place, tmp_path):
    orthanc, node = place
    node.archive = getattr(orthanc, way)
    node.start()
    images = [write_image(tmp_path / f"{turn}.dcm", turn) for turn in range(3)]
    assert node.send(*images).returncode == 0
    wait_for(lambda: node.events("archive-down") and len(node.events("reading")) == 3)
    node.stop()
    node.start()
    orthanc.start()
    wait_for(lambda: len(node.events("delivered")) == 3)
    require_each_once(orthanc, 3)
    wait_until_empty(node)


@pytest.mark.slow
@pytest.mark.parametrize("size", [100, 20_000, 1_000_000])
def test_a_connection_to_the_archive_that_breaks_is_made_again(size, place, tmp_path):
    """While it is made, in the middle of an object, and after some objects."""
    orthanc, node = place
    orthanc.start()
    with cut_after(size, orthanc.port, times=2) as port:
        node.archive = orthanc.address.replace(str(orthanc.port), str(port))
        node.start()
        node.send(write_image(tmp_path / "a.dcm", 1))
        wait_for(lambda: node.events("delivered"))
    assert len(node.events("archive-down")) == 2
    require_each_once(orthanc, 1)


@pytest.mark.slow
@pytest.mark.parametrize("way", ["address", "url"])
def test_what_the_archive_took_before_its_answer_was_lost_is_not_sent_again(way, place, tmp_path):
    """Nobody knows whether it has such an object: it is asked."""
    orthanc, node = place
    orthanc.start()
    node.archive = getattr(orthanc, way)
    node.start()
    node.send(write_image(tmp_path / "a.dcm", 1))
    wait_for(lambda: node.events("delivered"))
    node.stop()
    # The same image in a queue of its own, with all of its objects in that state.
    other = replace(node, queue=tmp_path / "other", log=tmp_path / "other-log")
    orthanc.stop()
    other.start()
    other.send(tmp_path / "a.dcm")
    wait_for(lambda: other.events("archive-down"))
    other.stop()
    for path in (other.queue / "objects").glob("*/*.dcm"):
        path.rename(path.with_suffix(".sent"))
    orthanc.start()
    other.start()
    wait_for(lambda: other.events("delivered"))
    other.stop()
    require_each_once(orthanc, 1)


# === The node fails ===


@pytest.mark.slow
@pytest.mark.parametrize("way", ["address", "url"])
def test_killed_at_any_moment_nothing_is_lost_and_nothing_is_sent_twice(way, place, tmp_path):
    orthanc, node = place
    orthanc.start()
    node.archive = getattr(orthanc, way)
    number = 0
    for pause in (0, 0.4, 0.8, 1.2, 2):
        node.start()
        number += 1
        assert node.send(write_image(tmp_path / "a.dcm", number)).returncode == 0
        time.sleep(pause)
        node.stop(signal.SIGKILL)
    node.start()
    wait_until_empty(node)
    require_each_once(orthanc, number)
    node.stop()


@pytest.mark.slow
def test_a_full_disk_is_told_to_the_sender_and_nothing_is_half_written(place, tmp_path):
    orthanc, node = place
    orthanc.start()
    image = write_image(tmp_path / "a.dcm", 1)
    with small_disk(tmp_path / "disk", 20_000) as disk:
        node = replace(node, queue=disk / "queue")
        node.start()
        try:
            filler = fill(disk)
            sent = node.send(image)
            assert OUT_OF_RESOURCES in sent.stdout, sent
            assert not list((node.queue / "images").iterdir()) and node.events("disk-full")
            filler.unlink()
            assert node.send(image).returncode == 0
            wait_for(lambda: node.events("delivered"))
        finally:
            node.stop()
    require_each_once(orthanc, 1)


@pytest.mark.slow
def test_a_full_queue_is_told_to_the_sender(place, tmp_path):
    orthanc, node = place
    node.options += ("--most-waiting", "2")
    node.start()
    sent = [node.send(write_image(tmp_path / "a.dcm", number)) for number in range(3)]
    assert [OUT_OF_RESOURCES in each.stdout for each in sent] == [False, False, True]
    assert len(node.events("queue-full")) == 1
    orthanc.start()
    wait_for(lambda: len(node.events("delivered")) == 2)
    assert node.send(tmp_path / "a.dcm").returncode == 0
    wait_for(lambda: len(node.events("delivered")) == 3)
    require_each_once(orthanc, 3)


# === The sender fails, or is none ===


@pytest.mark.slow
def test_an_image_whose_connection_breaks_is_not_there_and_comes_again(place, tmp_path):
    orthanc, node = place
    orthanc.start()
    node.start()
    image = write_image(tmp_path / "a.dcm", 1)
    for size in (50, 1000, 1_000_000):
        with cut_after(size, node.port) as port:
            assert node.send(image, to=port).returncode != 0
        assert not list((node.queue / "images").iterdir()) and not node.events("taken")
    assert node.send(image).returncode == 0
    wait_for(lambda: node.events("delivered"))
    require_each_once(orthanc, 1)


def test_only_who_is_allowed_is_heard(place, tmp_path):
    _, node = place
    node.options = ("--allow", SENDER, "--allow", "NEAR@127.0.0.1", "--allow", "FAR@192.0.2.7")
    node.start()
    image = write_image(tmp_path / "a.dcm", 1, 256, BodyPartExamined="HAND")
    titles = (SENDER, "NEAR", "FAR", "OTHER")
    assert [node.send(image, title=title).returncode == 0 for title in titles] == [True, True, False, False]
    assert len(node.events("peer-rejected")) == 2 and "OTHER" not in node.log.read_text()
    wrong = ["echoscu", "-aet", SENDER, "-aec", "WRONG", "127.0.0.1", str(node.port)]
    assert subprocess.run(wrong, check=False).returncode != 0


@pytest.mark.slow
def test_an_image_without_end_and_a_message_without_end_cost_neither_memory_nor_the_next_image(place, tmp_path):
    orthanc, node = place
    orthanc.start()
    node.start()
    large = write_image(tmp_path / "large.dcm", 1, PixelData=bytes(120_000_000))
    assert node.send(large).returncode != 0
    assert node.events("image-too-large") and not node.events("taken")
    with socket.create_connection(("127.0.0.1", node.port)) as peer:
        peer.sendall(struct.pack(">BBL", 1, 0, 2**32 - 1))
        assert peer.recv(1) == b""
    assert node.send(write_image(tmp_path / "a.dcm", 2)).returncode == 0
    wait_for(lambda: node.events("delivered"))
    require_each_once(orthanc, 1)


# === Whom it names ===


@pytest.mark.slow
@pytest.mark.promise("A DICOM node names nobody in its log, its files' names and its URLs.", part="Privacy")
def test_nobody_is_named_in_the_log_the_names_of_files_or_a_url(place, tmp_path):
    orthanc, node = place
    node.archive = orthanc.url
    read, lateral = (
        marked_dataset(
            np.asarray(bright, np.uint8),
            groups=(0x0008, 0x0010),
            SOPClassUID=CR,
            Modality="CR",
            ViewPosition=view,
            StudyInstanceUID=f"{STUDY}.2718284590",
            SeriesInstanceUID=f"{STUDY}.2718284590.1",
            SOPInstanceUID=f"{STUDY}.2718284590.{number}",
        )
        for number, (bright, view) in enumerate([(_chest(), "PA"), (_chest(), "LL")])
    )
    paths = []
    for number, dataset in enumerate((read, lateral)):
        paths.append(tmp_path / f"{NAMED}-{number}.dcm")
        dataset.file_meta.MediaStorageSOPClassUID = CR
        dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
        dataset.save_as(paths[-1], enforce_file_format=True)
    node.start()
    node.send(*paths)
    wait_for(lambda: node.events("dropped") and node.events("archive-down"))
    waiting = all_files(node.queue)
    assert marks_anywhere(*waiting.values()), "the queue holds the image's study"
    assert not marks_anywhere(*waiting)
    orthanc.start()
    wait_for(lambda: node.events("delivered"))
    node.stop()
    assert not marks_anywhere(node.log.read_text(), *all_files(node.queue).items())


def _chest() -> np.ndarray:
    from scripts.studies.reliability.synthetic_images import synthetic_chest

    return synthetic_chest(512)
