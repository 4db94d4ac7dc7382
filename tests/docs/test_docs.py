"""README.md and docs/: as short as they shall be, with paths and links that lead somewhere, and code that runs."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from pneumonia.utils.formatting import format_interval, format_share
from pneumonia.variants.registry import DEFAULT
from pneumonia.weights.folder import read_bundle
from scripts import ROOT

README = ROOT / "README.md"
# All that is written by hand, or by this project's own commands now. Cards keep the commands of their day.
PAGES = [README, ROOT / "CHANGELOG.md", ROOT / "SECURITY.md", *sorted((ROOT / "docs").glob("*.md"))]
_PATH = re.compile(r"(?<![\w/.-])(?:demo|docs|locks|pneumonia|scripts|tests|weights)/[\w./*<>-]*")
_MODULE = re.compile(r"(?<=python -m )(?:demo|pneumonia|scripts)(?:\.\w+)*")
_LINK = re.compile(r"\]\((?!https?:|#)([^)#]+)")
_BLOCK = re.compile(r"```(\w*)\n(.*?)```", re.DOTALL)
# What commands make, and nobody keeps.
_MADE = ("weights/sites/",)


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("page", PAGES, ids=relative)
def test_every_path_and_module_that_is_named_is_there(page):
    text = page.read_text()
    paths = {path.rstrip(".").replace("<variant>", "*") for path in _PATH.findall(text)}
    missing = {path for path in paths if not path.startswith(_MADE) and not any(ROOT.glob(path))}
    for module in _MODULE.findall(text):
        place = ROOT.joinpath(*module.split("."))
        if not (place.with_suffix(".py").is_file() or (place / "__main__.py").is_file()):
            missing.add(module)
    assert not missing


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("validation", "children"),
        ("adults", "adults, opacity or normal"),
        ("adults-pa", "the same, PA views alone"),
        ("adults-other", "adults, opacity or other disease"),
    ],
)
def test_the_readme_has_the_figures_of_the_default_network(name, title):
    of = read_bundle(ROOT / "weights" / DEFAULT).metrics["sets"][name]
    point = of["operating_points"]["balanced"]
    shares = (format_share(point[measure]) for measure in ("sensitivity", "specificity"))
    assert " | ".join([f"| {title}", f"{of['n']:,}", format_interval(of["auroc"]), *shares]) in README.read_text()


@pytest.mark.parametrize("page", PAGES, ids=relative)
def test_every_link_leads_somewhere(page):
    assert not [link for link in _LINK.findall(page.read_text()) if not (page.parent / link).exists()]


def test_the_index_names_every_page():
    index = ROOT / "docs" / "README.md"
    listed = {(index.parent / link).resolve() for link in _LINK.findall(index.read_text())}
    assert set(PAGES) - {index} <= listed


def test_the_readme_is_short_and_its_map_has_every_package():
    text = README.read_text()
    assert text.count("\n") <= 160
    packages = [path for path in (ROOT / "pneumonia").iterdir() if (path / "__init__.py").is_file()]
    assert not [path for path in packages if f"| `{relative(path)}/` | " not in text]


@pytest.fixture
def checkout(tmp_path) -> Path:
    """What the lines of the README need of a checkout, in a folder to write to."""
    for name in ("demo", "scripts"):
        (tmp_path / name).symlink_to(ROOT / name)
    return tmp_path


def blocks(kind: str) -> list[str]:
    return [text for language, text in _BLOCK.findall(README.read_text()) if language == kind]


def test_the_python_of_the_readme_runs_as_it_stands(checkout):
    (code,) = blocks("python")
    done = subprocess.run([sys.executable, "-c", code], cwd=checkout, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("PNEUMONIA 0.")


def test_the_shell_lines_of_the_readme_run_as_they_stand(checkout):
    lines = [line for text in blocks("") for line in text.splitlines() if line.startswith("python ")]
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    for line in lines:
        done = subprocess.run(line, shell=True, cwd=checkout, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    assert len(lines) >= 3 and len(list((checkout / "out" / "overlays").iterdir())) == 2
