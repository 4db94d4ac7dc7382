"""Processes that are forked off one that reads, and those that `multiprocessing` makes."""

import json
import os
import signal
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable

import pytest

from demo.shared.predictors import Predictors
from pneumonia.imaging.decode import decode, decode_unjudged
from pneumonia.imaging.zip_archive import list_members
from pneumonia.inference import chest_check, lung_segmentation, shared_analysis
from pneumonia.inference.shared_analysis import SharedAnalysis
from pneumonia.utils.processes import cores
from scripts import ROOT
from tests.fixtures.fakes import load_fake
from tests.fixtures.tiny import EXAMPLES

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="Windows forks nothing")

CHEST = EXAMPLES / "synthetic-normal-1.png"
SECONDS = 30


def forked(do: Callable[[], object]) -> str:
    """What this gives in a process that is forked off this one; "" if it fails or does not end."""
    reads, writes = os.pipe()
    child = os.fork()
    if not child:
        try:
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            signal.alarm(SECONDS)
            os.write(writes, json.dumps(do()).encode())
        finally:
            os._exit(0)
    os.close(writes)
    with open(reads) as said:
        answer = said.read()
    os.waitpid(child, 0)
    return answer


def test_a_process_forked_after_a_reading_reads_the_same(tiny_predictor):
    known = SharedAnalysis(decode(CHEST))
    logit = tiny_predictor.predict(known).logit

    def read_again():
        readings = [tiny_predictor.predict(CHEST), tiny_predictor.predict(known)]
        readings += tiny_predictor.predict_many([CHEST] * 4)
        tiny_predictor.measure_support(CHEST)
        return [reading.logit for reading in readings], forked(lambda: tiny_predictor.predict(CHEST).logit)

    assert forked(read_again) == json.dumps([[logit] * 6, json.dumps(logit)])
    assert tiny_predictor.predict(CHEST).logit == logit


@pytest.mark.promise(
    "A process that is forked off one that reads gives the same, whatever that one was doing.", part="Many readers"
)
def test_it_reads_though_all_was_in_use_when_it_was_forked(tiny_predictor):
    logit = tiny_predictor.predict(CHEST).logit
    page, known = Predictors(load_fake), SharedAnalysis(decode_unjudged(CHEST))
    # Whatever has a lock or a thread of its own is busy.
    released = threading.Event()
    places = tiny_predictor.engine._places.value
    taken = [places for _ in range(cores())]
    locks = [
        lung_segmentation.read_lung_fields.lock.value,
        chest_check.read_chest_check.lock.value,
        page._loading.value,
        page.sweep_on.lock.value,
        page.repeatability.lock.value,
    ]
    blocked = [shared_analysis._POOL.value.submit(released.wait) for _ in range(cores())]
    known.begin()
    for held in (*taken, *locks):
        held.acquire()

    def read():
        page.repeatability("custom-cnn", "children")
        return [tiny_predictor.predict(source).logit for source in (CHEST, known)]

    try:
        assert forked(read) == json.dumps([logit, logit])
    finally:
        released.set()
        for held in (*taken, *locks):
            held.release()
    assert all(one.result() for one in blocked)
    assert tiny_predictor.predict(known).logit == logit


def test_processes_that_read_one_archive_do_not_disturb_each_other(tmp_path):
    with zipfile.ZipFile(tmp_path / "chests.zip", "w") as made:
        for name in ("first", "second"):
            made.write(CHEST, name)
    first, _ = list_members(tmp_path / "chests.zip", 2)
    with first.archive:
        opened = first.archive.file().fp.fileno()
        place = os.lseek(opened, 0, os.SEEK_CUR)
        assert forked(lambda: len(first.read(10**7))) == str(CHEST.stat().st_size)
        assert os.lseek(opened, 0, os.SEEK_CUR) == place
        assert first.read(10**7) == CHEST.read_bytes()


PROGRAM = """
import multiprocessing, sys
from pathlib import Path
from pneumonia import load_predictor

if __name__ == "__main__":
    predictor, files = load_predictor("custom-cnn"), sorted(Path(sys.argv[1]).glob("*.png"))[:2]
    here = [predictor.predict(file) for file in files]
    for method in ("fork", "spawn", "forkserver"):
        with multiprocessing.get_context(method).Pool(2) as pool:
            there = pool.map_async(predictor.predict, files).get(60)
        maps = [[one.heatmap.tolist() for one in readings] for readings in (here, there)]
        print(method, there == here and maps[0] == maps[1])
"""


@pytest.mark.slow
def test_a_pool_of_processes_reads_the_same_however_they_are_started(tmp_path):
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, program, EXAMPLES], env=environment, capture_output=True, text=True, timeout=240
    )
    assert done.stdout.splitlines() == ["fork True", "spawn True", "forkserver True"], done.stderr


SERVING = "import pneumonia.inference.predictor, demo.page"
ALL = """
import demo, importlib, pkgutil, pneumonia
for package in (pneumonia, demo):
    for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        importlib.import_module(module.name)
"""
STARTED = """
import threading
from pathlib import Path
children = [path.read_text() for path in Path("/proc/self/task").glob("*/children")]
print(threading.enumerate()[1:], "".join(children).split())
"""


@pytest.mark.parametrize("importing", [SERVING, pytest.param(ALL, marks=pytest.mark.slow)], ids=["serving", "all"])
def test_importing_starts_no_thread_and_no_process(importing):
    command = [sys.executable, "-c", f"{importing}\n{STARTED}"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=240)
    assert done.stdout == "[] []\n", done.stdout + done.stderr
