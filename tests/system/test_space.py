"""What a Space is made of, and what the Hub reads about it."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from demo.tabs.performance.views import SHORTCUTS
from pneumonia.core.notices import DATA_ON_THE_HUB
from pneumonia.errors import WeightsError
from pneumonia.publishing.space import exact_requirements, space_files
from pneumonia.variants.registry import DEFAULT, PUBLISHED
from pneumonia.weights.folder import KERAS_MODEL
from scripts import ROOT
from tests.fixtures.loopback_hub import STRANGER, serve_hub

# What lies in these, and is tracked, is sent; of the rest of the project, what the tests name.
CODE = ("demo", "pneumonia", "weights")


@pytest.fixture(scope="module")
def files() -> dict[str, Path | bytes]:
    return space_files()


def front_matter(readme: str) -> dict:
    return yaml.safe_load(readme.split("---\n")[1])


def tracked() -> set[str]:
    """Paths that git knows, or would add."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("this is no checkout of git")
    return set(listed.stdout.rstrip("\0").split("\0"))


def copied(target: Path) -> Path:
    for name in CODE:
        shutil.copytree(ROOT / name, target / name, ignore=shutil.ignore_patterns("__pycache__", "sites", ".*"))
    (target / "locks").mkdir()
    for name in ("app.py", "LICENSE", "README.md", "locks/serving.txt"):
        shutil.copy(ROOT / name, target / name)
    return target


def test_the_head_of_the_readme_is_what_the_hub_asks_for():
    head = front_matter((ROOT / "README.md").read_text())
    assert head["sdk"] == "gradio" and head["python_version"] == "3.11" and (ROOT / head["app_file"]).is_file()
    assert head["title"] and 0 < len(head["short_description"]) <= 60
    assert head["license"] == "mit" and "MIT License" in (ROOT / "LICENSE").read_text()
    assert head["suggested_hardware"] == "cpu-basic" and head["datasets"] == [DATA_ON_THE_HUB] and head["tags"]
    # No repository with the weights is known until somebody pins one.
    assert "models" not in head
    assert f"gradio=={head['sdk_version']} \\\n" in (ROOT / "locks/serving.txt").read_text()


def test_all_tracked_code_and_what_is_served_of_the_weights_are_sent_and_nothing_else(files):
    made_for_it = {"README.md", "requirements.txt", ".gitattributes"}
    alone = {"app.py", "LICENSE", SHORTCUTS.relative_to(ROOT).as_posix()}
    expected = {name for name in tracked() if name.split("/")[0] in CODE and not name.endswith(KERAS_MODEL)}
    expected |= alone | made_for_it
    assert set(files) == expected
    assert all(files[name] == ROOT / name for name in expected - made_for_it)


def test_what_else_lies_in_the_folder_stays_there(tmp_path):
    root = copied(tmp_path)
    before = set(space_files(root=root))
    for left in (
        *(".venv/lib/module.py", "runs/case.png", ".env", "shared/data/chest.png", "pneumonia/__pycache__/hub.pyc"),
        *("weights/sites/hospital.json", f"weights/{DEFAULT}/notes.txt", "weights/.old/config.json"),
        *("demo/examples/patient.png", "demo/.ipynb_checkpoints/layout.py", "pneumonia-uploads-1-x/chest.png"),
    ):
        (root / left).parent.mkdir(parents=True, exist_ok=True)
        (root / left).write_bytes(b"not for others")
    assert set(space_files(root=root)) == before


def test_weights_that_are_damaged_are_not_sent_and_missing_ones_are_left_out(tmp_path):
    root = copied(tmp_path)
    shutil.rmtree(root / "weights" / DEFAULT)
    assert not [name for name in space_files(root=root) if DEFAULT in name]
    (root / "weights" / PUBLISHED[0] / KERAS_MODEL).write_bytes(b"cut")
    with pytest.raises(WeightsError, match="incomplete"):
        space_files(root=root)
    for variant in PUBLISHED:
        shutil.rmtree(root / "weights" / variant, ignore_errors=True)
    with pytest.raises(WeightsError, match="to serve"):
        space_files(root=root)


def test_its_readme_names_the_weights_and_links_to_nothing_that_is_not_there(files):
    readme = space_files(("owner/net", "owner/other"))["README.md"].decode()
    assert front_matter(readme) == {
        **front_matter((ROOT / "README.md").read_text()),
        "models": ["owner/net", "owner/other"],
    }
    assert "models" not in front_matter(files["README.md"].decode())
    assert "not a medical device" in readme and "It was trained on children" in readme
    assert all(link in files for link in re.findall(r"\]\((?!http)([^)]+)\)", readme))


def test_a_server_installs_all_that_is_locked_and_no_training(files):
    lines = files["requirements.txt"].decode().splitlines()
    assert len(lines) > 60 and not [line for line in lines if not re.fullmatch(r"[a-z0-9._-]+==[^\s;]+( ; .+)?", line)]
    assert not re.search("tensorflow|keras|matplotlib|torch", "\n".join(lines))
    lock = (
        "# Made\n--only-binary :all:\n\na==1 ; os_name == 'nt' \\\n    --hash=sha256:0\nb==2 \\\n    --hash=sha256:1\n"
    )
    assert exact_requirements(lock) == "a==1 ; os_name == 'nt'\nb==2\n"


def test_binary_files_go_by_lfs_where_somebody_pushes_to_the_space_by_hand(files, tmp_path):
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    (tmp_path / ".gitattributes").write_bytes(files[".gitattributes"])
    for name, content in files.items():
        binary = b"\0" in (content if isinstance(content, bytes) else content.read_bytes())[:8000]
        rule = subprocess.run(["git", "check-attr", "filter", name], cwd=tmp_path, capture_output=True, text=True)
        assert rule.stdout.rstrip().endswith(": lfs") == binary, name


def test_the_project_itself_needs_no_lfs():
    assert not (ROOT / ".gitattributes").exists()


# === The command, against a Hub on this machine ===


def deploy(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess:
    command = [sys.executable, str(ROOT / "scripts" / "deploy_space.py"), "--repo-id", "alice/page", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=280)
    assert "Traceback" not in done.stderr, done.stderr
    return done


def test_a_space_is_made_in_one_commit_and_brought_up_to_date(files, tmp_path):
    with serve_hub() as hub:
        environment = hub.environment(tmp_path)
        pinned = {**environment, "PNEUMONIA_HUB": f"{DEFAULT}=alice/net@{'0' * 40}"}
        done = deploy(pinned)
        assert done.returncode == 0, done.stderr
        space = hub.repos["space", "alice/page"]
        assert done.stdout.strip() == space.url and space.private
        assert space.messages == ["initial commit", "The page, its code and its weights"]
        assert space.created["sdk"] == "gradio"
        assert set(space.files) == set(files)
        assert space.files["app.py"] == (ROOT / "app.py").read_bytes()
        assert front_matter(space.files["README.md"].decode())["models"] == ["alice/net"]

        space.files["demo/gone.py"] = b"# of an earlier version"
        assert deploy(environment).returncode == 0
        assert set(space.files) == set(files)
        assert "models" not in front_matter(space.files["README.md"].decode())


def test_a_dry_run_shows_every_file_and_asks_nobody(files, tmp_path):
    with serve_hub() as hub:
        done = deploy(hub.environment(tmp_path, token=None), "--dry-run")
        assert done.returncode == 0 and not hub.requests
    assert all(re.search(rf"[0-9a-f]{{64}}  {re.escape(name)}$", done.stdout, re.MULTILINE) for name in files)
    assert "sdk_version" in done.stdout and "gradio==" in done.stdout


def test_what_fails_is_one_plain_line(tmp_path):
    with serve_hub() as hub:
        for environment, said in (
            (hub.environment(tmp_path, token=None), "There is no token for the Hub."),
            (hub.environment(tmp_path, token=STRANGER), "The token may not do this with alice/page."),
            ({**hub.environment(tmp_path), "PNEUMONIA_HUB": "net"}, "PNEUMONIA_HUB names 'net'"),
        ):
            done = deploy({**os.environ, **environment})
            assert done.returncode == 2 and done.stderr.startswith(f"error: {said}"), done.stderr
            assert done.stderr.count("\n") == 1
        assert not hub.repos
