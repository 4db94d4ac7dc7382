"""Fetching the public data set: its copies, the layout, and what is refused."""

import errno
import hashlib
import json
import os
import re
import shutil
import stat
import zipfile
from collections import namedtuple

import pytest

from pneumonia.core.labels import CLASS_NAMES, NORMAL, PNEUMONIA
from pneumonia.data.listing import SOURCE
from pneumonia.data.manifest import read_training_folder
from pneumonia.data.sources import readers
from pneumonia.data.sources.chest_xray import CHEST_XRAY, PARTS, lay_out, require_unchanged
from pneumonia.errors import DataError
from tests.fixtures.public_set import get_data, parquet_bytes, published_images, table_of, write_archive

IMAGES = published_images()
TABLE = table_of(IMAGES)


def laid_out(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.jpeg"))


def expected():
    return sorted(f"{image.part}/{image.class_name}/{image.name}" for image in IMAGES)


def archive_error(tmp_path, archive):
    """Read an archive as the command does, expect a refusal that leaves nothing behind, and return its text."""
    output = tmp_path / "made" / "data"
    with pytest.raises(DataError) as caught:
        lay_out(*readers.read_archive(archive), output, {}, TABLE)
    assert not output.parent.exists() or not list(output.parent.iterdir())
    return str(caught.value)


def test_an_archive_of_kaggle_is_laid_out_once_and_checked_again(tmp_path):
    archive = write_archive(tmp_path / "archive.zip", IMAGES)
    with zipfile.ZipFile(archive, "a") as more:
        for image in IMAGES:  # the second copy and what macOS adds; were they taken, the contents would differ
            place = f"{image.part}/{image.class_name}"
            more.writestr(f"chest_xray/chest_xray/{place}/{image.name}", b"\xff\xd8\xffother")
            more.writestr(f"chest_xray/__MACOSX/{place}/{image.name}", b"fork")
            more.writestr(f"chest_xray/{place}/._{image.name}", b"fork")
        more.writestr("chest_xray/chest_xray/.DS_Store", b"")
    output = tmp_path / "deeper" / "data"
    (output.parent / ".data-partial" / "train").mkdir(parents=True)  # of a run that was killed
    done = get_data(TABLE, "--output", output, "--archive", archive)
    assert done.returncode == 0, done.stderr
    assert "train: 3 NORMAL, 3 PNEUMONIA" in done.stdout and "CC BY 4.0" in done.stdout
    assert laid_out(output) == expected()
    for image in IMAGES:
        assert (output / image.part / image.class_name / image.name).read_bytes() == image.content
    assert os.listdir(output.parent) == ["data"]
    source = json.loads((output / SOURCE).read_text())
    assert source["origin"] == {"archive": "archive.zip"} and set(source["parts"]) == set(PARTS)
    assert {record.path.parts[-3] for record in read_training_folder(output).records} == {"train", "val"}

    archive.unlink()
    again = get_data(TABLE, "--output", output, "--archive", archive)
    assert again.returncode == 0 and "is there already" in again.stdout
    first = output / expected()[0]
    first.rename(output / "train" / NORMAL / first.name)
    moved = get_data(TABLE, "--output", output)
    assert (moved.returncode == 2 and "changed: train, test" in moved.stderr) or "No images" in moved.stderr


def test_a_folder_of_something_else_is_left_alone(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "notes.txt").write_text("mine")
    done = get_data(TABLE, "--output", tmp_path / "data", "--archive", write_archive(tmp_path / "a.zip", IMAGES))
    assert done.returncode == 2 and "left alone" in done.stderr
    assert (tmp_path / "data" / "notes.txt").read_text() == "mine"


def test_an_unreadable_record_is_told(tmp_path):
    (tmp_path / SOURCE).write_text("{")
    with pytest.raises(DataError, match=SOURCE):
        require_unchanged(tmp_path)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda images: images[1:], "train/NORMAL holds 2 images instead of 3"),
        (lambda images: [*images, images[0]._replace(name="IM-0099-0001.jpeg")], "4 images instead of 3"),
        (lambda images: [images[0]._replace(name="IM-0099-0001.jpeg"), *images[1:]], "other names or classes"),
        (lambda images: [images[0]._replace(name="0001.jpeg"), *images[1:]], "tells no patient"),
        (lambda images: [images[0]._replace(content=b"GIF89a"), *images[1:]], "no JPEG file"),
        (lambda images: [image for image in images if image.part != "val"], "No images found"),
        (lambda images: [image._replace(part="other") for image in images], "No data set found"),
    ],
)
def test_what_is_not_the_published_set_is_refused(tmp_path, change, reason):
    assert reason in archive_error(tmp_path, write_archive(tmp_path / "archive.zip", change(IMAGES)))


def test_classes_that_were_swapped_are_refused(tmp_path):
    other = {NORMAL: PNEUMONIA, PNEUMONIA: NORMAL}
    swapped = [image._replace(class_name=other[image.class_name]) for image in IMAGES]
    assert "other names or classes" in archive_error(tmp_path, write_archive(tmp_path / "archive.zip", swapped))


def test_hostile_members_are_refused(tmp_path):
    place = f"train/{NORMAL}/IM-0000-0001.jpeg"

    def with_member(info, content, **options):
        path = tmp_path / "archive.zip"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(info, content, **options)
        return archive_error(tmp_path, path)

    assert "leads out" in with_member(f"chest_xray/../../{place}", IMAGES[0].content)
    assert "leads out" in with_member(f"/chest_xray/{place}", IMAGES[0].content)
    link = zipfile.ZipInfo(place)
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    assert "no JPEG file" in with_member(link, "/etc/passwd")
    bomb = b"\xff\xd8\xff" + bytes(20_000_000)
    assert "unpacks to more" in with_member(place, bomb, compress_type=zipfile.ZIP_DEFLATED)
    assert not list(tmp_path.rglob("*.jpeg"))


def test_a_cut_or_missing_archive_is_told(tmp_path):
    archive = write_archive(tmp_path / "archive.zip", IMAGES)
    archive.write_bytes(archive.read_bytes()[:-100])
    assert "download it again" in archive_error(tmp_path, archive)
    assert "does not exist" in archive_error(tmp_path, tmp_path / "none.zip")


def test_too_little_room_is_told_before_anything_is_written(tmp_path, monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(10**9, 9 * 10**8, 10**8))
    with pytest.raises(DataError, match=r"1\.2 GB.* 0\.1 GB"):
        lay_out(iter(IMAGES), 1_200_000_000, tmp_path / "data", {}, TABLE)
    assert not list(tmp_path.iterdir())


def test_a_disk_that_fills_up_leaves_nothing_behind(tmp_path):
    def filling():
        yield from IMAGES[:3]
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(OSError, match="No space left"):
        lay_out(filling(), 0, tmp_path / "data", {}, TABLE)
    assert not list(tmp_path.iterdir())


def test_parquet_files_are_read_in_order_of_their_table(tmp_path):
    files = {}
    for part in PARTS:
        content = parquet_bytes(image for image in IMAGES if image.part == part)
        (tmp_path / f"{part}.parquet").write_bytes(content)
        files[part] = {f"{part}.parquet": hashlib.sha256(content).hexdigest()}
    images, size = readers.read_parquet(tmp_path, files)
    assert list(images) == IMAGES and size == sum(path.stat().st_size for path in tmp_path.iterdir())


def test_a_parquet_file_that_is_missing(tmp_path):
    with pytest.raises(DataError, match=r"lacks .*a\.parquet"):
        readers.read_parquet(tmp_path, {"train": {"a.parquet": None}})


@pytest.mark.parametrize(
    ("content", "digest", "reason"),
    [
        (lambda: parquet_bytes(IMAGES, named=False), None, "names"),
        (lambda: parquet_bytes(IMAGES), "0" * 64, "published"),
        (lambda: parquet_bytes(IMAGES)[:-20], None, "as Parquet"),
        # The first page, behind the four bytes that name the format; what is at the end of the file is whole.
        (lambda: b"PAR1" + b"\xff" * 200 + parquet_bytes(IMAGES)[204:], None, "as Parquet"),
    ],
    ids=["nameless", "other", "cut", "damaged"],
)
def test_parquet_files_that_cannot_be_used(tmp_path, content, digest, reason):
    (tmp_path / "a.parquet").write_bytes(content())
    with pytest.raises(DataError, match=reason):
        list(readers.read_parquet(tmp_path, {"train": {"a.parquet": digest}})[0])


def test_kaggle_gives_a_folder_or_a_reason(tmp_path):
    """With a stand-in for kagglehub: the real one needs Kaggle."""
    package = tmp_path / "modules" / "kagglehub"
    package.mkdir(parents=True)
    names = ("BackendError", "CredentialError", "DataCorruptionError", "NotFoundError", "UnauthenticatedError")
    (package / "exceptions.py").write_text("".join(f"class {name}(Exception): pass\n" for name in names))
    with zipfile.ZipFile(write_archive(tmp_path / "archive.zip", IMAGES)) as archive:
        archive.extractall(tmp_path / "cache")
    environment = {**os.environ, "PYTHONPATH": str(package.parent)}
    start = "from kagglehub import exceptions\ndef dataset_download(name):\n"

    (package / "__init__.py").write_text(f"{start}    raise exceptions.NotFoundError('No such version.')\n")
    refused = get_data(TABLE, "--output", tmp_path / "data", "--source", "kaggle", **environment)
    assert refused.returncode == 2 and "No such version. It can be downloaded in a browser" in refused.stderr

    (package / "__init__.py").write_text(
        f"{start}    assert name.endswith('/versions/2')\n    return {str(tmp_path / 'cache')!r}\n"
    )
    done = get_data(TABLE, "--output", tmp_path / "data", "--source", "kaggle", **environment)
    assert done.returncode == 0, done.stderr
    assert laid_out(tmp_path / "data") == expected()


def test_the_table_is_of_the_radiographs_that_the_networks_were_trained_on(data_dir):
    names = [f"{c}/{path.name}" for c in CLASS_NAMES for path in (data_dir / "chest_xray" / "train" / c).iterdir()]
    assert len(names) == sum(CHEST_XRAY.counts["train"].values())
    assert hashlib.sha256("\n".join(sorted(names)).encode()).hexdigest() == CHEST_XRAY.training_names


def test_the_table_pins_a_commit_and_whole_hashes():
    assert re.fullmatch("[0-9a-f]{40}", CHEST_XRAY.hub_revision)
    digests = [digest for files in CHEST_XRAY.hub_files.values() for digest in files.values()]
    assert len(digests) == 9
    assert all(digest is None or re.fullmatch("[0-9a-f]{64}", digest) for digest in digests)
