"""The search for values, as a person runs it."""

import csv
import json
import re
import shlex

import pytest

from tests.cli.test_scripts import run
from tests.fixtures.tiny import SIZE, write_tiny_data

pytest.importorskip("optuna")


def search(folder, trials, *more):
    return run(
        "search.py",
        *("--data", folder / "data", "--variant", "custom-cnn", "--storage", folder / "search.db", "--trials", trials),
        *("--image-size", SIZE, "--epochs", 3, *more),
    )


@pytest.mark.slow
def test_a_search_goes_on_and_its_best_command_trains_the_same_again(tmp_path):
    # Thirty patients: enough validation images for the trials to differ.
    write_tiny_data(tmp_path / "data", 30)
    first = search(tmp_path, 2)
    assert first.returncode == 0, first.stderr
    assert re.findall(r"Trial (\d)/2: AUROC", first.stdout) == ["1", "2"]
    second = search(tmp_path, 3)
    assert re.findall(r"Trial (\d)/3: AUROC", second.stdout) == ["3"]
    # Nothing is left to try: the best is told again.
    third = search(tmp_path, 3)
    assert third.stdout.splitlines() == second.stdout.splitlines()[-2:]
    aurocs = [float(value) for value in re.findall(r"Trial .* AUROC ([\d.]+)", first.stdout + second.stdout)]
    headline, command = third.stdout.splitlines()
    best = float(re.search(r"AUROC ([\d.]+\d)", headline)[1])
    assert len(set(aurocs)) > 1 and best == max(aurocs)
    other = search(tmp_path, 4, "--seed", 1)
    assert other.returncode == 2 and "other data, patients, epochs" in other.stderr

    program, name, *options = shlex.split(command)
    assert (program, name) == ("pneumonia", "train")
    done = run("train.py", *options)
    assert done.returncode == 0, done.stderr
    weights = tmp_path / "custom-cnn-tuned"
    rows = list(csv.DictReader((weights / "history.csv").open()))
    kept = max(rows, key=lambda row: float(row["val_auroc"]))
    assert float(kept["val_auroc"]) == pytest.approx(best, abs=1e-4)
    training = json.loads((weights / "config.json").read_text())["training"]
    values = dict(zip(options[::2], options[1::2], strict=True))
    assert training["recipe"]["phases"][-1]["learning_rate"] == float(values["--learning-rate"])
    assert training["dropout"] == float(values["--dropout"])
    for name in ("weight_decay", "label_smoothing", "batch_size"):
        option = f"--{name.replace('_', '-')}"
        assert training["recipe"][name] == float(values[option])
        assert f"{option} {values[option]}" in training["command"]


def test_another_kind_of_file_is_no_storage(tmp_path):
    write_tiny_data(tmp_path / "data")
    (tmp_path / "search.db").write_text("notes")
    done = search(tmp_path, 1)
    assert done.returncode == 2 and "no SQLite file" in done.stderr
    assert (tmp_path / "search.db").read_text() == "notes"
