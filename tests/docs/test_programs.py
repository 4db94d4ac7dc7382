"""The examples of docs/page.md by which programs ask the page, as they stand there."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from scripts import ROOT
from scripts.studies.reliability.synthetic_images import encode, radiograph
from tests.fixtures.fakes import load_fake, served

PAGE = ROOT / "docs" / "page.md"
CHEST = encode(radiograph(), "PNG")
# What runs each, by the language that the page names; nothing else is written for programs there.
RUNNERS = {
    "python": [sys.executable, "-c"],
    "bash": ["bash", "-c"],
    "javascript": ["node", "--input-type=module", "--eval"],
}
NEEDS = {"bash": "curl", "javascript": "node"}


@pytest.fixture(scope="module")
def address():
    with served("complete") as address:
        yield address


def examples(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE.read_text(), re.DOTALL)


def run(language: str, code: str, address: str, folder: Path) -> str:
    """What an example says that asks a page elsewhere than the usual one."""
    if not shutil.which(NEEDS.get(language, sys.executable)):
        pytest.skip(f"{NEEDS[language]} is not installed")
    (folder / "chest.png").write_bytes(CHEST)
    assert "http://127.0.0.1:7860" in code
    command = [*RUNNERS[language], code.replace("http://127.0.0.1:7860", address)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_every_example_is_of_a_language_that_is_run():
    assert set(re.findall(r"```(\w+)", PAGE.read_text())) == set(RUNNERS)


def test_python_reads_an_image_and_gets_json(address, tmp_path):
    by_request, by_event = examples("python")
    reading = load_fake("mobilenetv2-finetuned").predict(CHEST, "screening")
    assert run("python", by_request, address, tmp_path) == f"read {reading.finding} {reading.probability}"
    shown = run("python", f"{by_event}\nprint(reading['probability'])", address, tmp_path)
    assert float(shown.splitlines()[-1]) == reading.probability


def test_curl_reads_an_image_with_its_map(address, tmp_path):
    (command,) = examples("bash")
    record = json.loads(run("bash", command, address, tmp_path))
    reading = load_fake("mobilenetv2-finetuned").predict(CHEST)
    assert record.pop("heatmap") == reading.heatmap.tolist() and record.pop("heatmap_scale") > 0
    assert record == reading.to_dict()


def test_javascript_reads_an_image(address, tmp_path):
    (code,) = examples("javascript")
    reading = load_fake("mobilenetv2-finetuned").predict(CHEST, population="adults")
    said = run("javascript", code, address, tmp_path).split()
    assert said[:2] == ["read", reading.finding] and float(said[2]) == pytest.approx(reading.probability)
