"""The notebook that trains on a hosted GPU: as committed, and run to its end on drawn chests."""

import ast
import json
import subprocess
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell

from scripts import ROOT
from tests.fixtures.loopback_hub import OWNER, serve_hub
from tests.fixtures.tiny import SIZE, write_chests

PARAMETERS = "parameters"


@pytest.fixture
def notebook():
    return nbformat.read(ROOT / "docs" / "train_on_colab.ipynb", as_version=4)


def parameters(notebook):
    """The cell that holds them, and their values."""
    [cell] = [cell for cell in notebook.cells if PARAMETERS in cell.metadata.get("tags", ())]
    return cell, {node.targets[0].id: ast.literal_eval(node.value) for node in ast.parse(cell.source).body}


def test_it_is_committed_without_outputs_and_publishes_nothing_unasked(notebook):
    nbformat.validate(notebook)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            assert not cell.outputs and cell.execution_count is None
            compile(cell.source, cell.id, "exec")
    values = parameters(notebook)[1]
    assert values["REPOSITORY"] == values["PUSH_TO"] == ""
    assert "hf_" not in "".join(cell.source for cell in notebook.cells)


def cell_named(notebook, name):
    return next(cell.source for cell in notebook.cells if cell.id == name)


def test_a_step_that_fails_stops_it_with_the_reason(notebook, monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    names = {"REPOSITORY": ""}
    exec(cell_named(notebook, "project"), names)
    with pytest.raises(RuntimeError, match="reason above"):
        names["command"]("audit_data.py", "--data", "no-such-folder")
    assert "error: No images found" in capsys.readouterr().out


def test_it_clones_once(notebook, tmp_path, monkeypatch):
    (tmp_path / "there" / "scripts").mkdir(parents=True)
    (tmp_path / "there" / "scripts" / "train.py").touch()
    git = ["git", "-C", str(tmp_path / "there"), "-c", "user.name=t", "-c", "user.email=t@example.org"]
    for words in (["init", "--quiet"], ["add", "."], ["commit", "--quiet", "--message", "all"]):
        subprocess.run([*git, *words], check=True)
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    for _ in range(2):
        exec(cell_named(notebook, "project"), {"REPOSITORY": f"file://{tmp_path / 'there'}"})
        assert Path.cwd() == tmp_path / "here" / "project"


def test_without_the_project_it_says_what_to_do(notebook, tmp_path, monkeypatch):
    (tmp_path / "docs").mkdir()
    monkeypatch.chdir(tmp_path / "docs")
    with pytest.raises(RuntimeError, match="REPOSITORY"):
        exec(cell_named(notebook, "project"), {"REPOSITORY": ""})


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_it_trains_evaluates_shows_and_publishes(notebook, tmp_path, monkeypatch):
    for part, patients in (("train", 10), ("val", 2), ("test", 4)):
        write_chests(tmp_path / "data" / part, patients)
    cell, values = parameters(notebook)
    replaced = {
        "INSTALL": False,
        "DATA": str(tmp_path / "data"),
        "TEST_DATA": str(tmp_path / "data" / "test"),
        "VARIANT": "custom-cnn",
        "EPOCHS": 1,
        "TRAINING_OPTIONS": ["--image-size", str(SIZE), "--batch-size", "8", "--backbone-weights", "none"],
        "WEIGHTS": str(tmp_path / "weights" / "custom-cnn"),
        "RESULTS": str(tmp_path / "results"),
        "PUSH_TO": "alice/chest",
    }
    assert set(replaced) < set(values)
    ours = new_code_cell("\n".join(f"{name} = {value!r}" for name, value in replaced.items()))
    notebook.cells.insert(notebook.cells.index(cell) + 1, ours)
    with serve_hub() as hub:
        for name, value in hub.environment(tmp_path / "home").items():
            monkeypatch.setenv(name, value)
        NotebookClient(notebook, timeout=500, resources={"metadata": {"path": str(ROOT / "docs")}}).execute()
    assert set(hub.repos["model", "alice/chest"].files) >= {"config.json", "model.keras", "README.md"}
    config = json.loads((tmp_path / "weights" / "custom-cnn" / "config.json").read_text())
    assert config["variant"] == "custom-cnn"
    assert json.loads((tmp_path / "results" / "metrics.json").read_text())["sets"]["test"]["n"] == 8
    outputs = {cell.id: cell.outputs for cell in notebook.cells if cell.cell_type == "code"}
    assert any("image/png" in output.get("data", {}) for output in outputs["heatmaps"])
    assert OWNER not in json.dumps(notebook)
