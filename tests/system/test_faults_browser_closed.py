"""A browser that is closed in the middle of a job: the job ends, the next reader is served, and nothing is left."""

import json
import socket
import time
import uuid
import zipfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from scripts.studies.reliability.synthetic_images import encode, radiograph
from tests.fixtures.fakes import served_process

VARIANT = "mobilenetv2-finetuned"
# Long enough to begin a job on a busy machine.
KEPT_SECONDS = 15
# Half a minute and more of reading, at a fifth of a second each.
IMAGES = 200


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("closed")


@pytest.fixture(scope="module")
def chest(folder) -> Path:
    path = folder / "chest.png"
    path.write_bytes(encode(radiograph(), "PNG"))
    return path


@pytest.fixture(scope="module")
def archive(chest, folder) -> Path:
    path = folder / "archive.zip"
    with zipfile.ZipFile(path, "w") as packed:
        for number in range(IMAGES):
            packed.write(chest, f"{number:03}.png")
    return path


@pytest.fixture(scope="module")
def uploads(folder) -> Path:
    """Where the server keeps what it is sent."""
    return folder / "uploads"


@pytest.fixture(scope="module")
def page(folder, uploads) -> Iterator[str]:
    """Address of a page that takes its time for a batch, and deletes what it has after seconds."""
    settings = {"KEPT_SECONDS": str(KEPT_SECONDS), "GRADIO_TEMP_DIR": str(uploads)}
    with served_process("harmed", log=folder / "log", **settings) as (address, _):
        yield f"{address}/gradio_api"


def begin(page: str, endpoint: str, file: Path) -> str:
    """Do as the page does on a click, and give the session's key."""
    with file.open("rb") as opened:
        path = httpx.post(f"{page}/upload", files={"files": opened}, timeout=60).json()[0]
    sent = {"path": path, "meta": {"_type": "gradio.FileData"}}
    config = httpx.get(f"{page.removesuffix('/gradio_api')}/config", timeout=60).json()
    number = next(each["id"] for each in config["dependencies"] if each["api_name"] == endpoint)
    session = uuid.uuid4().hex
    data = [[sent] if endpoint == "batch" else sent, VARIANT, "balanced", None]
    asked = {"data": data, "fn_index": number, "session_hash": session}
    httpx.post(f"{page}/queue/join", json=asked, timeout=60).raise_for_status()
    return session


def messages(page: str, session: str) -> Iterator[dict]:
    """What the server says to a session; closes the connection when nobody listens any more."""
    with httpx.stream("GET", f"{page}/queue/data", params={"session_hash": session}, timeout=120) as answer:
        for line in answer.iter_lines():
            if line.startswith("data: "):
                yield json.loads(line.removeprefix("data: "))


def result(page: str, session: str) -> dict:
    """The record, or the first of them, that a job ends with."""
    done = next(message for message in messages(page, session) if message["msg"] == "process_completed")
    assert done["success"], done
    record = done["output"]["data"][0]
    return record[0] if isinstance(record, list) else record


def logged(log: Path, event: str) -> list[dict]:
    lines = [json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")]
    return [line for line in lines if line["event"] == event]


def gone(uploads: Path) -> bool:
    deadline = time.monotonic() + 4 * KEPT_SECONDS
    while any(path.is_file() for path in uploads.rglob("*")):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.2)
    return True


@pytest.mark.slow
@pytest.mark.promise("A closed browser ends its batch, and the next reader is served.", part="Faults")
def test_a_batch_that_nobody_waits_for_ends_and_the_next_is_served(page, archive, chest, folder):
    left = messages(page, begin(page, "batch", archive))
    said = next(message for message in left if message["msg"] in ("process_generating", "process_completed"))
    assert said["msg"] == "process_generating", said
    left.close()
    # One batch at a time is read: this one waits for the other to end, which alone would take far longer.
    started = time.monotonic()
    assert result(page, begin(page, "batch", chest))["status"] == "read"
    waited = time.monotonic() - started
    assert result(page, begin(page, "read", chest))["status"] == "read"
    # What was there first ended soon after it was left.
    of_the_one_left, of_the_next = (line["images"] for line in logged(folder / "log", "batch"))
    assert of_the_one_left < IMAGES / 2 and of_the_next == 1, waited
    assert not logged(folder / "log", "crash")


@pytest.mark.promise("Neither a job that was left nor an upload that broke off leaves a file.", part="Faults")
@pytest.mark.slow
def test_neither_a_job_that_was_left_nor_an_upload_that_broke_off_leaves_a_file(page, archive, chest, uploads):
    left = messages(page, begin(page, "batch", archive))
    next(left)
    left.close()
    where = urlsplit(page)
    body = b'--x\r\nContent-Disposition: form-data; name="files"; filename="chest.png"\r\n\r\n' + chest.read_bytes()
    head = f"POST {where.path}/upload HTTP/1.1\r\nHost: {where.netloc}\r\nContent-Length: {2 * len(body)}\r\n"
    with socket.create_connection((where.hostname, where.port)) as sent:
        sent.sendall(head.encode() + b"Content-Type: multipart/form-data; boundary=x\r\n\r\n" + body)
        time.sleep(0.5)
    assert result(page, begin(page, "read", chest))["status"] == "read"
    assert gone(uploads)
