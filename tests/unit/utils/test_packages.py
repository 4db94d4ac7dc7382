"""The sentence about a package that is missing, in a checkout and where the library is installed."""

import tomllib

import pytest

from pneumonia.errors import MissingExtraError
from pneumonia.utils import packages
from pneumonia.utils.packages import require_package
from scripts import ROOT

MISSING = "no_such_package"


def test_every_extra_of_the_library_has_a_lock():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = {extra for extra in packages._LOCK_OF if extra}
    assert extras == set(project["optional-dependencies"]) - {"demo"}, "the page is not part of the library"


def test_a_package_that_is_there_is_enough():
    require_package("json", "This needs json", "train")


@pytest.mark.parametrize(
    ("extra", "lock"), [("train", "training"), ("hub", "training"), ("onnx", "onnx"), ("ray", "ray"), (None, "dev")]
)
def test_in_a_checkout_the_command_names_the_lock(extra, lock):
    with pytest.raises(MissingExtraError, match=rf"^This needs it: pip install .* -r locks/{lock}\.txt$"):
        require_package(MISSING, "This needs it", extra)


@pytest.mark.parametrize("extra", ["train", "hub", "onnx", "ray", "data", "dicom"])
def test_an_installed_package_names_its_extra_and_no_command(extra, monkeypatch, tmp_path):
    monkeypatch.setattr(packages, "_LOCKS", tmp_path / "locks")
    with pytest.raises(MissingExtraError) as error:
        require_package(MISSING, "This needs it", extra)
    assert f"`{extra}`" in str(error.value) and "pip" not in str(error.value)


def test_a_tool_that_no_extra_brings_is_named_itself(monkeypatch, tmp_path):
    monkeypatch.setattr(packages, "_LOCKS", tmp_path / "locks")
    with pytest.raises(MissingExtraError, match=f"^This needs it: Install {MISSING} "):
        require_package(MISSING, "This needs it", None)
