"""A small published data set: what `scripts/get_data.py` fetches in the tests, in the forms of its public copies."""

import dataclasses
import hashlib
import json
import subprocess
import sys
import zipfile
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from pneumonia.data.public import CHEST_XRAY, PARTS, PublicSet, SourceImage
from pneumonia.labels import CLASS_NAMES, PNEUMONIA
from tests.making import encode
from tests.tiny import tiny_radiograph

ROOT = Path(__file__).parent.parent
# Runs the command with the table of another published set.
_LAUNCHER = """
import json, runpy, sys
root, table, *sys.argv = sys.argv[1:]
sys.path[:0] = [root, root + "/scripts"]
import pneumonia.data.public as public
public.CHEST_XRAY = public.PublicSet(**json.loads(table))
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def published_images(train: int = 3) -> list[SourceImage]:
    """JPEG files of discs, named as the public set names them: `train` a class to train with, one otherwise."""
    rng = np.random.default_rng(0)
    return [
        SourceImage(part, class_name, name, encode(tiny_radiograph(rng, class_name == PNEUMONIA, 64), "JPEG"))
        for start, part in enumerate(PARTS)
        for number in range(100 * start, 100 * start + (train if part == "train" else 1))
        for class_name, name in zip(
            CLASS_NAMES, (f"IM-{number:04d}-0001.jpeg", f"person{number}_virus_{number}.jpeg"), strict=True
        )
    ]


def table_of(images: Iterable[SourceImage], **facts: object) -> PublicSet:
    """What is published of these images; `facts` replaces other fields of the real table."""
    images = list(images)
    counter = Counter((image.part, image.class_name) for image in images)
    lines = sorted(f"{image.class_name}/{image.name}" for image in images if image.part == "train")
    return dataclasses.replace(
        CHEST_XRAY,
        counts={part: {name: counter[part, name] for name in CLASS_NAMES} for part in PARTS},
        training_names=hashlib.sha256("\n".join(lines).encode()).hexdigest(),
        **facts,
    )


def get_data(table: PublicSet, *arguments: object, **environment: str) -> subprocess.CompletedProcess:
    """Run scripts/get_data.py as a person does, for the data set of this table."""
    command = [sys.executable, "-c", _LAUNCHER, str(ROOT), json.dumps(dataclasses.asdict(table))]
    command += [str(ROOT / "scripts" / "get_data.py"), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, env=environment or None)
    assert "Traceback" not in done.stderr, done.stderr
    return done


def write_archive(path: Path, images: Iterable[SourceImage]) -> Path:
    """Write a ZIP archive in which images lie as on Kaggle, once."""
    with zipfile.ZipFile(path, "w") as archive:
        for image in images:
            archive.writestr(f"chest_xray/{image.part}/{image.class_name}/{image.name}", image.content)
    return path


def parquet_bytes(images: Iterable[SourceImage], named: bool = True) -> bytes:
    """A Parquet file with the columns of an image data set on the Hub."""
    import pyarrow
    from pyarrow import parquet

    images = list(images)
    column = [{"bytes": image.content, "path": image.name if named else None} for image in images]
    kind = pyarrow.struct([("bytes", pyarrow.binary()), ("path", pyarrow.string())])
    table = pyarrow.table(
        {
            "image": pyarrow.array(column, kind),
            "label": pyarrow.array([CLASS_NAMES.index(image.class_name) for image in images], pyarrow.int64()),
        }
    )
    stream = pyarrow.BufferOutputStream()
    parquet.write_table(table, stream)
    return stream.getvalue().to_pybytes()
