"""What all commands share: what is written down of them, and what is refused before the work begins."""

import argparse
import dataclasses
import importlib
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from pneumonia.__main__ import run_script
from pneumonia.cli.arguments import output_file
from pneumonia.cli.exit_codes import DONE, SOME_REJECTED, run_command
from pneumonia.cli.recorded_command import command_line
from pneumonia.cli.resume import checkpoint_folder
from pneumonia.cli.training_arguments import apply_values
from pneumonia.errors import DataError
from pneumonia.variants.baselines import get_recipe
from pneumonia.variants.registry import get_variant
from scripts import ROOT
from tests.fixtures.tiny import write_tiny_data


def run_in_process(script: str) -> None:
    """Run a command, or a tool by the name of its module, with the arguments of the process."""
    if script.endswith(".py"):
        run_script(script)
    run_command(importlib.import_module(script).main)


@pytest.fixture
def data(tmp_path):
    write_tiny_data(tmp_path / "data", patients=2)
    return tmp_path / "data"


@pytest.fixture
def told(data, monkeypatch, capsys) -> Callable[..., str]:
    """Runs a command that refuses, in the folder of the data, and gives the line that it says."""

    def run(script: str, *words: object) -> str:
        monkeypatch.chdir(data.parent)
        monkeypatch.setattr(sys, "argv", [script, *map(str, words)])
        with pytest.raises(SystemExit) as end:
            run_in_process(script)
        said = capsys.readouterr()
        assert end.value.code == 2 and not said.out, said
        return said.err.splitlines()[-1]

    return run


# === What is written down ===


def test_a_pattern_is_written_as_a_shell_takes_it():
    arguments = argparse.Namespace(patients=None, patient_pattern=r"/([^_/]+)_[^/]*$")
    assert command_line("train.py", arguments) == r"python scripts/train.py --patient-pattern '/([^_/]+)_[^/]*$'"


def test_a_command_is_written_as_it_would_be_typed(tmp_path, monkeypatch):
    monkeypatch.setenv("PNEUMONIA_DATA", str(tmp_path))
    arguments = argparse.Namespace(
        data=tmp_path / "two words",
        variants=["custom-cnn", "mobilenetv2-frozen"],
        users=(1, 5),
        peers=True,
        dry_run=False,
        compared=0,
        weights=None,
        backbone_weights=__file__,
        output=Path("elsewhere/../x.json").absolute(),
        resume=True,
        push_to_hub="owner/name",
    )
    assert command_line("x.py", arguments, variants=["custom-cnn"]) == (
        "python scripts/x.py --data $PNEUMONIA_DATA/'two words' --variants custom-cnn --users 1 5 --peers --compared 0 "
        "--backbone-weights tests/cli/test_arguments.py --output x.json"
    )
    assert "--variants custom-cnn mobilenetv2-frozen " in command_line("x.py", arguments)


# === A training is taken up by its own command ===


def test_a_state_is_taken_up_by_the_command_that_began_it_and_by_no_other(tmp_path):
    output = tmp_path / "out"
    folder = checkpoint_folder(output, "train --seed 0", resume=True)
    assert folder == tmp_path / ".out-checkpoints"
    # Where nothing was done yet, there is nothing to be mistaken about.
    assert checkpoint_folder(output, "train --seed 1", resume=True) == folder
    (folder / "phase-1").mkdir()
    assert checkpoint_folder(output, "train --seed 1", resume=True) == folder
    with pytest.raises(DataError, match="train --seed 1"):
        checkpoint_folder(output, "train --seed 0", resume=True)
    assert (folder / "phase-1").is_dir()
    checkpoint_folder(output, "train --seed 0", resume=False)
    assert not (folder / "phase-1").exists()
    (folder / "phase-1").mkdir()
    (folder / "command.txt").unlink()
    with pytest.raises(DataError, match="not noted"):
        checkpoint_folder(output, "train --seed 0", resume=True)


@pytest.mark.promise("A training is taken up again only by the command that began it.", part="Faults")
@pytest.mark.parametrize(
    "command",
    [
        ("train.py", "--variant", "custom-cnn", "--output", "out"),
        ("scripts.tools.train_lung_fields", "--masks", "data", "--output", "out"),
        ("cross_validate.py", "--variant", "custom-cnn", "--scheme", "folds", "--output", "out"),
    ],
    ids=lambda command: command[0],
)
def test_no_command_goes_on_with_the_training_of_another(command, data, told):
    """Of another seed, the split is another, and images trained on would be validated on."""
    began = data.parent / ".out-checkpoints" / "folds-0"
    began.mkdir(parents=True)
    (began.parent / "command.txt").write_text("python scripts/train.py --seed 7")
    line = told(*command, "--data", data, "--resume")
    assert "python scripts/train.py --seed 7. " in line and began.is_dir()


def test_a_training_is_not_taken_up_with_another_table_of_patients(data, told):
    table, options = data.parent / "patients.csv", ("--variant", "custom-cnn", "--output", data.parent / "out")
    names = [path.relative_to(data).as_posix() for path in data.rglob("*.*")]
    table.write_text("file,patient\n" + "".join(f"{name},{name}\n" for name in names))
    arguments = ("train.py", *options, "--data", data, "--patients", table)
    told(*arguments)
    (data.parent / ".out-checkpoints" / "phase-1").mkdir()
    assert "begun by another command" not in told(*arguments, "--resume")
    table.write_text("file,patient\n" + "".join(f"{name},one\n" for name in names))
    assert "begun by another command" in told(*arguments, "--resume")


def test_a_training_is_not_taken_up_with_another_table_of_images(data, told):
    table, options = data / "images.csv", ("--variant", "custom-cnn", "--output", data.parent / "out")
    names = [path.relative_to(data).as_posix() for path in data.rglob("*.*")]
    table.write_text("file,label\n" + "".join(f"{name},{name.partition('/')[0]}\n" for name in names))
    arguments = ("train.py", *options, "--data", table)
    told(*arguments)
    (data.parent / ".out-checkpoints" / "phase-1").mkdir()
    assert "begun by another command" not in told(*arguments, "--resume")
    table.write_text(table.read_text() + "\n")
    assert "begun by another command" in told(*arguments, "--resume")


# === Options ===


def test_options_that_a_recipe_does_not_read_are_refused():
    frozen, unadapted = get_variant("mobilenetv2-frozen"), get_recipe("mobilenetv2-frozen-unadapted")
    idle = ("evidence_penalty", "weight_decay", "batch_size", "label_smoothing", "dropout", "learning_rate")
    for name in idle:
        with pytest.raises(DataError, match=f" on --{name.replace('_', '-')};"):
            apply_values(frozen, {name: 0.5})
        apply_values(get_variant("custom-cnn"), {name: 0.5})
    with pytest.raises(DataError, match="--epochs;"):
        apply_values(unadapted, {"epochs": 1})
    with pytest.raises(DataError, match="--weight-decay;"):
        apply_values(get_recipe("mobilenetv2-adam"), {"weight_decay": 0.1})
    for recipe in ("cnn-adam", "mobilenetv2-classweight", "mobilenetv2-finetuned-sgd"):
        with pytest.raises(DataError, match="linear head"):
            apply_values(get_recipe(recipe), {"evidence_penalty": 1.0})
    with pytest.raises(DataError, match="batch normalisation"):
        apply_values(get_variant("custom-cnn"), {"tuned_share": 0.5})


def test_the_options_that_a_training_without_phases_does_read_are_taken():
    ours = get_variant("mobilenetv2-frozen")
    variant = apply_values(ours, {"epochs": 2, "image_size": 96, "field": "box", "dropout": None})
    assert (variant.recipe.adaptation_epochs, variant.image_size, variant.field) == (2, 96, "box")
    assert dataclasses.replace(variant.recipe, adaptation_epochs=ours.recipe.adaptation_epochs) == ours.recipe


# === Before the work begins ===


def test_a_file_to_write_gets_its_folder_and_is_no_folder(tmp_path):
    assert output_file(str(tmp_path / "new" / "x.json")) == tmp_path / "new" / "x.json"
    assert [path.name for path in tmp_path.rglob("*")] == ["new"]
    (tmp_path / "file").touch()
    for wrong, why in ((tmp_path, "is a folder"), (tmp_path / "file" / "x.json", "cannot be made: ")):
        with pytest.raises(argparse.ArgumentTypeError, match=why):
            output_file(str(wrong))


def test_an_output_that_cannot_be_written_is_told_at_once(data, told):
    line = told("evaluate.py", "--data", data, "--output", data)
    assert line.endswith("argument --output: is a folder; name a file")


def test_nothing_is_written_among_the_images(data, told):
    new, variant = ("--output", data / "NORMAL" / "new"), ("--variant", "custom-cnn")
    for script, *words in (
        ("train.py", *new, *variant),
        ("cross_validate.py", *new, *variant, "--scheme", "folds"),
        ("search.py", "--storage", data / "NORMAL" / "new.db", *variant, "--trials", 1),
        ("export.py", *new, *variant, "--format", "tflite"),
        ("scripts.tools.fit_chest_check", *new, "--outside", data.parent, "--held-out", data.parent),
        ("scripts.tools.train_lung_fields", *new, "--masks", data.parent),
        ("scripts.tools.make_examples", *new),
        ("recalibrate.py", *new, "--name", "here"),
    ):
        assert "into the data folder" in told(script, "--data", data, *words), script


def test_nothing_is_written_among_the_images_of_another_population(data, tmp_path, told):
    (tmp_path / "outside").mkdir()
    output = tmp_path / "outside" / "new"
    words = ("train.py", "--variant", "custom-cnn", "--data", data, "--outside", tmp_path / "outside")
    assert "into the data folder" in told(*words, "--output", output)


@pytest.mark.usefixtures("any_picture")
@pytest.mark.parametrize("script", ["audit_data.py", "evaluate.py"])
def test_what_is_left_out_and_whose_images_are_is_said(script, data, monkeypatch, capsys):
    """The patients are unknown, until a pattern tells them; one more folder makes the status 1, and nothing else."""
    for number, path in enumerate(sorted(data.glob("*/*"))):
        path.rename(path.with_name(f"of{number % 2}-{number}.png"))

    def run(*words):
        variant = ("--variant", "custom-cnn", "--population", "children") if script == "evaluate.py" else ()
        monkeypatch.setattr(sys, "argv", [script, "--data", str(data), *variant, *words])
        with pytest.raises(SystemExit) as end:
            run_in_process(script)
        said = capsys.readouterr()
        return end.value.code, said.out + said.err

    unknown = (
        "Images whose patient is unknown: 4" if script == "audit_data.py" else "patient of 4 of 4 images in --data"
    )
    # So few are no training set, which the audit says too.
    status = SOME_REJECTED if script == "audit_data.py" else DONE
    code, said = run()
    assert code == status and unknown in said and "COVID" not in said
    code, said = run("--patient-pattern", r"(of\d)-")
    assert code == status and unknown not in said and ("of0" in said or "2 patients" in said)
    (data / "COVID").mkdir()
    (data / "COVID" / "a.png").touch()
    code, said = run()
    assert code == SOME_REJECTED and "COVID/: 1 file, outside of the folders NORMAL and PNEUMONIA" in said


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("cross_validate.py", "--variant", "custom-cnn", "--scheme", "folds", "--outside", "no"), "No images found"),
        (("evaluate.py", "--variant", "custom-cnn", "--against", "xception"), "xception"),
        (("evaluate.py", "--variant", "custom-cnn", "--plots", ROOT / "docs" / "plots"), "outside of the project"),
        (("evaluate.py", "--variant", "custom-cnn", "--plots", "data/plots"), "into the data folder"),
        (("evaluate.py", "--variant", "custom-cnn", "--patients", "no.csv"), "no.csv cannot be opened"),
        (("evaluate.py", "--variant", "custom-cnn", "--patient-pattern", "n(o"), "is no regular expression"),
        (("evaluate.py", "--variant", "custom-cnn", "--patient-pattern", "no"), "must have one group"),
        (
            ("cross_validate.py", "--variant", "custom-cnn", "--scheme", "folds", "--patient-pattern", r"IM-(\d+)"),
            "no patient of 2 of 4 images",
        ),
    ],
)
def test_what_is_wrong_is_told_before_the_work(words, line, data, told):
    """The images are too few to train with, and no chests: the work itself would end with another complaint."""
    assert line in told(*words, "--data", data, "--output", data.parent / "out.json")
    assert not (data.parent / "out.json").exists() and not (ROOT / "docs" / "plots").exists()


def test_screenshots_need_playwright_and_say_so(monkeypatch):
    from scripts.tools import headless_browser, served_page, take_screenshots

    monkeypatch.setattr(headless_browser, "sync_playwright", None)
    monkeypatch.setattr(sys, "argv", ["take_screenshots.py"])
    with pytest.raises(served_page.PageError, match="Playwright: pip install"):
        take_screenshots.main()
