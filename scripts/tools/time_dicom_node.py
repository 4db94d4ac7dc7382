"""Time the way of an image through a DICOM node: from its C-STORE to all of its objects in an Orthanc.

python -m scripts.tools.time_dicom_node [--images 10]
"""

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np

from pneumonia.dicom_out.objects import OBJECTS
from pneumonia.utils.processes import cores
from scripts.studies.reliability.synthetic_images import dicom_dataset, synthetic_chest, to_bytes
from scripts.tools.local_archive import LocalNode, Orthanc
from scripts.tools.served_page import free_port

STUDY = "1.2.826.0.1.3680043.10.1"


def write_image(path: Path, number: int, side: int = 1024, **elements: object) -> Path:
    """Write a synthetic radiograph of 16 bits with UIDs of its own, in one study with all others."""
    uid = f"{STUDY}.1.{number}"
    values = {
        "StudyInstanceUID": STUDY,
        "SeriesInstanceUID": f"{STUDY}.{number}",
        "SOPInstanceUID": uid,
        "ViewPosition": "PA",
        "BodyPartExamined": "CHEST",
    }
    dataset = dicom_dataset(synthetic_chest(side).astype(np.uint16) << 4, BitsStored=12, **(values | elements))
    dataset.file_meta.MediaStorageSOPInstanceUID = uid
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    path.write_bytes(to_bytes(dataset))
    return path


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
