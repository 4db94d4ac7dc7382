"""Weights from a pinned commit of the Hub: fetched by the real client, checked, read with, or refused in a sentence."""

import json
import re
import socket

import pytest

from demo.shared.components import availability
from demo.shared.predictors import Predictors
from pneumonia import load_predictor
from pneumonia.errors import WeightsError
from pneumonia.weights import locate
from pneumonia.weights.folder import CONFIG, with_config
from tests.fixtures.loopback_hub import OWNER, STRANGER, Hub, Repo, serve_hub
from tests.fixtures.tiny import EXAMPLES

CHEST = EXAMPLES / "synthetic-pneumonia-1.png"
NO_WEIGHTS = "from pathlib import Path; from pneumonia.weights import locate; locate.WEIGHTS_FOLDER = Path('nowhere')\n"
# Prints the reading, and every address that was connected to.
READ = f"""
import sys
called = set()
sys.addaudithook(lambda event, args: called.add(args[1][:2]) if event == "socket.connect" else None)
{NO_WEIGHTS}
from pneumonia import load_predictor
prediction = load_predictor("custom-cnn").predict({str(CHEST)!r})
print(prediction.logit, prediction.weights_sha256)
print(sorted(called))
"""
UNKNOWN = "0" * 40


# === There and back ===


@pytest.fixture(scope="module")
def pushed(tmp_path_factory):
    """A Hub to which `scripts/push_to_hub.py` sent the custom CNN, and the commit."""
    with serve_hub() as hub:
        push = ("push_to_hub.py", "--variant", "custom-cnn", "--repo-id", "alice/net", "--tag", "v1.0")
        done = hub.run_script(*push, home=tmp_path_factory.mktemp("home"))
        assert done.returncode == 0, done.stderr
        yield hub, hub.repos["model", "alice/net"].names["v1.0"]


@pytest.fixture(scope="module")
def expected() -> str:
    """What the weights that come with the project say."""
    prediction = load_predictor("custom-cnn").predict(CHEST)
    return f"{prediction.logit} {prediction.weights_sha256}"


def test_what_was_pushed_reads_as_the_original_and_is_asked_for_once(pushed, expected, tmp_path):
    hub, commit = pushed
    hub.requests.clear()
    pinned = {"PNEUMONIA_HUB": f"custom-cnn=alice/net@{commit}"}
    done = hub.run(READ, tmp_path, **pinned)
    assert done.returncode == 0, done.stderr
    reading, called = done.stdout.splitlines()
    assert reading == expected
    # Nobody but the Hub that was named, and nothing but what was asked for.
    assert called == str([("127.0.0.1", int(hub.endpoint.rpartition(":")[2]))])
    assert all(re.search(rf"alice/net/(resolve|tree|revision)/{commit}", path) for _, path in hub.requests)
    assert not [path for _, path in hub.requests if "plots/" in path]
    hub.requests.clear()
    for more in ({}, {"HF_HUB_OFFLINE": "1"}):
        done = hub.run(READ, tmp_path, **pinned, **more)
        assert done.stdout.splitlines() == [expected, "[]"], done.stderr
    assert not hub.requests


def test_the_snippet_of_the_card_runs(pushed, expected, tmp_path):
    hub, commit = pushed
    card = hub.repos["model", "alice/net"].files["README.md"].decode()
    snippet = card.partition("```python\n")[2].partition("```")[0]
    assert "COMMIT" in snippet and "chest.dcm" in snippet
    snippet = snippet.replace("COMMIT", commit).replace("chest.dcm", str(CHEST))
    done = hub.run(f"{snippet}\nprint(prediction.logit, prediction.weights_sha256)", tmp_path)
    assert done.stdout.splitlines()[-1:] == [expected], done.stderr


def test_a_command_reads_with_pinned_weights(pushed, tmp_path):
    """From a checkout whose weights folder lacks the variant."""
    hub, commit = pushed
    read = f"import runpy, sys; {NO_WEIGHTS}; sys.argv = ['predict.py', {str(CHEST)!r}, "
    read += "'--variant', 'custom-cnn']; runpy.run_path('scripts/predict.py', run_name='__main__')"
    done = hub.run(read.replace("\n", ""), tmp_path, PNEUMONIA_HUB=f"custom-cnn=alice/net@{commit}")
    assert done.returncode == 0 and "custom-cnn" in done.stdout, done.stderr


# === Refusals ===


def flipped(content: bytes) -> bytes:
    return bytes([content[0] ^ 1]) + content[1:]


def pointer(content: bytes) -> bytes:
    return b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize %d\n" % len(content)


@pytest.fixture(scope="module")
def refused(tmp_path_factory, tiny_weights) -> dict[str, str]:
    """What is said of each pin that cannot be loaded, by a name for the case."""
    files = {path.name: path.read_bytes() for path in tiny_weights.iterdir()}
    config = json.loads(files.pop(CONFIG))
    tiny = with_config(files, config)
    harmed = {
        "whole": tiny,
        "flipped": {**tiny, "model.tflite": flipped(tiny["model.tflite"])},
        "truncated": {**tiny, "model.tflite": tiny["model.tflite"][:-10]},
        "pointer": {**tiny, "model.keras": pointer(tiny["model.keras"])},
        "incomplete": {name: content for name, content in tiny.items() if name != "metrics.json"},
        "other": with_config(files, {**config, "variant": "mobilenetv2-frozen"}),
        "cut": tiny,
    }
    with serve_hub() as hub:
        pins = {}
        for name, content in harmed.items():
            repo = hub.repos["model", f"alice/{name}"] = Repo(f"{hub.endpoint}/alice/{name}", private=name == "whole")
            pins[name] = (f"custom-cnn=alice/{name}@{repo.commit(content, name)}", OWNER)
        hub.faults.append(("FILE", "alice/cut/model.keras", "cut"))
        whole = pins["whole"][0]
        pins |= {
            "private": (whole, None),
            "of another": (whole, STRANGER),
            "wrong token": (whole, "hf_nobodys_secret"),
            "missing": (f"custom-cnn=alice/nothing@{UNKNOWN}", OWNER),
            "revision": (f"custom-cnn=alice/flipped@{UNKNOWN}", OWNER),
            "branch": ("custom-cnn=alice/whole@main", OWNER),
            "short": (whole[:-30], OWNER),
            "name": (f"custom-cnn=whole@{UNKNOWN}", OWNER),
            "variant": (f"customcnn=alice/whole@{UNKNOWN}", OWNER),
            "unpinned": ("", OWNER),
        }
        # Fetched last, or the cache would have it.
        pins["whole"] = pins.pop("whole")
        program = f"""
import os
{NO_WEIGHTS}
from pneumonia import load_predictor
from pneumonia.errors import WeightsError
for name, (pin, token) in {pins}.items():
    os.environ["PNEUMONIA_HUB"] = pin
    os.environ.pop("HF_TOKEN", None)
    if token:
        os.environ["HF_TOKEN"] = token
    try:
        print(name, load_predictor("custom-cnn").variant, sep=": ")
    except WeightsError as error:
        print(name, error, sep=": ")
"""
        done = hub.run(program, tmp_path_factory.mktemp("home"), token=None)
    assert done.returncode == 0, done.stderr
    assert "_secret" not in done.stdout + done.stderr
    return dict(line.split(": ", 1) for line in done.stdout.splitlines())


@pytest.mark.parametrize(
    ("case", "sentence"),
    [
        ("whole", "custom-cnn"),
        ("flipped", "model.tflite has been altered"),
        ("truncated", "model.tflite is incomplete"),
        ("pointer", "model.keras is only a Git LFS pointer"),
        ("incomplete", "metrics.json is missing"),
        ("other", "holds mobilenetv2-frozen, not custom-cnn"),
        ("cut", "The connection to alice/cut was cut"),
        ("private", "There is no repository alice/whole on the Hub, or it is private"),
        ("of another", "There is no repository alice/whole on the Hub, or it is private"),
        ("wrong token", "The Hub does not know the token"),
        ("missing", "There is no repository alice/nothing"),
        ("revision", f"alice/flipped has no revision {UNKNOWN}"),
        ("branch", "'main' does not pin a revision"),
        ("short", "does not pin a revision"),
        ("name", "'whole' is no name of a repository"),
        ("variant", "PNEUMONIA_HUB names 'customcnn', which is no variant"),
        ("unpinned", "There is no weights folder for custom-cnn. Train it"),
    ],
)
def test_what_cannot_be_loaded_says_why(refused, case, sentence):
    assert sentence in refused[case]


@pytest.mark.parametrize(
    ("sentence", "how"),
    [
        ("HF_HUB_OFFLINE forbids to ask the Hub", {"HF_HUB_OFFLINE": "1"}),
        ("The Hub cannot be reached at http://127.0.0.1:9", {"HF_ENDPOINT": "http://127.0.0.1:9"}),
    ],
)
def test_without_a_hub_and_without_a_cache(tmp_path, sentence, how):
    done = Hub().run(READ, tmp_path, PNEUMONIA_HUB=f"custom-cnn=alice/net@{UNKNOWN}", **how)
    assert done.returncode == 1 and sentence in done.stderr.splitlines()[-1]


def test_a_hub_that_does_not_answer_is_not_waited_for(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        program = f"from pneumonia.weights import hub; hub._TIMEOUT = 0.1; hub.download('alice/net', '{UNKNOWN}')"
        done = Hub().run(program, tmp_path, HF_ENDPOINT=f"http://127.0.0.1:{silent.getsockname()[1]}")
    assert "HubUnreachableError: The Hub cannot be reached" in done.stderr.splitlines()[-1]


def test_a_harmed_file_does_not_stay_in_the_cache(tmp_path, tiny_weights):
    files = {path.name: path.read_bytes() for path in tiny_weights.iterdir()}
    with serve_hub() as hub:
        repo = hub.repos["model", "alice/net"] = Repo(f"{hub.endpoint}/alice/net", private=False)
        pin = f"custom-cnn=alice/net@{repo.commit(files, 'tiny')}"
        hub.faults.append(("FILE", "model.tflite", flipped))
        load = f"{NO_WEIGHTS}from pneumonia import load_predictor; print(load_predictor('custom-cnn').variant)"
        done = hub.run(load, tmp_path, PNEUMONIA_HUB=pin)
        assert "alice/net at" in done.stderr and "altered" in done.stderr
        hub.faults.clear()
        done = hub.run(load, tmp_path, PNEUMONIA_HUB=pin)
        assert done.stdout == "custom-cnn\n", done.stderr


# === Where weights are looked for ===


def test_weights_that_are_here_are_taken_whatever_is_pinned(tiny_weights, monkeypatch):
    monkeypatch.setattr(locate, "WEIGHTS_FOLDER", tiny_weights.parent)
    monkeypatch.setattr(locate, "fetch_bundle", lambda *_: pytest.fail("the Hub was asked"))
    monkeypatch.setenv("PNEUMONIA_HUB", f"custom-cnn=alice/net@{UNKNOWN}")
    assert load_predictor("custom-cnn").version == "0.0.0"


def test_harmed_weights_that_are_here_are_not_passed_over(tmp_path, monkeypatch):
    (tmp_path / "custom-cnn").mkdir()
    monkeypatch.setattr(locate, "WEIGHTS_FOLDER", tmp_path)
    monkeypatch.setenv("PNEUMONIA_HUB", f"custom-cnn=alice/net@{UNKNOWN}")
    with pytest.raises(WeightsError, match=r"config\.json is missing"):
        load_predictor("custom-cnn")


def test_nothing_is_pinned_unless_somebody_does(monkeypatch):
    monkeypatch.delenv("PNEUMONIA_HUB", raising=False)
    assert not locate.PINS and locate.find_pin("custom-cnn") is None
    monkeypatch.setattr(locate, "PINS", {"custom-cnn": f"alice/net@{UNKNOWN}"})
    assert locate.find_pin("custom-cnn") == ("alice/net", UNKNOWN)
    monkeypatch.setenv("PNEUMONIA_HUB", "mobilenetv2-frozen=bob/frozen@1 custom-cnn=bob/net@2")
    assert locate.find_pin("custom-cnn") == ("bob/net", "2")


def test_the_page_shows_the_reason_and_keeps_the_other_variants(tiny_weights, monkeypatch):
    monkeypatch.setattr(locate, "WEIGHTS_FOLDER", tiny_weights.parent)
    monkeypatch.setenv("PNEUMONIA_HUB", "mobilenetv2-frozen=alice/net@main")
    marked = availability(Predictors(load_predictor))
    assert ("Custom CNN", "custom-cnn") in marked["choices"]
    assert ("MobileNetV2, frozen (unavailable)", "mobilenetv2-frozen") in marked["choices"]
    assert "'main' does not pin a revision" in marked["info"]


def test_reading_does_not_pay_for_the_client(tmp_path):
    program = "import sys; from pneumonia import load_predictor; load_predictor('custom-cnn'); "
    done = Hub().run(program + "assert 'huggingface_hub' not in sys.modules", tmp_path)
    assert done.returncode == 0, done.stderr
