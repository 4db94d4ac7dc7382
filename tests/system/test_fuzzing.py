"""The fuzz run: what counts as a finding, what it begins with, how it is run; and what the largest pictures take."""

import importlib.util
import io
import json
import mmap
import sys
import time
import zipfile
from importlib.metadata import version
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from pneumonia.errors import PneumoniaError
from scripts.studies import study
from scripts.studies.reliability import fuzz, fuzz_process
from scripts.studies.reliability.__main__ import STUDY
from scripts.studies.reliability.abuse.answers import CHEST
from scripts.studies.reliability.fuzz_process import judge, readers, with_sums
from scripts.studies.reliability.seeds import archive_seeds, decoder_seeds
from scripts.studies.reliability.synthetic_images import dicom_bytes, encode

pytestmark = [
    pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="needs the /proc of Linux"),
    pytest.mark.filterwarnings("ignore"),
]
PNG = encode(CHEST, "PNG")


def deep_colours_with_alpha(grey: np.ndarray) -> bytes:
    deep = grey * np.uint16(257)
    layers = np.dstack([deep] * 3 + [np.full_like(deep, 65535)])
    return cv2.imencode(".png", layers, [cv2.IMWRITE_PNG_COMPRESSION, 1])[1].tobytes()


def uncompressed_ybr(grey: np.ndarray) -> bytes:
    return dicom_bytes(np.dstack([grey, *[np.full_like(grey, 128)] * 2]), PhotometricInterpretation="YBR_FULL")


@pytest.mark.parametrize("write", [deep_colours_with_alpha, uncompressed_ybr])
def test_the_largest_pictures_take_less_than_500_megabytes(write, monkeypatch):
    """A quarter of the pixels that may be, and of the memory."""
    read = readers()["decoder"]
    read(write(CHEST))  # what is imported is held from then on
    monkeypatch.setattr(fuzz_process, "MOST_MEGABYTES", fuzz_process.MOST_MEGABYTES / 4)
    assert judge(read, write(cv2.resize(CHEST, (2500, 2500), interpolation=cv2.INTER_LINEAR))) is None


def test_what_is_a_finding(monkeypatch):
    assert judge(lambda data: data, PNG) is None
    kind, where = judge(lambda data: json.loads("{"), PNG)
    assert kind == "exception" and where.startswith("JSONDecodeError in decoder.py")
    monkeypatch.setattr(fuzz_process, "MOST_MEGABYTES", 50)
    # Pages of its own: what earlier tests freed may lie in the process still, and would not count as more.
    assert judge(lambda data: mmap.mmap(-1, 100_000_000).write(bytes(100_000_000)), PNG)[0] == "hungry"
    assert judge(lambda data: None, PNG) is None, "the peak of the one before is forgotten"
    monkeypatch.setattr(fuzz_process, "MOST_SECONDS", 0.1)
    started = time.process_time()

    def work(data: bytes) -> None:
        while time.process_time() < started + 0.2:
            pass

    assert judge(work, PNG)[0] == "slow"


def test_a_mutated_png_is_given_the_sums_that_let_it_be_read():
    changed = bytearray(PNG)
    changed[16:20] = (130).to_bytes(4, "big")  # the width
    with pytest.raises(Image.UnidentifiedImageError):
        Image.open(io.BytesIO(changed)).verify()
    assert Image.open(io.BytesIO(with_sums(bytes(changed)))).size[0] == 130
    assert with_sums(PNG) == PNG and with_sums(PNG[:-7]) == PNG[:-7] and with_sums(b"text") == b"text"


@pytest.mark.promise("Any archive is listed and read, or refused in a sentence.", part="Whatever is uploaded")
def test_it_begins_with_files_of_every_kind_that_are_answered_as_they_should_be():
    decoder, archives = decoder_seeds(), archive_seeds()
    starts = {data[:4] for data in decoder}
    assert {b"\x89PNG", b"\xff\xd8\xff\xe0", b"II*\0", b"GIF8", b"RIFF", b"\0\0\0\0", b"%PDF"} <= starts
    assert max(map(len, decoder)) <= fuzz_process.MOST_BYTES, "libFuzzer cuts longer ones"
    methods = {zipfile.ZipFile(io.BytesIO(data)).infolist()[0].compress_type for data in archives[:4]}
    assert methods == {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA}
    # Those of the table are read in test_inputs.
    for name, seeds in (("archive", archives), ("decoder", decoder[-8:])):
        assert not any(judge(readers()[name], data) for data in seeds)


def test_a_saved_finding_is_read_again(tmp_path, monkeypatch, capsys):
    (tmp_path / "exception-1").write_bytes(PNG)
    monkeypatch.setattr(sys, "argv", ["fuzz.py", str(tmp_path / "exception-1")])
    assert fuzz.main() == 0 and "exception-1: answered as it should be" in capsys.readouterr().out
    monkeypatch.setattr(fuzz_process, "MOST_SECONDS", -1)
    assert fuzz.main() == 1 and "exception-1: slow: " in capsys.readouterr().out


def measure(folder: Path, *options: str) -> int:
    return STUDY.main(["measure", "fuzz", "--findings", str(folder), *options])


def test_without_atheris_it_says_so_in_a_line(tmp_path, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(PneumoniaError, match=r"^[^\n]*atheris[^\n]*$"):
        measure(tmp_path / "findings")
    assert not (tmp_path / "findings").exists()


def test_findings_of_an_earlier_run_are_told_before_any_target_and_the_command_is_written_whole(tmp_path, monkeypatch):
    (tmp_path / "found" / "archive").mkdir(parents=True)
    old = tmp_path / "found" / "archive" / "slow-1"
    old.touch()
    monkeypatch.setattr(study, "FIGURES", tmp_path)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: name)
    monkeypatch.setattr(fuzz, "version", lambda name: "3.0.0")
    monkeypatch.setattr(fuzz, "run", lambda *_: pytest.fail("it was run"))
    with pytest.raises(PneumoniaError, match="not empty"):
        measure(tmp_path / "found", "--seconds", "7")
    old.unlink()
    monkeypatch.setattr(fuzz, "run", lambda *_: {"findings": {}})
    assert measure(tmp_path / "found", "--seconds", "7") == 0
    figures = json.loads((tmp_path / "reliability" / "fuzz.json").read_text())
    command = "python -m scripts.studies.reliability measure fuzz --targets decoder archive --seconds 7"
    assert figures["command"] == f"{command} --findings found"
    monkeypatch.setattr(fuzz, "run", lambda *_: {"findings": {"slow": 2}})
    with pytest.raises(PneumoniaError, match=r"decoder: 2 .*archive: 2 "):
        measure(tmp_path / "found")


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("atheris") is None, reason="needs locks/fuzz.txt")
def test_a_short_run_counts_what_it_did_and_finds_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(study, "FIGURES", tmp_path)
    assert measure(tmp_path / "findings", "--targets", "archive", "--seconds", "20") == 0
    figures = json.loads((tmp_path / "reliability" / "fuzz.json").read_text())
    assert figures["versions"]["atheris"] == version("atheris")
    archive = figures["targets"]["archive"]
    assert archive["executions"] > archive["seeds"] and archive["coverage"]["edges"] > 100 and not archive["findings"]
