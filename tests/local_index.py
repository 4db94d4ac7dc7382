"""A package index that tests make: wheels without code, of what is locked and of newer releases of it."""

import hashlib
import re
import zipfile
from functools import cache
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name


def locked(text: str) -> list[Requirement]:
    """The packages of a lock, each with its version and where it applies."""
    entries = text.replace("\\\n", "").splitlines()
    return [Requirement(entry.partition(" --hash")[0]) for entry in entries if entry[:1].isalnum()]


def version_of(package: Requirement) -> str:
    """The one version that a lock allows."""
    (specifier,) = package.specifier
    return specifier.version


def applied(packages: list[Requirement]) -> dict[str, str]:
    """Versions of those packages that are for this machine, by name."""
    here = (package for package in packages if package.marker is None or package.marker.evaluate())
    return {canonicalize_name(package.name): version_of(package) for package in here}


class LocalIndex:
    """A folder that pip takes for an index.

    Attributes:
        folder: where it is.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._hashes: dict[tuple[str, str], str] = {}

    def add(self, name: str, version: str) -> None:
        """Add a release and a newer one, which ask for what that very release asks for, if it is installed here."""
        if (name, version) not in self._hashes:
            self._hashes[name, version] = self._write(name, version, version)
            self._write(name, f"{version}.1", version)

    def lock(self, text: str) -> str:
        """A lock of the same packages, with the hashes of their releases here, which are added."""
        lines = [line for line in text.splitlines() if line.startswith("--")]
        for package in locked(text):
            name, version = canonicalize_name(package.name), version_of(package)
            self.add(name, version)
            lines += [f"{package} \\", f"    --hash=sha256:{self._hashes[name, version]}"]
        return "\n".join(lines) + "\n"

    def _write(self, name: str, version: str, described: str) -> str:
        wheel = self.folder / name / f"{name.replace('-', '_')}-{version}-py3-none-any.whl"
        wheel.parent.mkdir(parents=True, exist_ok=True)
        info = f"{wheel.name.partition('-py3')[0]}.dist-info"
        metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        files = {f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n"}
        here = _installed(name)
        if here is not None and here.version == described:
            metadata += "".join(f"Provides-Extra: {extra}\n" for extra in here.metadata.get_all("Provides-Extra", ()))
            metadata += "".join(f"Requires-Dist: {requirement}\n" for requirement in here.requires or ())
        if here is not None and name == "pip":
            # It replaces itself, and is needed afterwards.
            files |= _code_of_pip(here, info)
        files[f"{info}/METADATA"] = metadata
        files[f"{info}/RECORD"] = "".join(f"{path},,\n" for path in (*files, f"{info}/RECORD"))
        with zipfile.ZipFile(wheel, "w") as archive:
            for path, content in files.items():
                archive.writestr(path, content)
        with (wheel.parent / "index.html").open("a") as page:
            page.write(f'<a href="{wheel.name}">{wheel.name}</a>\n')
        return hashlib.sha256(wheel.read_bytes()).hexdigest()


@cache
def _installed(name: str) -> Distribution | None:
    try:
        return distribution(name)
    except PackageNotFoundError:
        return None


def _code_of_pip(pip: Distribution, info: str) -> dict[str, bytes | str]:
    code = {str(path): path.read_binary() for path in pip.files if re.match(r"pip/.*(?<!\.pyc)$", str(path))}
    return {**code, f"{info}/entry_points.txt": pip.read_text("entry_points.txt")}
