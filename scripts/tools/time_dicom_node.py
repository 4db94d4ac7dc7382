"""Time the way of an image through a DICOM node: from its C-STORE to all of its objects in an Orthanc.

python -m scripts.tools.time_dicom_node [--images 10]
"""

import argparse
import statistics
import tempfile
import time
from pathlib import Path

from pneumonia.dicom_out.objects import OBJECTS
from pneumonia.utils.processes import cores
from scripts.tools.local_archive import LocalNode, Orthanc
from scripts.tools.make_dicom_example import write_image
from scripts.tools.served_page import free_port


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--images", type=int, default=10, help="default: %(default)s")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        port = free_port()
        orthanc = Orthanc(folder / "orthanc", free_port(), free_port(), port)
        try:
            orthanc.start()
            for number, address in enumerate((orthanc.address, orthanc.url)):
                node = LocalNode(folder / f"queue-{number}", address, port, folder / f"log-{number}")
                try:
                    node.start()
                    images = [
                        write_image(folder / f"{turn}.dcm", turn)
                        for turn in range(number * arguments.images, (number + 1) * arguments.images)
                    ]
                    _report("STOW-RS" if number else "C-STORE", [_time(node, orthanc, image) for image in images])
                finally:
                    node.stop()
        finally:
            orthanc.stop()


def _time(node: LocalNode, orthanc: Orthanc, image: Path) -> float:
    before, started = len(orthanc.was_sent()), time.perf_counter()
    node.send(image)
    while len(orthanc.was_sent()) < before + len(OBJECTS):
        time.sleep(0.01)
    return time.perf_counter() - started


def _report(way: str, seconds: list[float]) -> None:
    first, *later = seconds
    print(
        f"{way}: {len(seconds)} images of 1024 x 1024 on {cores()} cores; the first {first:.2f} s, the others "
        f"{statistics.median(later):.2f} s (median; at most {max(later):.2f} s)"
    )


if __name__ == "__main__":
    main()
