"""Walks through folders meet everything that is in them, and end."""

import os

import pytest

from pneumonia.errors import DataError
from pneumonia.utils.folders import problem, walk


def test_folders_that_are_linked_to_are_read_once_and_rings_end(tmp_path):
    for name in ("top/a", "top/b/c", "out/d", "out/e/f"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    top = tmp_path / "top"
    links = {"top/b/up": top, "top/l": "../out", "out/e/back": "..", "out/ring": top / "b", "top/m": tmp_path / "out"}
    for name, target in links.items():
        (tmp_path / name).symlink_to(target)
    (top / "gone").symlink_to("nowhere")
    (top / "self").symlink_to("self")
    found = [os.path.relpath(path, top) for path in walk(top)]
    files = ["a", "gone", "m", "self", "b/c", "b/up", "l/d", "l/e/back", "l/e/f", "l/ring/c", "l/ring/up"]
    assert sorted(found) == sorted(files)
    problems = {name: problem(str(top / name)) for name in found}
    assert [name for name in found if problems[name] is None] == ["a", "b/c", "l/d", "l/e/f", "l/ring/c"]
    assert "not there" in problems["gone"] and "folder" in problems["m"]


@pytest.mark.promise(
    "What a walk through a folder is told to leave out, as what a command writes, it leaves out by any name.",
    part="Figures",
)
def test_what_is_written_is_left_out_whatever_it_is_called(tmp_path):
    for name in ("a", "maps/b", "out.csv", "deep/maps/c"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "again").symlink_to("maps")
    written = [tmp_path / "deep" / ".." / "maps", tmp_path / "out.csv"]
    assert [os.path.relpath(path, tmp_path) for path in walk(tmp_path, written)] == ["a", "deep/maps/c"]


def test_a_folder_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(DataError, match=r"nowhere.*No such file"):
        list(walk(tmp_path / "nowhere"))
