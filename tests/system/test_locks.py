"""What is installed is locked: every package in one version, by its hashes, as pyproject.toml asks."""

import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from scripts import ROOT
from tests.fixtures.local_index import locked, version_of

LOCKS = sorted(path.name for path in (ROOT / "locks").glob("*.txt") if path.name != "constraints.txt")

# Where the project shall run, as environment markers see it.
MACHINES = {
    "linux": {"sys_platform": "linux", "platform_system": "Linux", "platform_machine": "x86_64", "os_name": "posix"},
    "macos": {"sys_platform": "darwin", "platform_system": "Darwin", "platform_machine": "arm64", "os_name": "posix"},
    "windows": {"sys_platform": "win32", "platform_system": "Windows", "platform_machine": "AMD64", "os_name": "nt"},
}
PYTHONS = ("3.11", "3.12", "3.13")

needs_make = pytest.mark.skipif(shutil.which("make") is None, reason="needs make")

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def group(name: str) -> list[str]:
    """What a group of pyproject.toml asks for, with the groups that it names."""
    entries = PROJECT["dependency-groups"][name]
    return [
        line for entry in entries for line in ([entry] if isinstance(entry, str) else group(entry["include-group"]))
    ]


@cache
def made() -> dict[str, list[str]]:
    """The words of the command that writes each lock, by its name."""
    command = ["make", "--dry-run", "--assume-old=.venv/dev-installed", "lock"]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    lines = [shlex.split(line) for line in said.splitlines() if "--output-file" in line]
    return {Path(words[-1]).name: words for words in lines}


@cache
def asked_for(lock: str) -> list[Requirement]:
    """What a lock is made from."""
    words = made()[lock]
    asked = list(PROJECT["project"]["dependencies"]) if "pyproject.toml" in words else []
    left_out = set()
    for option, value in pairwise(words):
        match option:
            case "--extra":
                asked += PROJECT["project"]["optional-dependencies"][value]
            case "--group":
                asked += group(value)
            case "--no-emit-package":
                left_out.add(value)
    return [requirement for requirement in map(Requirement, asked) if requirement.name not in left_out]


@cache
def packages(lock: str) -> list[Requirement]:
    return locked((ROOT / "locks" / lock).read_text())


def applies(requirement: Requirement, environment: dict[str, str]) -> bool:
    return requirement.marker is None or requirement.marker.evaluate(environment)


def missing(asked: list[Requirement], locked: list[Requirement], environment: dict[str, str]) -> set[str]:
    """What is asked for on a machine and is not locked there in a version that will do."""
    here = {canonicalize_name(found.name): version_of(found) for found in locked if applies(found, environment)}
    return {
        str(each)
        for each in asked
        if applies(each, environment) and (each.name not in here or here[each.name] not in each.specifier)
    }


@needs_make
@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_holds_what_is_asked_for_in_versions_that_will_do(lock, python, machine):
    environment = {**MACHINES[machine], "python_version": python, "python_full_version": f"{python}.0"}
    assert not missing(asked_for(lock), packages(lock), environment), "run: make lock"
    # One version of each, or pip refuses the file.
    names = [canonicalize_name(found.name) for found in packages(lock) if applies(found, environment)]
    assert len(names) == len(set(names))


@needs_make
def test_a_change_of_what_is_asked_for_alone_is_found():
    environment = {**MACHINES["linux"], "python_version": "3.11", "python_full_version": "3.11.0"}
    asked, here = asked_for("serving.txt"), packages("serving.txt")
    for changed in ("gradio==6.31.1", "seaborn~=0.13"):
        assert missing([*asked, Requirement(changed)], here, environment) == {changed}


def test_the_smaller_locks_are_parts_of_the_largest():
    """So that what is tested is what is served."""
    large = ("serving.txt", "training.txt", "dev.txt")
    serving, whole, development = ({str(found) for found in packages(lock)} for lock in large)
    assert serving < whole < development


@pytest.mark.parametrize("lock", LOCKS)
def test_no_lock_has_another_version_than_the_largest(lock):
    """So that what is installed beside it changes nothing of it."""
    largest = {found.name: set() for found in packages("dev.txt")}
    for found in packages("dev.txt"):
        largest[found.name].add(found.specifier)
    assert not [found for found in packages(lock) if found.specifier not in largest.get(found.name, {found.specifier})]


@needs_make
def test_every_extra_and_every_group_is_locked():
    assert set(made()) == set(LOCKS)
    named = {
        value for words in made().values() for option, value in pairwise(words) if option in ("--extra", "--group")
    }
    assert named == {*PROJECT["project"]["optional-dependencies"], *PROJECT["dependency-groups"]}


def test_what_builds_the_project_is_locked():
    assert group("build") == PROJECT["build-system"]["requires"]


@pytest.mark.promise("Packages are locked, each in one version with its hashes.", part="Security")
@pytest.mark.parametrize("lock", LOCKS)
def test_every_package_has_one_version_and_hashes_and_nothing_says_where_it_comes_from(lock):
    text = (ROOT / "locks" / lock).read_text()
    option, blank, *entries = text.replace("\\\n", "").splitlines()[2:]
    # What is built on the way asks for the newest tools to build it with.
    assert option == "--only-binary :all:" and not blank and entries
    for entry in entries:
        assert re.fullmatch(r"[a-z0-9._-]+==[^\s;]+( ; [^#\\]+?)?(\s+--hash=sha256:[0-9a-f]{64})+", entry), entry
    # A file, an index or a repository in place of a version would be taken from there.
    assert not re.search(r"https?:|file:|git\+|index-url|find-links|trusted-host", text)


def test_every_python_that_the_project_names_is_locked_for():
    named = PROJECT["project"]["requires-python"]
    assert min(PYTHONS, key=lambda python: tuple(map(int, python.split(".")))) in SpecifierSet(named)
    assert "3.10" not in SpecifierSet(named)
    assert "--python-version 3.11 " in (ROOT / "Makefile").read_text()


@needs_make
@pytest.mark.parametrize(("variables", "upgrades"), [([], False), (["UPGRADE=--upgrade"], True)])
def test_locks_are_upgraded_where_that_is_asked_for(variables, upgrades):
    command = ["make", "--dry-run", "--assume-old=.venv/dev-installed", "lock", *variables]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert said.count("uv pip compile") > 1 and said.count("compile --quiet --upgrade ") == (
        said.count("uv pip compile") * upgrades
    )


def test_pip_refuses_a_package_whose_content_is_not_the_locked_one(tmp_path):
    """The form of the lock is one that pip holds to; no index is asked."""
    wheel = tmp_path / "wheels" / "sound-1.0-py3-none-any.whl"
    wheel.parent.mkdir()
    wheel.write_bytes(b"another content")
    lock = tmp_path / "lock.txt"
    lock.write_text(f"sound==1.0 \\\n    --hash=sha256:{'0' * 64}\n")
    command = [sys.executable, "-m", "pip", "install", "--dry-run", "--require-hashes", "--no-index", "--no-deps"]
    place = ["--find-links", str(wheel.parent), "--target", str(tmp_path / "target"), "-r", str(lock)]
    done = subprocess.run([*command, *place], capture_output=True, text=True)
    assert done.returncode == 1 and "DO NOT MATCH THE HASHES" in done.stderr
