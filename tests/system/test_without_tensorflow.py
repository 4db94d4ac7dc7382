"""Serving runs where tensorflow and keras cannot be imported."""

import re
import subprocess
import sys

import pytest

from scripts import ROOT

EXAMPLE = "demo/examples/synthetic-pneumonia-1.png"
# A module that is None cannot be imported.
BLOCKED = "import sys; sys.modules.update(dict.fromkeys(('tensorflow', 'keras', 'tf_keras')))\n"

LIBRARY = f"""
from pneumonia import list_variants, load_predictor
for variant in list_variants()[:3]:
    assert load_predictor(variant).predict({EXAMPLE!r}).heatmap is not None
print(load_predictor().predict({EXAMPLE!r}).finding)
"""
COMMAND = f"""
import runpy
sys.argv = ["scripts/predict.py", {EXAMPLE!r}]
runpy.run_path("scripts/predict.py", run_name="__main__")
"""
PAGE = f"""
from gradio_client import Client, handle_file
from demo.page import build_demo
_, address, _ = build_demo().launch(prevent_thread_lock=True, quiet=True, server_name="127.0.0.1")
client = Client(address, verbose=False, analytics_enabled=False)
records = client.predict(handle_file({EXAMPLE!r}), "balanced", api_name="/compare")[0]
assert [record["status"] for record in records] == ["read"] * 3, records
print(client.predict(handle_file({EXAMPLE!r}), "mobilenetv2-finetuned", "balanced", api_name="/read")[0]["finding"])
"""


def run(program):
    return subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=280)


@pytest.mark.parametrize("program", [LIBRARY, COMMAND, PAGE], ids=["library", "command", "page"])
def test_a_reading_without_tensorflow(program):
    done = run(BLOCKED + program)
    assert done.returncode == 0 and "PNEUMONIA" in done.stdout, done.stdout + done.stderr


def test_a_command_that_needs_it_says_what_to_install():
    export = COMMAND.replace("predict.py", "export.py").replace(repr(EXAMPLE), "'--format', 'h5', '--output', 'no.h5'")
    done = run(BLOCKED + export)
    assert done.returncode == 2 and not done.stdout
    assert re.fullmatch(r"error: Not installed: keras\. pip install .* -r locks/training\.txt\n", done.stderr)


def test_the_block_holds():
    done = run(BLOCKED + "import pneumonia.models.registry")
    assert done.returncode == 1 and "ModuleNotFoundError" in done.stderr
