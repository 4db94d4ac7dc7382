"""Fetch the public chest X-ray data set and lay it out for training, as train/val/test of NORMAL and PNEUMONIA.

It comes from a copy on the Hugging Face Hub at a pinned commit, from Kaggle, or from a ZIP archive downloaded by hand.
Checked are, for every source: the number of images in each of the six folders, the names and classes of all training
images, that every file is a JPEG file, and that every name tells a patient; for the Hub also the SHA-256 of those of
its files for which one was published. Not checked, because nobody published it, is the content of each image. What
was laid out is noted in SOURCE.json with a fingerprint of every part; a second run finds it there and compares.

Training and validation read train and val, never test.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

from pneumonia.cli.exit_codes import DONE
from pneumonia.cli.terminal import progress
from pneumonia.data.sources import readers
from pneumonia.data.sources.chest_xray import CHEST_XRAY, SourceImage, lay_out, require_unchanged
from pneumonia.errors import DataError
from pneumonia.utils.packages import require_package


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--output", type=Path, required=True, help="folder to make, or to check if it is there")
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--source", choices=("hub", "kaggle"), default="hub", help="default: hub")
    where.add_argument("--archive", type=Path, metavar="ZIP", help="downloaded from Kaggle by hand")


def run(arguments: argparse.Namespace) -> int:
    output = arguments.output
    if output.exists() and (not output.is_dir() or any(output.iterdir())):
        counts = require_unchanged(output)
        print(f"{output} is there already, as it was fetched.")
    else:
        images, size, origin = _open(arguments)
        total = sum(sum(counts.values()) for counts in CHEST_XRAY.counts.values())
        counts = lay_out(progress(images, total), size, output, origin, CHEST_XRAY)
    for part, classes in counts.items():
        print(f"{part}: " + ", ".join(f"{count:,} {name}" for name, count in classes.items()))
    print(f"{CHEST_XRAY.title}, doi {CHEST_XRAY.doi}, {CHEST_XRAY.licence}")
    return DONE


def _open(arguments: argparse.Namespace) -> tuple[Iterator[SourceImage], int, dict[str, str]]:
    """The images, about their bytes, and where they come from."""
    if arguments.archive:
        return *readers.read_archive(arguments.archive), {"archive": arguments.archive.name}
    if arguments.source == "kaggle":
        from pneumonia.data.sources import kaggle

        return *readers.read_folder(kaggle.download(CHEST_XRAY.kaggle)), {"kaggle": CHEST_XRAY.kaggle}
    from pneumonia.weights import hub

    require_package("pyarrow", "Reading the copy on the Hub needs pyarrow", "data")
    names = [name for files in CHEST_XRAY.hub_files.values() for name in files]
    repo_id, revision = CHEST_XRAY.hub_repo, CHEST_XRAY.hub_revision
    folder = hub.download(repo_id, revision, patterns=names, repo_type="dataset")
    try:
        return *readers.read_parquet(folder, CHEST_XRAY.hub_files), {"hub": repo_id, "revision": revision}
    except DataError:
        hub.evict(revision)  # or a second run would find the same in the cache
        raise
