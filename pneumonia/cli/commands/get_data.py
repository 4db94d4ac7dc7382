"""Fetch the public chest X-ray data set and lay it out for training; or write a table of adults that were downloaded.

The data set is laid out as train/val/test of NORMAL and PNEUMONIA.

It comes from a copy on the Hugging Face Hub at a pinned commit, from Kaggle, or from a ZIP archive downloaded by hand.
Checked are, for every source: the number of images in each of the six folders, the names and classes of all training
images, that every file is a JPEG file, and that every name tells a patient; for the Hub also the SHA-256 of those of
its files for which one was published. Not checked, because nobody published it, is the content of each image. What
was laid out is noted in SOURCE.json with a fingerprint of every part; a second run finds it there and compares.

Training and validation read train and val, never test.

The adults are of NIH ChestX-ray14, with what radiologists of the RSNA Pneumonia Detection Challenge said of them.
Neither may be passed on, so whoever wants them downloads them: from NIH the images and Data_Entry_2017.csv into one
folder, from RSNA stage_2_detailed_class_info.csv, stage_2_train_labels.csv and the JSON file of mappings into another.
The table joins them, and names images where they lie.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

from pneumonia.cli.exit_codes import DONE
from pneumonia.cli.terminal import progress
from pneumonia.data.sources import nih_rsna, readers
from pneumonia.data.sources.chest_xray import CHEST_XRAY, SourceImage, lay_out, require_unchanged
from pneumonia.errors import DataError
from pneumonia.utils.packages import require_package


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--output",
        type=Path,
        required=True,
        help="folder to make, or to check if it is there; of adults, the CSV table",
    )
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--source", choices=("hub", "kaggle"), default="hub", help="default: hub")
    where.add_argument("--archive", type=Path, metavar="ZIP", help="downloaded from Kaggle by hand")
    adults = parser.add_argument_group("adults")
    adults.add_argument("--nih", type=Path, metavar="DIR", help="folder of NIH's images and their list")
    adults.add_argument("--rsna", type=Path, metavar="DIR", help="folder of the challenge's tables and mappings")


def run(arguments: argparse.Namespace) -> int:
    output = arguments.output
    if arguments.nih or arguments.rsna:
        return _write_adults(arguments)
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


def _write_adults(arguments: argparse.Namespace) -> int:
    if not (arguments.nih and arguments.rsna):
        raise DataError("The table of adults needs both --nih and --rsna.")
    if arguments.output.suffix.lower() != ".csv":
        raise DataError("The table of adults is a CSV file: give --output a name that ends in .csv.")
    counts = nih_rsna.write_table(arguments.nih, arguments.rsna, arguments.output)
    print(", ".join(f"{count:,} {said}" for said, count in sorted(counts.items())))
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
