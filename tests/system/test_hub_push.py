"""`scripts/push_to_hub.py` and `hub.publish`, through the real client, against a Hub on this machine."""

import hashlib
import json
import re
from pathlib import Path

import pytest
import yaml

from pneumonia.core.notices import INTENDED_USE, LIMITS, POPULATION
from pneumonia.weights.folder import WEIGHTS_FOLDER, read_bundle
from tests.fixtures.loopback_hub import OWNER, READER, STRANGER, Hub, serve_hub
from tests.fixtures.tiny import write_tiny_data

NET = ("model", "alice/net")
CARD = b"---\nlicense: mit\n---\n# Net\n"
PUBLISH = "from pneumonia.publishing.hub_upload import publish; print(publish('alice/net', {files}, {options}).commit)"


@pytest.fixture
def hub():
    with serve_hub() as served:
        yield served


@pytest.fixture
def home(tmp_path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def push(hub: Hub, home: Path, tiny_weights: Path):
    """Runs `scripts/push_to_hub.py` with the tiny weights."""

    def run(*more: str, repo_id: str = "alice/net", **how: str | None):
        common = ("--variant", "custom-cnn", "--repo-id", repo_id, "--weights", tiny_weights)
        return hub.run_script("push_to_hub.py", *common, *more, home=home, **how)

    return run


def publish(hub: Hub, home: Path, files: dict[str, bytes], options: str = "") -> str:
    """`hub.publish` as its users call it: the commit, or the last line of standard error."""
    done = hub.run(PUBLISH.format(files=files, options=options), home)
    return (done.stdout or done.stderr).strip().splitlines()[-1]


# === One commit ===


def test_a_push_is_one_private_commit_with_a_tag(hub, push, tiny_weights):
    done = push("--tag", "v1.0")
    assert done.returncode == 0, done.stderr
    repo = hub.repos[NET]
    assert repo.private and repo.messages == ["initial commit", "Custom CNN, version 0.0.0"]
    commit = repo.names["v1.0"]
    assert repo.names["main"] == commit
    assert done.stdout.splitlines() == [repo.url, f"To load it: PNEUMONIA_HUB=custom-cnn=alice/net@{commit}"]
    assert {"model.keras", "model.tflite", "config.json", "metrics.json", "README.md", "LICENSE"} <= set(repo.files)
    for name in ("model.keras", "model.tflite"):
        assert repo.files[name] == (tiny_weights / name).read_bytes()
    assert not [name for name, content in repo.files.items() if OWNER.encode() in content]


def test_the_repository_is_a_weights_folder(hub, push, tmp_path):
    push()
    folder = tmp_path / "cloned"
    folder.mkdir()
    for name, content in hub.repos[NET].files.items():
        (folder / name).write_bytes(content)
    bundle = read_bundle(folder)
    assert bundle.contents["README.md"].startswith(b"---\n") and bundle.config["variant"] == "custom-cnn"


def test_publishing_again_sends_nothing_twice_and_moves_no_tag(hub, home):
    files = {"README.md": CARD, "model.keras": b"k" * 3000, "a/b.txt": b"b"}
    first = publish(hub, home, files, "tag='v1'")
    hub.requests.clear()
    assert publish(hub, home, files, "tag='v1'") == first
    assert not [path for method, path in hub.requests if method == "PUT" or "/commit/" in path]
    said = publish(hub, home, {"README.md": CARD + b"more"}, "tag='v1'")
    assert "its tag v1 names older ones" in said and hub.repos[NET].names["v1"] == first
    assert "a/b.txt" in hub.repos[NET].files
    publish(hub, home, {"README.md": CARD}, "replace=True")
    assert set(hub.repos[NET].files) == {"README.md", ".gitattributes"}


def test_nothing_is_sent_where_others_would_see_it_unasked(hub, home):
    publish(hub, home, {"README.md": CARD}, "public=True")
    repo = hub.repos[NET]
    assert not repo.private
    assert "exists and is public, and nothing was sent" in publish(hub, home, {"README.md": CARD + b"more"})
    repo.private = True
    assert "exists and is private" in publish(hub, home, {"README.md": CARD + b"more"}, "public=True")
    assert repo.files["README.md"] == CARD


def test_a_space_is_made_for_gradio(hub, home):
    publish(hub, home, {"README.md": CARD, "app.py": b"demo"}, "repo_type='space'")
    repo = hub.repos["space", "alice/net"]
    assert repo.created["sdk"] == "gradio" and repo.private and repo.files["app.py"] == b"demo"


# === The dry run ===


@pytest.mark.slow
def test_a_dry_run_shows_the_card_and_every_file_and_asks_nobody(hub, push):
    shown = push("--dry-run", token=None)
    assert shown.returncode == 0, shown.stderr
    assert not hub.requests
    push()
    files = hub.repos[NET].files
    assert files["README.md"].decode() in shown.stdout
    listed = dict(re.findall(r"^ *[\d,]+  ([0-9a-f]{64})  (\S+)$", shown.stdout, re.MULTILINE))
    assert {*listed.values()} == {*files} - {".gitattributes"}
    assert f"{len(files['model.keras']):>12,}  " in shown.stdout


# === The card ===


@pytest.fixture(scope="module")
def published(tmp_path_factory) -> dict[str, bytes]:
    """What is sent of the default variant."""
    with serve_hub() as hub:
        common = ("--variant", "mobilenetv2-finetuned", "--repo-id", "alice/net")
        done = hub.run_script("push_to_hub.py", *common, home=tmp_path_factory.mktemp("home"))
        assert done.returncode == 0, done.stderr
        return hub.repos[NET].files


@pytest.mark.slow
def test_the_card_says_what_the_hub_and_a_reader_need(published):
    card = published["README.md"].decode()
    head = yaml.safe_load(card.split("---\n")[1])
    expected = {"library_name": "keras", "pipeline_tag": "image-classification", "license": "mit"}
    assert expected.items() <= head.items()
    assert head["datasets"] and "chest-x-ray" in head["tags"]
    for said in (INTENDED_USE, POPULATION, *LIMITS, "## Operating points", "PNEUMONIA_HUB=mobilenetv2-finetuned="):
        assert said in card
    # The committed card, whole.
    assert (WEIGHTS_FOLDER / "mobilenetv2-finetuned" / "README.md").read_text().strip() in card


@pytest.mark.slow
def test_every_figure_of_the_metadata_is_one_of_metrics_json(published):
    card = published["README.md"].decode()
    sets = json.loads(published["metrics.json"])["sets"]
    (model,) = yaml.safe_load(card.split("---\n")[1])["model-index"]
    listed = {result["dataset"]["name"]: result["metrics"] for result in model["results"]}
    assert len(listed) == 7 and "another hospital, adults" in {name.lower() for name in listed}
    for name, metrics in listed.items():
        figures = sets[name.rpartition(", ")[2] if "hospital" in name else "validation"]
        point = figures["operating_points"]["balanced"]
        assert {metric["type"]: metric["value"] for metric in metrics} == {
            "roc_auc": figures["auroc"]["value"],
            "accuracy": point["accuracy"]["value"],
            "recall": point["sensitivity"]["value"],
            "specificity": point["specificity"]["value"],
        }


@pytest.mark.slow
def test_every_plot_of_the_card_is_beside_it(published):
    shown = re.findall(r"!\[\]\((.+?)\)", published["README.md"].decode())
    assert len(shown) == 25 and set(shown) == {name for name in published if name.endswith(".png")}
    assert all(published[name].startswith(b"\x89PNG") for name in shown)
    assert "plots/adults/roc.png" in shown


# === Failures ===


@pytest.mark.parametrize(
    ("sentence", "how"),
    [
        ("There is no token for the Hub", {"token": None}),
        ("The Hub does not know the token", {"token": "hf_nobodys_secret"}),
        ("The token for the Hub may only read", {"token": READER}),
        ("The token may not do this with alice/net", {"token": STRANGER}),
        ("'alice' is no name of a repository", {"repo_id": "alice"}),
        ("'alice/net--1' is no name of a repository", {"repo_id": "alice/net--1"}),
        ("HF_HUB_OFFLINE forbids to ask the Hub", {"HF_HUB_OFFLINE": "1"}),
        ("The Hub cannot be reached at http://127.0.0.1:9", {"HF_ENDPOINT": "http://127.0.0.1:9"}),
    ],
)
def test_what_is_wrong_is_said_in_a_line_and_nothing_is_sent(hub, push, sentence, how):
    done = push(**how)
    assert done.returncode == 2 and not done.stdout
    (line,) = [line for line in done.stderr.splitlines() if "XNNPACK" not in line]
    assert line.startswith(f"error: {sentence}")
    assert not hub.repos and not hub.stored


# By name of a repository: what fails there, and what is said.
ON_THE_WAY = {
    "broken": (("POST", "/commit/", 500), "The Hub has a fault of its own (status 500)."),
    "storage": (("POST", "/info/lfs/", 503), "The Hub has a fault of its own (status 503)."),
    "busy": (("POST", "/preupload/", 429), "The Hub has had too many requests from here."),
    "forbidden": (("POST", "/preupload/", 403), "The token may not do this with alice/forbidden."),
    "strange": (("POST", "/tag/", 418), "The Hub refuses the request about alice/strange (status 418)."),
    "no-hub": (("POST", "/preupload/", 200), "is not one of a Hub"),
    "cut": (("POST", "/commit/", "cut"), "The connection to alice/cut was cut. Files that arrived whole are kept"),
}


@pytest.fixture(scope="module")
def on_the_way(tmp_path_factory) -> dict[str, str]:
    """What is said where something fails between the first request and the last, by name of the repository."""
    program = f"""
from pneumonia.publishing import hub_upload
from pneumonia.errors import HubError
for name in {[*ON_THE_WAY]}:
    try:
        hub_upload.publish("alice/" + name, {{"README.md": {CARD}, "model.keras": b"k"}}, tag="v1")
    except HubError as error:
        print(name, error)
"""
    with serve_hub() as hub:
        for name, ((method, part, how), _) in ON_THE_WAY.items():
            hub.faults.append((method, f"alice/{name}{'.git' if 'lfs' in part else ''}{part}", how))
        done = hub.run(program, tmp_path_factory.mktemp("home"))
    assert done.returncode == 0, done.stderr
    assert not done.stderr and OWNER not in done.stdout
    return dict(line.split(" ", 1) for line in done.stdout.splitlines())


@pytest.mark.parametrize("name", ON_THE_WAY)
def test_a_hub_that_fails_on_the_way(on_the_way, name):
    assert ON_THE_WAY[name][1] in on_the_way[name]


@pytest.mark.parametrize(
    ("sentence", "fault"),
    [
        ("is not one of a Hub, or it refuses the model card", ("POST", "/api/validate-yaml", 400)),
        ("The connection to alice/net was cut", ("PUT", "/storage/", "cut")),
    ],
)
def test_the_command_tells_it_in_a_line(hub, push, sentence, fault):
    hub.faults.append(fault)
    done = push()
    assert done.returncode == 2 and not done.stdout
    (line,) = [line for line in done.stderr.splitlines() if "XNNPACK" not in line]
    assert line.startswith("error: ") and sentence in line


def test_an_upload_that_is_cut_in_the_middle_completes_when_it_runs_again(hub, home):
    large, small = b"l" * 5_000_000, b"s" * 1000
    files = f"{{'README.md': {CARD}, 'large.keras': b'l' * 5_000_000, 'small.keras': b's' * 1000}}"
    hub.faults.append(("PUT", hashlib.sha256(large).hexdigest(), "cut"))
    done = hub.run(PUBLISH.format(files=files, options=""), home)
    said = done.stderr.strip().splitlines()[-1]
    assert "HubTransferError: The connection to alice/net was cut" in said and "run the same again" in said
    assert list(hub.stored.values()) == [small] and hub.repos[NET].messages == ["initial commit"]
    hub.faults.clear()
    hub.requests.clear()
    done = hub.run(PUBLISH.format(files=files, options=""), home)
    assert done.returncode == 0, done.stderr
    assert len([path for method, path in hub.requests if method == "PUT"]) == 1
    assert hub.repos[NET].files["large.keras"] == large and hub.repos[NET].messages[1:] == ["Publish"]


@pytest.mark.slow
def test_a_folder_that_is_not_whole_or_of_another_variant_is_not_published(hub, home, tiny_weights, tmp_path):
    push = ("push_to_hub.py", "--repo-id", "alice/net", "--weights")
    done = hub.run_script(*push, tiny_weights, "--variant", "mobilenetv2-frozen", home=home)
    assert done.returncode == 2 and "holds custom-cnn, not mobilenetv2-frozen" in done.stderr
    done = hub.run_script(*push, tmp_path / "nothing", "--variant", "custom-cnn", home=home)
    assert done.returncode == 2 and "There is no weights folder" in done.stderr
    assert not hub.repos


def test_a_bad_tag_is_refused_before_anything_is_sent(hub, push):
    done = push("--tag", "version one")
    assert done.returncode == 2 and "'version one' is no name for a tag" in done.stderr and not hub.requests


# === After training ===


def test_training_refuses_at_once_what_the_hub_would_refuse_after_hours(hub, home, tmp_path):
    write_tiny_data(tmp_path / "data")
    train = ("train.py", "--data", tmp_path / "data", "--variant", "custom-cnn", "--output", tmp_path / "out")
    for repo_id, token, sentence in (("net", OWNER, "no name of a repository"), ("alice/net", None, "no token")):
        done = hub.run_script(*train, "--push-to-hub", repo_id, home=home, token=token)
        assert done.returncode == 2 and sentence in done.stderr
    assert [path.name for path in tmp_path.iterdir() if path != home] == ["data"] and not hub.repos


def test_weights_that_were_trained_but_not_sent_are_not_lost_from_sight(hub, home, tiny_weights):
    hub.faults.append(("POST", "/commit/", 500))
    program = "from pathlib import Path; from pneumonia.cli.commands import train; "
    done = hub.run(f"{program} train._publish(Path({str(tiny_weights)!r}), 'alice/net')", home)
    assert "The weights are in custom-cnn; pneumonia push-to-hub sends them." in done.stderr.splitlines()[-1]


@pytest.mark.slow
def test_training_publishes_what_it_wrote(hub, home, tmp_path):
    write_tiny_data(tmp_path / "data")
    train = ("train.py", "--data", tmp_path / "data", "--variant", "custom-cnn", "--output", tmp_path / "out")
    short = ("--epochs", 1, "--batch-size", 8, "--image-size", 64)
    done = hub.run_script(*train, *short, "--push-to-hub", "alice/net", home=home)
    repo = hub.repos[NET]
    assert done.returncode == 0 and f"Published {repo.url} at {repo.names['main']}" in done.stdout, done.stderr
    assert repo.private and repo.files["model.tflite"] == (tmp_path / "out" / "model.tflite").read_bytes()
    assert {"plots/validation/roc.png", "plots/history.png"} <= set(repo.files)
    assert "alice" not in (tmp_path / "out" / "config.json").read_text()
