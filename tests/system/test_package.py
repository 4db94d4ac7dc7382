"""The library as a package: what a wheel holds, and a reading with it from anywhere."""

import json
import subprocess
import sys
import zipfile
from importlib.metadata import distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import pneumonia
from pneumonia.inference import chest_check, lung_shape
from pneumonia.inference.chest_check import CHEST_CHECK_FOLDER
from pneumonia.inference.lung_shape import LUNG_SHAPE_FOLDER
from pneumonia.variants.registry import PUBLISHED
from pneumonia.weights.folder import CONFIG, SERVED_FILES
from scripts import ROOT
from scripts.studies.reliability.synthetic_images import EXAMPLE

NETWORKS = {
    **dict.fromkeys((*PUBLISHED, "lung-fields"), SERVED_FILES),
    CHEST_CHECK_FOLDER.name: chest_check.FILES,
    LUNG_SHAPE_FOLDER.name: lung_shape.FILES,
}
READ = f"""
import json, pneumonia, sys
readings = [pneumonia.load_predictor(name).predict({str(EXAMPLE)!r}) for name in {PUBLISHED!r}]
assert not {{"tensorflow", "keras", "gradio", "huggingface_hub"}} & set(sys.modules)
print(json.dumps([pneumonia.__file__, pneumonia.__version__, [reading.to_dict() for reading in readings]]))
"""
EXPORT = """
from pneumonia.weights.folder import WEIGHTS_FOLDER, read_bundle
read_bundle(WEIGHTS_FOLDER / "custom-cnn")
"""


def built(source: Path, target: str, into: Path) -> Path:
    """A wheel or a source distribution of the project."""
    command = [sys.executable, "-m", "hatchling", "build", "--target", target, "--directory", str(into)]
    subprocess.run(command, cwd=source, check=True, capture_output=True)
    (made,) = into.iterdir()
    return made


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    return built(ROOT, "wheel", tmp_path_factory.mktemp("wheel"))


def contents(wheel: Path) -> dict[str, int]:
    """Checksums of the files in a wheel, by name."""
    with zipfile.ZipFile(wheel) as archive:
        return {member.filename: member.CRC for member in archive.infolist()}


def test_the_wheel_holds_the_library_and_what_is_served_of_the_networks(wheel):
    code = {path.relative_to(ROOT).as_posix() for path in (ROOT / "pneumonia").rglob("*.py")}
    inside = "pneumonia/published"
    networks = {f"{inside}/weights/{name}/{file}" for name, files in NETWORKS.items() for file in (CONFIG, *files)}
    info = f"pneumonia-{pneumonia.__version__}.dist-info"
    about = {f"{info}/{name}" for name in ("METADATA", "RECORD", "WHEEL", "entry_points.txt", "licenses/LICENSE")}
    assert set(contents(wheel)) == code | networks | about | {"pneumonia/py.typed", f"{inside}/LICENSE"}
    assert wheel.stat().st_size < 30_000_000


def test_every_public_name_is_there_and_described():
    assert set(pneumonia.__all__) <= set(dir(pneumonia))
    for name in set(pneumonia.__all__) - {"__version__"}:
        assert getattr(pneumonia, name).__doc__, name
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = pneumonia.nothing


def test_importing_the_package_imports_nothing_heavy():
    heavy = "{'numpy', 'cv2', 'PIL', 'scipy', 'ai_edge_litert'}"
    command = f"import pneumonia, sys; assert not {heavy} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", command], cwd=ROOT, check=True)


@pytest.mark.slow
def test_a_source_distribution_makes_the_same_wheel(wheel, tmp_path):
    source = built(ROOT, "sdist", tmp_path / "sdist")
    subprocess.run(
        ["tar", "--extract", "--file", source, "--directory", tmp_path, "--strip-components", "1"], check=True
    )
    assert contents(built(tmp_path, "wheel", tmp_path / "wheel")) == contents(wheel)


def linked(names: list[str], site: Path) -> None:
    """Put installed packages, and what they need, into an environment, as links to their files."""
    waiting, done = list(names), set()
    while waiting:
        requirement = Requirement(waiting.pop())
        name = canonicalize_name(requirement.name)
        if name in done or (requirement.marker and not requirement.marker.evaluate({"extra": ""})):
            continue
        done.add(name)
        package = distribution(name)
        for path in package.files:
            if ".." not in path.parts:
                (site / path).parent.mkdir(parents=True, exist_ok=True)
                (site / path).symlink_to(package.locate_file(path))
        waiting += package.requires or ()


@pytest.mark.slow
def test_a_reading_from_another_folder_in_an_environment_with_nothing_else(wheel, tmp_path):
    """With what the wheel asks for and no more, wherever that comes from: no index is asked."""
    subprocess.run([sys.executable, "-m", "venv", str(tmp_path / "venv")], check=True)
    python = tmp_path / "venv" / "bin" / "python"
    (site,) = (tmp_path / "venv" / "lib").glob("python*/site-packages")
    with zipfile.ZipFile(wheel) as archive:
        (metadata,) = (name for name in archive.namelist() if name.endswith("/METADATA"))
        lines = archive.read(metadata).decode().splitlines()
    linked([line.removeprefix("Requires-Dist: ") for line in lines if line.startswith("Requires-Dist: ")], site)
    # Its dependencies must be those that were put there.
    command = [str(python), "-m", "pip", "install", "--no-index", "--disable-pip-version-check", str(wheel)]
    subprocess.run(command, check=True, capture_output=True)

    def run(code: str) -> subprocess.CompletedProcess:
        environment = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path / "home")}
        return subprocess.run([str(python), "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True)

    done = run(READ)
    assert done.returncode == 0, done.stderr
    where, version, readings = json.loads(done.stdout)
    assert Path(where).is_relative_to(site) and version == pneumonia.__version__
    assert readings == [pneumonia.load_predictor(name).predict(EXAMPLE).to_dict() for name in PUBLISHED]
    assert not (tmp_path / "home").exists()
    assert "model.keras is missing from the weights folder of custom-cnn. Training and" in run(EXPORT).stderr
