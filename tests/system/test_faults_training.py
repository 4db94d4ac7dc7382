"""A training that is killed, or that meets a full disk: taken up again, it ends as one that was left in peace."""

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from pneumonia.weights.folder import KERAS_MODEL, read_bundle
from scripts import ROOT
from tests.fixtures.disks import enlarge, fill, size_limit, small_disk
from tests.fixtures.tiny import SIZE, write_tiny_data

# With tensorflow's sums in one order, what comes of the same images is the same to the last bit.
_PROGRAM = f"""
import os, runpy, sys
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import tensorflow as tf
tf.config.experimental.enable_op_determinism()
{{}}
sys.argv[0] = "train.py"
runpy.run_path({str(ROOT / "scripts" / "train.py")!r}, run_name="__main__")
"""
# While the state after an epoch is being written: half of the file is there.
_KILLED_WRITING_STATE = """
import signal
from pneumonia.utils import atomic_files
write_synced = atomic_files.write_synced
def kill(path, contents):
    if "last-" in path.name:
        write_synced(path, bytes(contents)[: len(contents) // 2])
        os.kill(os.getpid(), signal.SIGKILL)
    write_synced(path, contents)
atomic_files.write_synced = kill
"""
# In the end, when half of the weights folder is written.
_KILLED_WRITING_FOLDER = """
import signal
from pneumonia.weights import folder
write_synced = folder.write_synced
def kill(path, contents):
    if path.name == "metrics.json":
        os.kill(os.getpid(), signal.SIGKILL)
    write_synced(path, contents)
folder.write_synced = kill
"""


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("faults") / "data"
    write_tiny_data(folder)
    return folder


def command(data: Path, output: Path, *options: str, before: str = "") -> list[str]:
    """A training of four epochs."""
    return [
        *(sys.executable, "-c", _PROGRAM.format(before), "--data", str(data), "--variant", "custom-cnn"),
        *("--output", str(output), "--epochs", "4", "--batch-size", "8", "--image-size", str(SIZE), "--seed", "0"),
        *options,
    ]


def train(data: Path, output: Path, *options: str, before: str = "", **how) -> subprocess.CompletedProcess:
    done = subprocess.run(
        command(data, output, *options, before=before), capture_output=True, text=True, timeout=900, **how
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done


@pytest.fixture(scope="module")
def uninterrupted(data, tmp_path_factory) -> dict:
    """What comes of a training that was left in peace."""
    output = tmp_path_factory.mktemp("whole") / "custom-cnn"
    assert train(data, output).returncode == 0
    return result(output)


def result(output: Path) -> dict:
    """All that a training decides: parameters, calibration, thresholds, figures and history."""
    import keras

    folder = read_bundle(output)
    model = keras.models.load_model(output / KERAS_MODEL, compile=False)
    kept = ("populations", "data")
    return {
        **{name: folder.config[name] for name in kept},
        "metrics": {name: of["auroc"] for name, of in folder.metrics["sets"].items()},
        "history": folder.contents["history.csv"],
        "parameters": [weight.numpy() for weight in model.weights],
    }


def assert_same(ours: dict, theirs: dict) -> None:
    for one, other in zip(ours.pop("parameters"), theirs["parameters"], strict=True):
        np.testing.assert_array_equal(one, other)
    assert ours == {name: value for name, value in theirs.items() if name != "parameters"}


def wait_for_epochs(state: Path, epochs: int, process: subprocess.Popen) -> None:
    deadline = time.monotonic() + 900
    while not (state.exists() and json.loads(state.read_bytes())["epochs_done"] >= epochs):
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.promise(
    "A training that is killed three times, and out of disk twice, ends as one left in peace, to the last bit.",
    part="Faults",
)
@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_after_all_that_can_befall_it_a_training_ends_the_same_to_the_last_bit(data, uninterrupted, tmp_path):
    with small_disk(tmp_path / "disk", 12_000) as disk:
        output, beside = disk / "custom-cnn", disk / ".custom-cnn-checkpoints"

        full = train(data, output)
        assert_told(full, errno.ENOSPC)
        assert not (beside / "phase-1" / "state.json").exists()
        enlarge(disk, 100_000)

        with subprocess.Popen(
            command(data, output, "--resume"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as process:
            wait_for_epochs(beside / "phase-1" / "state.json", 1, process)
            process.send_signal(signal.SIGKILL)
        assert process.returncode == -signal.SIGKILL
        file = beside / "phase-1" / "state.json"
        state = json.loads(file.read_text())
        file.write_text(json.dumps({**state, "seconds": state["seconds"] + 3600}))

        assert train(data, output, "--resume", before=_KILLED_WRITING_STATE).returncode == -signal.SIGKILL
        assert list((beside / "phase-1").glob(".last-*.partial"))
        assert train(data, output, "--resume", before=_KILLED_WRITING_FOLDER).returncode == -signal.SIGKILL
        left = disk / ".custom-cnn-new"
        assert left.is_dir() and not output.exists()

        # Without what was left, whose room the next one would take.
        shutil.rmtree(left)
        filler = fill(disk)
        full = train(data, output, "--resume")
        assert_told(full, errno.ENOSPC)
        assert not output.exists() and not left.exists()
        filler.unlink()

        assert train(data, output, "--resume").returncode == 0
        assert_same(result(output), uninterrupted)
        assert read_bundle(output).config["training"]["minutes"] > 60, "what was done before counts"
        assert [path.name for path in disk.iterdir()] == ["custom-cnn"]


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_limit_of_the_user_is_told_in_a_line(data, tmp_path):
    """As on a full disk, where none can be mounted."""
    assert_told(train(data, tmp_path / "custom-cnn", preexec_fn=size_limit(1_000_000)), errno.EFBIG)
    assert not (tmp_path / "custom-cnn").exists()


@pytest.mark.promise("An adaptation on a full disk goes on from its last epoch.", part="Faults")
@pytest.mark.slow
@pytest.mark.timeout(900)
def test_adaptation_that_meets_a_full_disk_goes_on_from_its_last_epoch(images, tmp_path):
    import keras

    from pneumonia.inference.input_transform import Preprocessing
    from pneumonia.models.registry import build_model
    from pneumonia.training.barlow_twins import adapt_backbone
    from pneumonia.variants.registry import get_variant

    def adapt(folder: Path) -> list[dict]:
        keras.utils.set_random_seed(0)
        model = build_model(get_variant("custom-cnn"), SIZE)
        return adapt_backbone(model, images, Preprocessing(size=SIZE), epochs=2, seed=0, folder=folder)

    whole = adapt(tmp_path / "whole")
    size = max(path.stat().st_size for path in (tmp_path / "whole").iterdir()) // 1024
    # Room for one state, and not for the next beside it.
    with small_disk(tmp_path / "disk", int(1.3 * size)) as disk:
        with pytest.raises(OSError, match=os.strerror(errno.ENOSPC)):
            adapt(disk)
        enlarge(disk, 3 * size)
        again = adapt(disk)
    assert [row["epoch"] for row in again] == [1, 2]
    # The network has dropout, whose state is no part of what is saved.
    np.testing.assert_allclose([row["loss"] for row in again], [row["loss"] for row in whole], rtol=1e-4)


def assert_told(done: subprocess.CompletedProcess, number: int) -> None:
    """That a training ended for want of room, with a line that says so and one that says how to go on."""
    *_, how, why = done.stderr.splitlines()
    assert (done.returncode, why.split(": ")[:2]) == (2, ["error", os.strerror(number)]), done.stderr
    assert "--resume" in how
