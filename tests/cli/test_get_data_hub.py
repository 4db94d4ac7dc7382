"""scripts/get_data.py against a Hub on this machine."""

import dataclasses
import hashlib
import json

import pytest

from pneumonia.data.listing import SOURCE
from pneumonia.data.sources.chest_xray import PARTS
from tests.fixtures.loopback_hub import Repo, serve_hub
from tests.fixtures.public_set import get_data, parquet_bytes, published_images, table_of

IMAGES = published_images()
REPO = "alice/chest-xray"


@pytest.fixture
def hub():
    with serve_hub() as hub:
        yield hub


@pytest.fixture
def table(hub):
    """What is published of a data set that the Hub holds, and of which another state was uploaded since."""
    repo = hub.repos["dataset", REPO] = Repo(f"{hub.endpoint}/datasets/{REPO}", False, {})
    contents = {part: parquet_bytes(image for image in IMAGES if image.part == part) for part in PARTS}
    files = {f"data/{part}-00000-of-00001.parquet": content for part, content in contents.items()}
    pinned = repo.commit({"README.md": b"# Card\n", **files}, "Upload dataset")
    repo.commit({"README.md": b"# Empty\n"}, "Remove all")
    digests = {
        part: {f"data/{part}-00000-of-00001.parquet": hashlib.sha256(content).hexdigest()}
        for part, content in contents.items()
    }
    return table_of(IMAGES, hub_repo=REPO, hub_revision=pinned, hub_files=digests)


@pytest.fixture
def fetch(hub, tmp_path):
    """Run the command against the Hub, without a token and with an empty cache at first."""

    def run(table):
        return get_data(table, "--output", tmp_path / "data", **hub.environment(tmp_path / "cache", token=None))

    return run


def test_the_pinned_commit_is_laid_out_and_found_again(hub, table, fetch, tmp_path):
    done = fetch(table)
    assert done.returncode == 0, done.stderr
    for image in IMAGES:
        assert (tmp_path / "data" / image.part / image.class_name / image.name).read_bytes() == image.content
    origin = json.loads((tmp_path / "data" / SOURCE).read_text())["origin"]
    assert origin == {"hub": REPO, "revision": table.hub_revision}
    assert not [path for _, path in hub.requests if path.endswith("README.md")]

    asked = len(hub.requests)
    again = fetch(table)
    assert again.returncode == 0 and "is there already" in again.stdout and len(hub.requests) == asked


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ({"hub_revision": "0" * 40}, f"{REPO} has no revision 0000"),
        ({"hub_revision": "main"}, "does not pin a revision"),
        ({"hub_repo": "alice/none"}, "There is no repository alice/none"),
        ({"hub_files": {"train": {"data/none.parquet": None}}}, "lacks the file none.parquet"),
    ],
)
def test_what_the_hub_does_not_have(table, fetch, tmp_path, facts, reason):
    done = fetch(dataclasses.replace(table, **facts))
    assert done.returncode == 2 and reason in done.stderr and len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "data").exists()


@pytest.mark.slow
def test_a_download_that_was_cut_is_completed_by_the_next_run(hub, table, fetch, tmp_path):
    hub.faults.append(("FILE", "test-00000", "cut"))
    cut = fetch(table)
    assert cut.returncode == 2 and len(cut.stderr.splitlines()) == 1 and not (tmp_path / "data").exists()
    hub.faults.clear()
    hub.requests.clear()
    done = fetch(table)
    assert done.returncode == 0, done.stderr
    assert (
        "GET",
        f"/datasets/{REPO}/resolve/{table.hub_revision}/data/train-00000-of-00001.parquet",
    ) not in hub.requests


def test_a_file_with_another_hash_is_refused_and_fetched_anew(hub, table, fetch, tmp_path):
    hub.faults.append(("FILE", "val-00000", lambda content: content[:-1] + b"?"))
    altered = fetch(table)
    assert altered.returncode == 2 and "not the file that was published" in altered.stderr
    assert not (tmp_path / "data").exists()
    hub.faults.clear()
    assert fetch(table).returncode == 0
