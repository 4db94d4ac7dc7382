"""Write a synthetic radiograph as a DICOM file.

python -m scripts.tools.make_dicom_example synthetic.dcm
"""

import argparse
from pathlib import Path

import numpy as np

from scripts.studies.reliability.synthetic_images import dicom_dataset, synthetic_chest, to_bytes

STUDY = "1.2.826.0.1.3680043.10.1"


def write_image(path: Path, number: int = 1, side: int = 1024, **elements: object) -> Path:
    """Write a DX image of 12 bits of the example that the page shows.

    Args:
        path: to write.
        number: for its UIDs; all images are of one study.
        side: in pixels.
        elements: by keyword, in place of or beside those that it has; None leaves one out.
    """
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
    parser.add_argument("path", type=Path, help="file to write")
    write_image(parser.parse_args().path)


if __name__ == "__main__":
    main()
