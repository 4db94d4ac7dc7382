"""What the project's command lines install: all that is locked and nothing else, whatever was released later."""

import ensurepip
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from importlib.metadata import requires
from itertools import chain, pairwise
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from pneumonia import __version__
from pneumonia.publishing.space import exact_requirements
from pneumonia.utils.packages import install_command
from scripts import ROOT
from tests.fixtures.local_index import LocalIndex, applied, locked

LOCKS = sorted(path.name for path in (ROOT / "locks").glob("*.txt") if path.name != "constraints.txt")
MAKE = {"demo-installed": ["build.txt", "serving.txt"], "dev-installed": ["dev.txt"]}
# What lines that install the project itself say, once what it needs is there.
ITSELF = ["--no-deps", "--no-build-isolation", "--editable", "."]
# What a new environment brings.
BROUGHT = {"pip", "setuptools", "wheel"}
# What the Hub adds to the requirements of a Space, in the same call.
OF_THE_HUB = ("gradio[oauth,mcp]", "uvicorn>=0.14.0", "websockets>=10.4", "spaces")

needs_make = pytest.mark.skipif(shutil.which("make") is None, reason="needs make")


# === Which command lines there are ===


def made(target: str, folder: Path = ROOT) -> list[list[str]]:
    """The words of the commands with which make installs: what is locked, then the project itself."""
    command = ["make", "--dry-run", f".venv/{target}", "PYTHON=python3"]
    said = subprocess.run([*command, "BIN=none"], cwd=folder, capture_output=True, text=True, check=True).stdout
    return [shlex.split(line) for line in re.findall(r"none/python -m pip (install .*?)(?: &&|;)", said)]


def written() -> list[tuple[str, list[str]]]:
    """Where a line with pip is written, and its words from the name of pip's command on."""
    places = [ROOT / "README.md", ROOT / "SECURITY.md", ROOT / "Dockerfile", ROOT / ".ci/run"]
    places += [*ROOT.glob("docs/*.md"), ROOT / "pyproject.toml"]
    code = [path for folder in ("pneumonia", "demo", "scripts") for path in (ROOT / folder).rglob("*.py")]
    # It writes the lines of the others.
    places += [path for path in code if path.name != "packages.py"]
    found = []
    for path in places:
        text = path.read_text().replace("\\\n", " ")
        lines = re.findall(r"\bpip3? ((?:install|download) [^`\"\n]*)", text)
        # Sentences in code name the locks alone.
        lines += [
            install_command(*re.findall(r'"([^"]+)"', locks)).removeprefix("pip ")
            for locks in re.findall(r"\binstall_command\((\"[^)]*)\)", text)
        ]
        name = path.relative_to(ROOT).as_posix()
        found += [(name, shlex.split(line.partition("&&")[0], comments=True)) for line in lines]
    return [*found, *notebook()]


def notebook() -> list[tuple[str, list[str]]]:
    name = "docs/train_on_colab.ipynb"
    (cell,) = [cell for cell in json.loads((ROOT / name).read_text())["cells"] if cell.get("id") == "install"]
    commands: list[tuple[str, ...]] = []
    exec("".join(cell["source"]), {"INSTALL": True, "sys": sys, "run": lambda *words: commands.append(words)})
    return [(name, list(words[3:])) for words in commands if "pip" in words]


def locks_of(words: list[str]) -> list[str]:
    return [Path(file).name for option, file in pairwise(words) if option in ("-r", "--requirement")]


def test_every_line_that_installs_names_locks_and_nothing_that_is_resolved_anew():
    lines = [*written(), *(("Makefile", words) for target in MAKE for words in made(target))]
    assert {locks for _, words in lines for locks in locks_of(words)} == set(LOCKS)
    harmless = {"--no-index", "--quiet", "--no-cache-dir", "--disable-pip-version-check"}
    for place, words in lines:
        others = [word for word in words[1:] if word not in harmless]
        # Into an environment that is the reader's own affair, as any library.
        if others in (["."], ITSELF):
            continue
        assert {"--no-deps", "--require-hashes"} <= set(words), (place, words)
        others = [word for word in others if word not in {"--no-deps", "--require-hashes"}]
        assert len(others) % 2 == 0 and set(others[::2]) <= {"-r", "--dest", "--find-links"}, (place, words)


# === What they install ===


@dataclass(frozen=True)
class Checkout:
    """A Makefile and locks, whose packages a local index has and nobody else.

    Attributes:
        folder: where it is.
        environment: in which pip asks that index alone.
    """

    folder: Path
    environment: dict[str, str]

    def run(self, *words: str | Path) -> subprocess.CompletedProcess:
        command = list(map(str, words))
        return subprocess.run(command, cwd=self.folder, env=self.environment, capture_output=True, text=True)

    def locked(self, *locks: str) -> dict[str, str]:
        """Versions that locks name for this machine."""
        return {name: version for lock in locks for name, version in applied(locked(self.lock(lock))).items()}

    def lock(self, name: str) -> str:
        return (self.folder / "locks" / name).read_text()

    def installed(self, python: str | Path) -> dict[str, str]:
        """Versions in an environment, which must fit each other."""
        checked = self.run(python, "-m", "pip", "check")
        assert checked.returncode == 0, checked.stdout
        listed = self.run(python, "-m", "pip", "list", "--format", "json").stdout
        return {canonicalize_name(found["name"]): found["version"] for found in json.loads(listed)}

    def new_environment(self, folder: Path) -> Path:
        """Its Python."""
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        return folder / "bin" / "python"


def without_brought(versions: dict[str, str], locked: dict[str, str]) -> dict[str, str]:
    return {name: version for name, version in versions.items() if name in locked or name not in BROUGHT}


@pytest.fixture(scope="module")
def checkout(tmp_path_factory) -> Checkout:
    folder = tmp_path_factory.mktemp("checkout")
    index = LocalIndex(folder / "index")
    (folder / "locks").mkdir()
    for lock in LOCKS:
        (folder / "locks" / lock).write_text(index.lock((ROOT / "locks" / lock).read_text()))
    for requirement in (Requirement(line) for line in (*of_gradio(), *OF_THE_HUB[1:])):
        if requirement.name not in applied(locked((folder / "locks" / "serving.txt").read_text())):
            versions = [part.version for part in requirement.specifier if part.operator in (">=", "==", "~=")]
            index.add(canonicalize_name(requirement.name), max(versions, key=Version, default="1.0"))
    # Of the project, what an installation of it looks at.
    (folder / "pneumonia").mkdir()
    for name in (
        "Makefile",
        "pyproject.toml",
        "README.md",
        "LICENSE",
        "pneumonia/__init__.py",
        "pneumonia/_version.py",
    ):
        shutil.copy(ROOT / name, folder / name)
    settings = {name: value for name, value in os.environ.items() if not name.startswith("PIP_")}
    # A mirror that is not there, beside the index: pip warns of it at each package.
    mirror = {"PIP_EXTRA_INDEX_URL": (folder / "mirror").as_uri()}
    asked = {"PIP_CONFIG_FILE": os.devnull, "PIP_INDEX_URL": index.folder.as_uri(), **mirror}
    return Checkout(folder, {**settings, **asked, "PIP_NO_COMPILE": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1"})


def of_gradio() -> list[str]:
    """What Gradio asks for as the Hub installs it."""
    extras = ("", *Requirement(OF_THE_HUB[0]).extras)
    asked = [Requirement(line) for line in requires("gradio")]
    here = [
        each for each in asked if not each.marker or any(each.marker.evaluate({"extra": extra}) for extra in extras)
    ]
    return [f"{each.name}{each.specifier}" for each in here]


@pytest.mark.promise("What is installed is what is locked, whatever was released later.", part="Security")
@pytest.mark.slow
@needs_make
def test_make_installs_what_is_locked_and_says_so_in_few_words(checkout):
    done = checkout.run("make", ".venv/dev-installed", f"PYTHON={sys.executable}")
    assert done.returncode == 0, done.stdout + done.stderr
    here = {**checkout.locked("dev.txt"), "pneumonia": __version__}
    assert len(here) > 150
    assert without_brought(checkout.installed(".venv/bin/python"), here) == here
    assert "No broken requirements" in done.stdout and not done.stderr
    assert "WARNING: Location" in (checkout.folder / ".venv/pip.log").read_text()


@pytest.mark.slow
@needs_make
def test_without_no_deps_a_package_with_an_extra_is_resolved_anew(checkout):
    """pip before 23.3 does not hold `coverage[toml]` to the `coverage` of the lock."""
    bundled = sorted((Path(ensurepip.__file__).parent / "_bundled").glob("pip-*.whl"))
    if not bundled or Version(ensurepip.version()) >= Version("23.3"):
        pytest.skip("the pip that comes with this Python is another")
    words = [word for word in made("dev-installed", checkout.folder)[0] if word != "--no-deps"]
    done = checkout.run(sys.executable, bundled[0] / "pip", *words, "--dry-run", "--ignore-installed")
    assert done.returncode == 1
    assert re.search(r"must have their versions pinned with ==. These do not:\s+\w+\[\w+\]>=", done.stderr)


@pytest.mark.slow
@needs_make
@pytest.mark.parametrize("locks", sorted({tuple(locks_of(words)) for _, words in written()} - {()}))
def test_every_line_installs_what_is_locked(checkout, locks, tmp_path):
    for words in dict.fromkeys(tuple(words) for _, words in written() if locks_of(words) == list(locks)):
        shutil.rmtree(tmp_path / "venv", ignore_errors=True)
        python = checkout.new_environment(tmp_path / "venv")
        # The image's folder has its lock beside it.
        line = [f"locks/{word}" if word in LOCKS else word for word in words]
        done = checkout.run(python, "-m", "pip", *line)
        assert done.returncode == 0, done.stderr
        here = checkout.locked(*locks)
        if words[0] == "download":
            wheels = {
                path.name.split("-")[0]: path.name.split("-")[1] for path in (checkout.folder / "wheels").iterdir()
            }
            assert {canonicalize_name(name): version for name, version in wheels.items()} == here
        else:
            assert without_brought(checkout.installed(python), here) == here


@pytest.mark.slow
def test_a_space_installs_what_is_locked_beside_what_the_hub_adds(checkout, tmp_path):
    requirements = tmp_path / "requirements.txt"
    requirements.write_text(exact_requirements(checkout.lock("serving.txt")))
    here = checkout.locked("serving.txt")
    gradio, *others = OF_THE_HUB
    python = checkout.new_environment(tmp_path / "venv")
    done = checkout.run(python, "-m", "pip", "install", "-r", requirements, f"{gradio}=={here['gradio']}", *others)
    assert done.returncode == 0, done.stderr
    found = checkout.installed(python)
    assert {name: found[name] for name in here} == here and {"spaces", "mcp", "authlib"} <= set(found)


def test_what_gradio_asks_for_on_the_hub_fits_what_is_locked():
    """One call of pip takes both, or the Space is not built."""
    here = applied(locked((ROOT / "locks" / "serving.txt").read_text()))
    asked = [requirement for requirement in map(Requirement, of_gradio()) if requirement.name in here]
    assert len(asked) > 20
    assert not [str(requirement) for requirement in asked if here[requirement.name] not in requirement.specifier]


# === When make installs ===

# Takes the place of Python: makes an environment of itself, and notes what pip is asked for. Pip installs with many
# warnings, and fails where told.
PYTHON = """#!/bin/sh
case "$1 $2 $3" in
    "-m venv "*) mkdir -p "$3/bin" && ln -s "$(readlink -f "$0")" "$3/bin/python" ;;
    "-c import os, sys;"*) readlink -f "$0" ;;
    "-m pip install") case "$*" in *--editable*) asked=itself ;; *) asked=install ;; esac
        echo $asked >> asked; seq -f "WARNING: %g" 500; test ! -e $asked-fails || {
        echo "ERROR: the reason" >&2; exit 1; } ;;
    "-m pip check") echo check >> asked; test ! -e check-fails ;;
esac
"""
# What is locked, the project itself, and whether all fits together.
WHOLE = ["install", "itself", "check"]


@pytest.fixture
def make(tmp_path):
    """Runs make in a checkout whose Python is none, and gives what pip was asked for and what make said."""
    shutil.copy(ROOT / "Makefile", tmp_path)
    (tmp_path / "locks").mkdir()
    for lock in chain(*MAKE.values()):
        (tmp_path / "locks" / lock).write_text(f"{lock}, as it was\n")
    python = tmp_path / "python"
    python.write_text(PYTHON)
    python.chmod(0o700)

    def run(target, python=python):
        (tmp_path / "asked").write_text("")
        command = ["make", f".venv/{target}", f"PYTHON={python}"]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
        return (tmp_path / "asked").read_text().split(), done

    return run


@needs_make
@pytest.mark.parametrize("target", MAKE)
def test_make_installs_once_and_anew_when_the_lock_has_changed_whatever_the_clock_says(make, target, tmp_path):
    assert make(target)[0] == WHOLE
    assert make(target)[0] == []
    lock = tmp_path / "locks" / MAKE[target][-1]
    os.utime(lock)
    assert make(target)[0] == []
    (tmp_path / ".venv" / "no-longer-locked").touch()
    lock.write_text("another\n")
    os.utime(lock, (0, 0))
    assert make(target)[0] == WHOLE
    assert not (tmp_path / ".venv" / "no-longer-locked").exists()
    (tmp_path / ".venv/bin/python").unlink()
    assert make(target)[0] == WHOLE


@needs_make
def test_an_environment_that_is_active_is_made_anew_by_the_python_behind_it(make, tmp_path):
    make("demo-installed")
    (tmp_path / "locks" / MAKE["demo-installed"][-1]).write_text("another\n")
    assert make("demo-installed", ".venv/bin/python")[0] == WHOLE


@needs_make
def test_the_page_starts_at_once_where_the_test_tools_are_installed(make):
    assert make("dev-installed")[0] == WHOLE
    assert make("demo-installed")[0] == []


@needs_make
def test_the_test_tools_are_added_to_what_a_page_that_is_served_is_using(make, tmp_path):
    make("demo-installed")
    (tmp_path / ".venv" / "in-use").touch()
    assert make("dev-installed")[0] == WHOLE
    assert (tmp_path / ".venv" / "in-use").exists()


@needs_make
@pytest.mark.parametrize("failing", WHOLE)
def test_make_does_not_take_what_failed_for_installed(make, failing, tmp_path):
    (tmp_path / f"{failing}-fails").touch()
    for _ in range(2):
        asked, done = make("dev-installed")
        assert asked[-1] == failing and done.returncode
        assert ("ERROR: the reason" in done.stdout) == (failing != "check")
        assert len(done.stdout.splitlines()) < 40
    (tmp_path / f"{failing}-fails").unlink()
    done = make("dev-installed")[1]
    assert done.returncode == 0 and "WARNING: 500" not in done.stdout + done.stderr


# === The check of a clean clone ===


@pytest.mark.parametrize("lacking", ["", "chromium", "git", "mount", "npm", "python3"])
def test_the_check_begins_anew_and_installs_each_command_that_is_lacking(lacking, tmp_path):
    (tmp_path / "bin").mkdir()
    for name in ("bash", "dirname"):
        (tmp_path / "bin" / name).symlink_to(shutil.which(name))
    note = f'#!/bin/sh\necho "${{0##*/}} $* $PYTHONNOUSERSITE" >> {tmp_path}/ran\n'
    for name in {"chromium", "git", "make", "mount", "npm", "python3", "apt-get"} - {lacking}:
        (tmp_path / "bin" / name).write_text(note)
        (tmp_path / "bin" / name).chmod(0o700)
    (tmp_path / ".ci").mkdir()
    shutil.copy(ROOT / ".ci/run", tmp_path / ".ci")
    variables = {"PATH": str(tmp_path / "bin"), "PNEUMONIA_DATA": "none"}
    subprocess.run([tmp_path / ".ci/run"], env=variables, check=True)
    ran = [line.split() for line in (tmp_path / "ran").read_text().splitlines()]
    installed = {word for words in ran if words[:2] == ["apt-get", "install"] for word in words}
    package = "python3-venv" if lacking == "python3" else lacking
    assert installed & {"chromium", "git", "make", "mount", "npm", "python3-venv"} == {package} - {""}
    steps = [words[1:] for words in ran if words[0] == "make"]
    assert steps == [[step, "1"] for step in ("clean", "lint", "test", "test-slow", "audit")]
