"""Files of ZIP archives, good and bad."""

import tracemalloc
import zipfile
from io import BytesIO
from pathlib import Path

import pytest

from pneumonia.errors import CorruptImageError, ImageError, ImageSizeError, UnsupportedImageError
from pneumonia.imaging.decode import MAX_BYTES, decode
from pneumonia.imaging.zip_archive import list_members
from scripts.studies.reliability.synthetic_images import encode, radiograph


def archive(path: Path, files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as file:
        for name, content in files.items():
            file.writestr(name, content)
    return path


def test_members_are_the_files_in_order_and_decode_like_files(tmp_path):
    chest = encode(radiograph(), "PNG")
    files = {"b/chest.png": chest, "a": chest, "empty/": b"", "__MACOSX/b/._chest.png": b"x", "b/.DS_Store": b"x"}
    members = list_members(archive(tmp_path / "several.zip", files), most=10)
    assert [member.name for member in members] == ["a", "b/chest.png"]
    for member in members:
        assert decode(member).sha256 == decode(chest).sha256


def test_no_more_is_unpacked_than_is_asked_for_or_than_a_radiograph_can_hold(tmp_path):
    """Half a gigabyte of zeros in half a megabyte; and what packs well, but is small."""
    files = {"bomb": bytes(5 * MAX_BYTES), "small": bytes(10**6), "larger": bytes(10**6 + 1)}
    bomb, larger, small = list_members(archive(tmp_path / "bomb.zip", files), most=10)
    assert len(bomb.read(1000)) == 1000
    tracemalloc.start()
    for member in (bomb, larger):
        with pytest.raises(ImageSizeError, match="100 times"):
            decode(member)
    assert tracemalloc.get_traced_memory()[1] < 2 * MAX_BYTES
    tracemalloc.stop()
    assert len(small.read(MAX_BYTES)) == 10**6


def test_members_that_share_their_bytes_are_refused(tmp_path):
    """A directory that names one member many times unpacks to many times what is there."""
    path = archive(tmp_path / "shared.zip", {"a": encode(radiograph(), "PNG")}, zipfile.ZIP_STORED)
    with zipfile.ZipFile(path, "a") as file:
        file.filelist *= 3
        file.NameToInfo["more"] = file.filelist[0]
        file.comment = b"written anew"
    with pytest.raises(CorruptImageError, match="more than"):
        list_members(path, most=10)


def test_a_long_list_of_members_is_refused_unread(tmp_path, monkeypatch):
    path = tmp_path / "long.zip"
    with zipfile.ZipFile(path, "w") as file:
        for number in range(20_000):
            file.writestr(str(number), b"")
    assert len(list_members(path, most=20_000)) == 20_000
    monkeypatch.setattr(zipfile, "ZipFile", None)
    with pytest.raises(ImageSizeError, match=r"20,000 .* 10 "):
        list_members(path, most=10)


@pytest.mark.parametrize("name", ["../up.png", "a/../../up.png", "/root.png", "a\\..\\up.png", "C:\\root.png"])
def test_names_that_lead_out_of_the_archive_are_refused_and_their_neighbours_read(tmp_path, name):
    chest = encode(radiograph(), "PNG")
    members = {
        member.name: member for member in list_members(archive(tmp_path / "out.zip", {name: chest, "in": chest}), 10)
    }
    with pytest.raises(UnsupportedImageError):
        decode(members.pop(name))
    assert decode(members["in"]).facts["width"] == 240 and list(tmp_path.iterdir()) == [tmp_path / "out.zip"]


def test_too_many_files_no_files_and_no_archive_are_refused(tmp_path):
    with pytest.raises(ImageSizeError):
        list_members(archive(tmp_path / "many.zip", {"a": b"", "b": b"", "c": b""}), most=2)
    with pytest.raises(ImageError, match="no files"):
        list_members(archive(tmp_path / "none.zip", {"folder/": b""}), most=2)
    whole = archive(tmp_path / "whole.zip", {"a": bytes(10_000)}).read_bytes()
    (tmp_path / "cut.zip").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(CorruptImageError):
        list_members(tmp_path / "cut.zip", most=2)


def test_a_damaged_member_is_named_and_its_neighbour_is_read(tmp_path):
    chest = encode(radiograph(), "PNG")
    path = archive(tmp_path / "several.zip", {"a.png": chest, "b.png": chest}, zipfile.ZIP_STORED)
    content = bytearray(path.read_bytes())
    content[len(chest) // 2] ^= 1
    path.write_bytes(content)
    damaged, whole = list_members(path, most=10)
    with pytest.raises(CorruptImageError, match="archive"):
        decode(damaged)
    assert decode(whole).facts["width"] == 240


def test_encrypted_members_are_refused(tmp_path):
    path = archive(tmp_path / "secret.zip", {"chest.png": b"0123456789"})
    content = bytearray(path.read_bytes())
    central = content.index(b"PK\x01\x02")
    content[6] |= 1  # general purpose flags, here and in the directory
    content[central + 8] |= 1
    path.write_bytes(content)
    (member,) = list_members(path, most=10)
    with pytest.raises(UnsupportedImageError, match="encrypted"):
        decode(member)


def test_a_nested_archive_is_refused_as_a_file(tmp_path):
    inner = BytesIO()
    with zipfile.ZipFile(inner, "w") as file:
        file.writestr("chest.png", encode(radiograph(), "PNG"))
    (member,) = list_members(archive(tmp_path / "outer.zip", {"inner.zip": inner.getvalue()}), most=10)
    with pytest.raises(UnsupportedImageError, match="ZIP archive"):
        decode(member)


@pytest.mark.parametrize("name", [".", "./.", "a/.", "\x1b[31m", "x" * 60_000])
def test_odd_names_end_in_no_traceback(tmp_path, name):
    files = {name: encode(radiograph(), "PNG"), "chest.png": encode(radiograph(), "PNG")}
    members = list_members(archive(tmp_path / "odd.zip", files), most=10)
    assert "chest.png" in [member.name for member in members]
    assert all(decode(member).facts["width"] == 240 for member in members)


def test_a_member_without_a_name_is_passed_over(tmp_path):
    chest = encode(radiograph(), "PNG")
    path = archive(tmp_path / "nameless.zip", {"nobody": b"", "chest.png": chest})
    path.write_bytes(path.read_bytes().replace(b"nobody", b"\0obody"))  # what follows a zero is no part of a name
    (member,) = list_members(path, most=10)
    assert member.name == "chest.png" and member.read(MAX_BYTES) == chest


def test_a_damaged_member_of_another_method_is_named(tmp_path):
    path = archive(tmp_path / "packed.zip", {"a.png": encode(radiograph(), "PNG")}, zipfile.ZIP_LZMA)
    content = bytearray(path.read_bytes())
    content[60:200] = bytes(140)
    path.write_bytes(content)
    (member,) = list_members(path, most=10)
    with pytest.raises(CorruptImageError):
        decode(member)


def test_an_archive_is_closed_when_its_last_user_is_done_and_opens_again_until_it_is_deleted(tmp_path):
    path = archive(tmp_path / "several.zip", {"chest.png": encode(radiograph(), "PNG")})
    (member,) = list_members(path, most=10)
    with member.archive:
        opened = member.archive.file()
        with member.archive:
            assert decode(member).facts["width"] == 240
        assert member.archive.file() is opened, "somebody still reads from it"
    with member.archive:
        assert member.archive.file() is not opened
    path.unlink()
    with pytest.raises(CorruptImageError):
        decode(member)
