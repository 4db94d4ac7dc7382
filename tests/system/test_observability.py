"""What the server tells of itself: lines about readings that name nobody, and whether it is well."""

import hashlib
import json
import logging
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from io import StringIO
from pathlib import Path

import httpx
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from starlette.applications import Starlette
from starlette.testclient import TestClient

from demo.server.health import Health
from demo.server.texts import CRASHED
from demo.shared.predictors import Predictors
from demo.shared.session import Session
from demo.tabs.batch.handlers import BatchHandlers
from demo.tabs.batch.session import BatchSession
from demo.tabs.read.handlers import ReadHandlers
from pneumonia import Predictor, __version__
from pneumonia.errors import WeightsError
from pneumonia.utils.json_logging import JsonFormatter, log_crash
from pneumonia.variants.registry import PUBLISHED
from scripts import ROOT
from scripts.studies.reliability.synthetic_images import PATIENT, PATIENT_ID, dicom_bytes, radiograph
from tests.fixtures.fakes import load_all_but_frozen, load_fake, served_process
from tests.system.test_names import IDENTITIES

VARIANT = "mobilenetv2-finetuned"
NAME = "Roe_Richard_<b>_4712.dcm"


@pytest.fixture
def lines() -> Iterator[Callable[[], list[dict]]]:
    """What was logged so far, from DEBUG on."""
    stream, log = StringIO(), logging.getLogger("pneumonia")
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter())
    log.addHandler(handler)
    log.setLevel(logging.DEBUG)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    log.removeHandler(handler)
    log.setLevel(logging.NOTSET)


@pytest.fixture
def chest(tmp_path: Path) -> str:
    """Path of a DICOM file full of names, under a patient's."""
    path = tmp_path / NAME
    path.write_bytes(dicom_bytes(radiograph(), PatientComments=PATIENT, BurnedInAnnotation="YES", PatientAge="045Y"))
    return str(path)


@pytest.fixture
def document(tmp_path: Path) -> str:
    """Path of a file that is rejected."""
    path = tmp_path / "Roe_Richard.pdf"
    path.write_bytes(b"%PDF-1.7 Roe")
    return str(path)


# === Lines ===


def test_a_reading_is_one_line_of_what_came_of_it(chest, lines):
    handlers, session = ReadHandlers(Predictors(load_fake)), Session()
    handlers.on_read(chest, VARIANT, "rule-in", session)
    (line,) = lines()
    assert line.pop("time").endswith("+00:00") and line.pop("milliseconds") >= 0
    assert line == {
        "level": "INFO",
        "event": "reading",
        "variant": VARIANT,
        "status": "read",
        "finding": "NORMAL",
        "operating_point": "rule-in",
        "warned": ["burned-in-text", "population"],
        "rejected": [],
    }
    # The finding is that of the threshold that the reader has set, as it is shown.
    session.threshold = 0.01
    handlers.on_read(chest, VARIANT, None, session)
    assert (lines()[1]["operating_point"], lines()[1]["finding"]) == ("own", "PNEUMONIA")


def test_a_rejected_image_is_a_line_with_the_check_that_rejected_it(tiny_predictor, lines, any_picture):
    tiny_predictor.predict(b"%PDF-1.7")
    prediction = tiny_predictor.predict(radiograph())
    rejected, read = lines()
    assert (rejected["status"], rejected["finding"], rejected["rejected"]) == ("rejected", None, ["image"])
    assert read["status"] == "read" and read["milliseconds"] > 0
    assert read["warned"] == [check.name for check in prediction.checks if check.status == "warn"]


def test_a_batch_is_one_line_and_its_images_are_lines_for_who_asks_for_them(chest, document, tmp_path, lines):
    handlers = BatchHandlers(Predictors(load_fake))
    list(handlers.on_read([chest, document, chest], VARIANT, "screening", BatchSession()))
    *each, batch = lines()
    assert [line["level"] for line in each] == ["DEBUG"] * 3 and batch["level"] == "INFO"
    assert batch["event"] == "batch" and batch["images"] == 3 and batch["operating_point"] == "screening"
    assert batch["findings"] == {"PNEUMONIA": 2, "rejected": 1} and batch["milliseconds"] > 0


def test_readings_of_the_library_go_the_same_way(tiny_predictor, lines, any_picture):
    list(tiny_predictor.predict_many([radiograph(), b"", radiograph(seed=1)], "rule-in"))
    assert {line["operating_point"] for line in lines()} == {"rule-in"}
    assert sorted(line["status"] for line in lines()) == ["read", "read", "rejected"]
    assert {line["level"] for line in lines()} == {"DEBUG"}


def test_a_crash_is_told_without_what_it_says(lines):
    try:
        raise KeyError(PATIENT) from ValueError(NAME)
    except KeyError as error:
        log_crash(error)
    (line,) = lines()
    assert line["error"] == "KeyError" and line["at"][-1].startswith(f"{__name__}:")
    assert set(line) == {"time", "level", "event", "error", "at"}


def test_the_server_writes_json_lines_whoever_logs():
    program = f"""
import logging, threading, warnings
from pneumonia.utils.json_logging import start_logging
logging.getLogger("pneumonia").info("before")
start_logging()
warnings.warn("{PATIENT}")
logging.getLogger("other").warning("{PATIENT} %s", "{PATIENT_ID}")
logging.getLogger("other").info("{PATIENT}")
def crash(): raise RuntimeError("{PATIENT}")
thread = threading.Thread(target=crash); thread.start(); thread.join()
try: crash()
except RuntimeError: logging.getLogger("other").exception("{PATIENT}")
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env={"PNEUMONIA_LOG_LEVEL": "loud"},
        capture_output=True,
        text=True,
        check=True,
    )
    said = [json.loads(line) for line in done.stderr.splitlines()]
    assert [line["event"] for line in said] == ["settings", "other", "other", "crash", "other"]
    assert [line.get("logger") for line in said] == [None, "py.warnings", "other", None, "other"]
    assert [line.get("error") for line in said] == [None, None, None, "RuntimeError", "RuntimeError"]
    assert said[0]["message"] == "PNEUMONIA_LOG_LEVEL names no level; INFO is used."
    assert PATIENT not in done.stderr and PATIENT_ID not in done.stderr


# === Health ===


def asked(health: Health) -> tuple[int, dict]:
    answer = TestClient(Starlette(routes=[health.route])).get("/health")
    return answer.status_code, answer.json()


def load_nothing(variant: str) -> Predictor:
    raise WeightsError(f"There is no weights folder for {variant}.")


@pytest.mark.promise("/health says what can be read, and why something cannot.", part="What can be checked later")
@pytest.mark.parametrize(
    ("load", "code", "status", "missing"),
    [
        (load_fake, 200, "ok", set()),
        (load_all_but_frozen, 200, "degraded", {"mobilenetv2-frozen"}),
        (load_nothing, 503, "unavailable", set(PUBLISHED)),
    ],
)
def test_health_says_what_can_be_read_and_why_not(load, code, status, missing, lines):
    health = Health(Predictors(load))
    assert asked(health)[0] == 503 and asked(health)[1]["status"] == "starting"
    health._load()
    answered, state = asked(health)
    assert (answered, state["status"]) == (code, status)
    assert state["versions"]["pneumonia"] == __version__ and {"ai-edge-litert", "gradio"} <= set(state["versions"])
    for variant in PUBLISHED:
        if variant in missing:
            reason = f"There is no weights folder for {variant}."
            assert state["variants"][variant] == {"status": "unavailable", "reason": reason}
        else:
            assert state["variants"][variant]["weights_sha256"] == hashlib.sha256(variant.encode()).hexdigest()
    assert set(state["checks"]) == {"lung-fields", "plausibility", "lung-shape"}
    # The line at start says the same.
    (line,) = lines()
    assert line["event"] == "start" and line["level"] == ("INFO" if status == "ok" else "WARNING")
    assert {key: line[key] for key in state} == state


def test_a_missing_check_degrades(monkeypatch):
    monkeypatch.setattr("demo.server.health.shared_weights", lambda: {"lung-fields": WeightsError("It is damaged.")})
    health = Health(Predictors(load_fake))
    health._load()
    code, state = asked(health)
    assert (code, state["status"]) == (200, "degraded")
    assert state["checks"]["lung-fields"] == {"status": "unavailable", "reason": "It is damaged."}


def test_health_does_not_wait_for_weights_that_are_being_loaded():
    begun, go_on = threading.Event(), threading.Event()

    def load(variant: str) -> Predictor:
        begun.set()
        assert go_on.wait(60)
        return load_fake(variant)

    health = Health(Predictors(load))
    loading = threading.Thread(target=health._load)
    loading.start()
    try:
        assert begun.wait(60)
        code, state = asked(health)
        assert (code, state["status"]) == (503, "starting")
        assert {found["status"] for found in state["variants"].values()} == {"loading"}
    finally:
        go_on.set()
        loading.join()
    assert asked(health)[1]["status"] == "ok"


# === A server ===


@pytest.mark.promise("A log line names nobody.", part="What can be checked later")
def test_a_server_tells_of_its_work_and_names_nobody(chest, document, tmp_path):
    log = tmp_path / "log"
    with served_process("harmed", log, PNEUMONIA_LOG_LEVEL="debug") as (address, _):
        client = Client(address, verbose=False, analytics_enabled=False)

        def read(file: str, variant: str = VARIANT) -> dict:
            return client.predict(handle_file(file), variant, "balanced", api_name="/read")[0]

        assert read(chest)["status"] == "read" and read(document)["status"] == "rejected"
        with pytest.raises(AppError, match=CRASHED):
            read(chest, "custom-cnn")
        with pytest.raises(AppError, match="no weights folder"):
            read(chest, "mobilenetv2-frozen")
        with pytest.raises(AppError, match="list of choices"):
            read(chest, PATIENT)
        # What is no file of the page's is refused, by whatever name.
        data = [{"path": f"/etc/{NAME}", "meta": {"_type": "gradio.FileData"}}, VARIANT, "balanced"]
        event = httpx.post(f"{address}/gradio_api/call/read", json={"data": data}).json()["event_id"]
        assert "event: error" in httpx.get(f"{address}/gradio_api/call/read/{event}", timeout=60).text
        packed = tmp_path / "Roe.zip"
        with zipfile.ZipFile(packed, "w") as archive:
            for number in range(15):
                archive.write(chest, f"Roe/{number}.dcm")
        job = client.submit([handle_file(packed), handle_file(document)], VARIANT, "screening", api_name="/batch")
        answers = 0
        while not job.done():
            state = httpx.get(f"{address}/health", timeout=10)
            answers += not job.done()
            assert state.status_code == 200 and state.json()["status"] == "degraded"
            time.sleep(0.05)
        assert answers >= 3 and len(job.result()[0]) == 16
        assert read(chest)["status"] == "read"
        head = httpx.head(f"{address}/health")
        assert head.status_code == 200 and head.headers["cache-control"] == "no-store"
    said = log.read_text()
    # Gradio's own words for it would ask to share the page.
    assert f"The page is at {address}/\n" in said and "share=True" not in said
    sha256 = hashlib.sha256(Path(chest).read_bytes()).hexdigest()
    marks = (*IDENTITIES, "Roe", "Richard", "4712", sha256[:12], str(tmp_path), "Traceback")
    assert not [mark for mark in marks if mark in said], said
    events = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
    assert "127.0.0.1" not in json.dumps(events)
    others = [event for event in events if event["event"] != "reading"]
    assert [event["event"] for event in others] == ["start", "crash", "batch"]
    start, crash, batch = others
    assert start["status"] == "degraded" and start["variants"]["mobilenetv2-frozen"]["reason"]
    assert crash["error"] == "RuntimeError" and crash["at"][-1].startswith("__main__:")
    assert batch["images"] == 16 and batch["findings"]["rejected"] == 1
    readings = [event for event in events if event["event"] == "reading"]
    assert len(readings) == 2 + 16 + 1 and sum(event["status"] == "rejected" for event in readings) == 2
