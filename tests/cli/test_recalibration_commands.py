"""`scripts/recalibrate.py`, and `scripts/predict.py --site`, as a person runs them."""

import json
import shlex
from pathlib import Path

import pytest

from pneumonia import load_predictor
from pneumonia.calibration.site_store import load_site_calibration
from pneumonia.core.labels import NORMAL, PNEUMONIA
from scripts import ROOT
from tests.fixtures.commands import run_here
from tests.fixtures.tiny import write_chests
from tests.unit.calibration.test_recalibrate import site_scores

EXAMPLE = ROOT / "demo" / "examples" / "synthetic-pneumonia-1.png"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """20 images of each class, one a patient, with a file that is no image."""
    folder, swapped = tmp_path_factory.mktemp("local"), tmp_path_factory.mktemp("swapped")
    write_chests(swapped, patients=20)
    # The untrained network gives the normal examples the higher score.
    for ours, theirs in ((NORMAL, PNEUMONIA), (PNEUMONIA, NORMAL)):
        (swapped / theirs).rename(folder / ours)
    (folder / NORMAL / "broken.png").write_bytes(b"broken")
    return folder


def recalibrate(data, weights, output, *more):
    return run_here("recalibrate.py", "--data", data, "--weights", weights, "--name", "here", "--output", output, *more)


def test_a_calibration_is_fitted_shown_and_kept(data, tiny_weights, tmp_path):
    done = recalibrate(data, tiny_weights, tmp_path)
    assert done.returncode == 1, done.stderr
    assert "rejected NORMAL/broken.png: " in done.stderr
    assert "40 images, 20 with pneumonia, of 40 patients" in done.stdout
    for said in ("AUROC", "as published", "calibrated to here, cross-validated", "balanced   sensitivity", "pairs"):
        assert said in done.stdout
    (path,) = (tmp_path / "custom-cnn").iterdir()
    site = load_site_calibration("here", "custom-cnn", tmp_path)
    assert path.name == f"{site.label}.json" and path.name in done.stdout and str(data) not in path.read_text()
    assert "once these weights lie in weights/custom-cnn" in done.stdout
    (shown,) = [line for line in done.stdout.splitlines() if line.startswith("pneumonia predict IMAGE ")]
    read = run_here("predict.py", EXAMPLE, *shlex.split(shown)[3:])
    assert read.returncode == 0 and "custom-cnn, calibrated to " in read.stdout, read.stderr
    again = recalibrate(data, tiny_weights, tmp_path)
    assert again.returncode == 2 and "already" in again.stderr and "rejected" not in again.stderr, "nothing was read"


def test_the_command_that_is_shown_uses_the_calibration(tmp_path):
    write_chests(tmp_path / "data", patients=20)
    place = ("--name", "here", "--output", tmp_path / "two words")
    done = run_here("recalibrate.py", "--data", tmp_path / "data", "--variant", "custom-cnn", *place)
    assert done.returncode == 0, done.stderr
    program, name, image, *options = shlex.split(done.stdout.splitlines()[-1])
    assert (program, name, image) == ("pneumonia", "predict", "IMAGE")
    done = run_here("predict.py", EXAMPLE, *options)
    assert done.returncode == 0 and "custom-cnn, calibrated to " in done.stdout, done.stderr


def test_a_network_that_tells_nothing_apart_is_not_kept(data, tiny_weights, tmp_path):
    """The labels are turned round, so that its order is the wrong one."""
    turned = tmp_path / "turned"
    turned.mkdir()
    for ours, theirs in ((NORMAL, PNEUMONIA), (PNEUMONIA, NORMAL)):
        (turned / ours).symlink_to(data / theirs)
    done = recalibrate(turned, tiny_weights, tmp_path / "kept")
    assert done.returncode == 2 and "No calibration can mend that" in done.stderr
    assert "as published" not in done.stdout and not (tmp_path / "kept").exists()


def test_what_cannot_be_done_is_said_in_a_line(data, tiny_weights, tmp_path):
    few = tmp_path / "few"
    write_chests(few, patients=12)
    (few / NORMAL / "broken.png").write_bytes(b"broken")
    done = recalibrate(few, tiny_weights, tmp_path)
    assert done.returncode == 2 and "at least 30 readable images" in done.stderr
    assert "rejected" not in done.stderr, "nothing was read"
    done = recalibrate(data, tiny_weights, few / NORMAL / "broken.png")
    assert done.returncode == 2 and "could not be written" in done.stderr and "rejected" not in done.stderr
    done = recalibrate(tmp_path, tiny_weights, tmp_path)
    assert done.returncode == 2 and "NORMAL" in done.stderr
    done = recalibrate(data, tiny_weights, tmp_path, "--name", "My Hospital")
    assert done.returncode == 2 and "for instance my-hospital" in done.stderr


def test_predict_uses_a_calibration_only_where_it_is_asked_for(tmp_path):
    from datetime import date

    from pneumonia.calibration.recalibrate import recalibrate as fit
    from pneumonia.calibration.site_store import save_site

    path = save_site(fit(load_predictor().calibration, site_scores(100, 0.5), "here", date(2026, 11, 21)), tmp_path)
    plain = run_here("predict.py", EXAMPLE)
    there = run_here("predict.py", EXAMPLE, "--site", path)
    assert plain.returncode == there.returncode == 0, there.stderr
    assert "mobilenetv2-finetuned, calibrated to 2026-11-21-here)" in there.stdout and "calibrated" not in plain.stdout
    done = run_here("predict.py", EXAMPLE, "--site", path, "--format", "jsonl")
    assert json.loads(done.stdout)["calibration"] == {"name": "here", "date": "2026-11-21"}
    done = run_here("predict.py", EXAMPLE, "--site", path, "--format", "csv")
    assert ',"here 2026-11-21",' in done.stdout
    done = run_here("predict.py", EXAMPLE, "--site", path, "--variant", "custom-cnn")
    assert done.returncode == 2 and "made for other weights" in done.stderr
    done = run_here("predict.py", EXAMPLE, "--site", "nowhere")
    assert done.returncode == 2 and "There is no calibration 'nowhere'" in done.stderr
