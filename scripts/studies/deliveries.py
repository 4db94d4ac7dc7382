"""The way of an image through a DICOM node: from its C-STORE to all of its objects in an Orthanc."""

import tempfile
import time
from pathlib import Path

from pneumonia.dicom_out.objects import OBJECTS
from scripts.tools.local_archive import LocalNode, Orthanc
from scripts.tools.make_dicom_example import write_image
from scripts.tools.served_page import free_port


def time_deliveries(images: int) -> dict[str, list[float]]:
    """Send images of 1024 x 1024 pixels one after the other, after a first one that is not counted.

    Returns:
        Seconds of each, by how the node delivers.

    Raises:
        ArchiveError: if Orthanc does not start.
    """
    seconds = {}
    with tempfile.TemporaryDirectory() as name:
        folder, port = Path(name), free_port()
        orthanc = Orthanc(folder / "orthanc", free_port(), free_port(), port)
        try:
            orthanc.start()
            for way, address in {"C-STORE": orthanc.address, "STOW-RS": orthanc.url}.items():
                node = LocalNode(folder / f"queue-{way}", address, port, folder / f"log-{way}")
                try:
                    node.start()
                    first = len(seconds) * (images + 1)
                    sent = [write_image(folder / f"{number}.dcm", first + number) for number in range(images + 1)]
                    seconds[way] = [_deliver(node, orthanc, image) for image in sent][1:]
                finally:
                    node.stop()
        finally:
            orthanc.stop()
    return seconds


def _deliver(node: LocalNode, orthanc: Orthanc, image: Path) -> float:
    before, started = len(orthanc.was_sent()), time.perf_counter()
    node.send(image)
    while len(orthanc.was_sent()) < before + len(OBJECTS):
        time.sleep(0.01)
    return time.perf_counter() - started
