"""`pneumonia COMMAND`: every command by its name, quick to say what there is, and the same as its script."""

import argparse
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

from pneumonia.__main__ import COMMANDS, main
from pneumonia._version import __version__
from pneumonia.cli import commands
from pneumonia.cli.commands import deploy_space
from scripts import ROOT


def test_every_command_is_named_and_has_a_script():
    modules = {path.stem for path in Path(commands.__file__).parent.glob("*.py")} - {"__init__"}
    assert modules == {name.replace("-", "_") for name in COMMANDS}
    assert all((ROOT / "scripts" / f"{name}.py").is_file() for name in modules)


def test_the_help_names_every_command(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0
    text = capsys.readouterr().out
    assert all(f"\n    {name}" in text for name in COMMANDS)


@pytest.mark.parametrize("argv", [[], ["no-such-command"]])
def test_no_command_is_wrong_usage(argv, capsys):
    with pytest.raises(SystemExit) as ended:
        main(argv)
    assert ended.value.code == 2 and capsys.readouterr().err.startswith("usage: pneumonia ")


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_of_a_command_states_each_default(name, capsys):
    with pytest.raises(SystemExit) as ended:
        main([name, "--help"])
    assert ended.value.code == 0 and capsys.readouterr().out.startswith(f"usage: pneumonia {name} ")
    parser = argparse.ArgumentParser()
    importlib.import_module(f"pneumonia.cli.commands.{name.replace('-', '_')}").add_arguments(parser)
    for action in parser._actions:
        if action.default not in (None, False, argparse.SUPPRESS):
            assert "default: " in (action.help or ""), action.option_strings


def test_the_version_is_told(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0 and capsys.readouterr().out == f"pneumonia {__version__}\n"


def test_the_page_is_sent_from_a_checkout_alone(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(deploy_space, "PROJECT_FOLDER", tmp_path)
    with pytest.raises(SystemExit) as ended:
        main(["deploy-space", "--repo-id", "alice/page", "--dry-run"])
    assert ended.value.code == 2
    assert capsys.readouterr().err.endswith("Run this in a checkout of the project.\n")


def test_a_failure_is_one_line_and_the_status_of_the_script(tmp_path, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["audit-data", "--data", str(tmp_path / "no")])
    assert ended.value.code == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_the_help_and_a_reading_import_no_tensorflow():
    program = "import sys; from pneumonia.__main__ import main\ntry: main(sys.argv[1:])\nfinally: print(*sys.modules)"
    for argv in (["--help"], ["predict", "--help"], ["train", "--help"]):
        done = subprocess.run([sys.executable, "-c", program, *argv], capture_output=True, text=True, timeout=280)
        loaded = done.stdout.splitlines()[-1].split()
        assert done.returncode == 0 and not {"tensorflow", "keras"} & set(loaded), argv
