"""Files that are written in one step: to where a link leads, and to a pipe as it is."""

import json
import os
import threading

from pneumonia.utils.atomic_files import write_atomic
from pneumonia.utils.json_values import write_json


def test_a_link_stays_one_and_nothing_is_left_beside(tmp_path):
    (tmp_path / "there").mkdir()
    link = tmp_path / "link.json"
    link.symlink_to(tmp_path / "there" / "values.json")
    for values in ({"a": 1}, {"a": 2}):
        write_json(link, values)
        assert link.is_symlink() and json.loads(link.read_bytes()) == values
    assert [path.name for path in (tmp_path / "there").iterdir()] == ["values.json"]


def test_a_pipe_is_written_to_and_not_replaced(tmp_path):
    pipe, received = tmp_path / "pipe", []
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: received.append(pipe.read_bytes()))
    reader.start()
    write_atomic(pipe, b"values")
    reader.join(10)
    assert received == [b"values"] and pipe.is_fifo()
