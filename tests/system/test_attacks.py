"""The attacks on Gradio that are known, tried on this page; SECURITY.md says against what each stands.

Proxying and fetching of addresses are in test_privacy.py, and names and formulas in tables in test_names.py.
"""

import contextlib
import io
import json
import socket
import time
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlsplit

import httpx
import numpy as np
import pytest
from gradio_client import Client, handle_file
from PIL import Image
from starlette.responses import PlainTextResponse
from starlette.testclient import TestClient
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect

from demo.server.request_filter import MAX_BYTES, RequestFilter
from demo.server.texts import CRASHED, NOT_UPLOADED, OTHER_SITE, TOO_LARGE
from pneumonia.variants.registry import DEFAULT
from scripts.studies.reliability.abuse.tiffs import tiff
from scripts.studies.reliability.synthetic_images import encode, radiograph
from tests.fixtures.attacking import API, Attacker, file_at
from tests.fixtures.fakes import served_process

MARK = b"MARK-OF-A-FILE-ELSEWHERE"
FOREIGN = "http://radiographs.invalid"
# What whoever runs the page calls it, one of them copied from a browser.
NAMED = "hospital.example, https://Radiology.hospital.example:8443/chest"
# Parts of the page that take a file.
TAKES_FILES = ("file", "uploadbutton", "image")


@dataclass
class Victim:
    """A page, its folders, and what it says.

    Attributes:
        address: where it is.
        folder: holds the folder of uploads and nothing else.
        secret: a radiograph elsewhere that it could read.
        log: what it said.
    """

    address: str
    folder: Path
    secret: Path
    log: Path

    @property
    def uploads(self) -> Path:
        (uploads,) = self.folder.glob("pneumonia-uploads-*")
        return uploads

    def logged(self, event: str) -> list[dict]:
        lines = [json.loads(line) for line in self.log.read_text().splitlines() if line.startswith("{")]
        return [line for line in lines if line["event"] == event]


@pytest.fixture(scope="module")
def victim(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Victim]:
    place = tmp_path_factory.mktemp("victim")
    (place / "uploads").mkdir()
    secret = place / "secret.png"
    secret.write_bytes(encode(radiograph(), "PNG") + MARK)
    settings = {"GRADIO_TEMP_DIR": str(place / "uploads"), "PNEUMONIA_HOSTS": NAMED}
    with served_process("complete", place / "log", **settings) as (address, _):
        yield Victim(address, place / "uploads", secret, place / "log")


@pytest.fixture
def attacker(victim: Victim) -> Attacker:
    return Attacker(victim.address)


# === Files of the server ===
# CVE-2023-51449, 2024-0964, 2024-1561, 2024-4325, 2024-4941, 2024-34510, 2024-47164, 2024-51751


@pytest.mark.promise("No file but those uploaded can be read through the page or its API.", part="Security")
def test_no_way_of_writing_a_path_leads_out_of_the_uploads(victim, attacker):
    secret, uploads = victim.secret, victim.uploads
    up = f"{uploads}/../../{secret.name}"
    ways = [
        *(str(secret), quote(str(secret), safe=""), f"/{secret}", f"file://{secret}", f"FILE://{secret}"),
        *(up, up.replace("../", "..%2f"), up.replace("../", "%2e%2e/"), up.replace("../", "..%252f")),
        *(up.replace("../", "..%5c"), up.replace("../", "....//"), up.replace("../", "%c0%ae%c0%ae/")),
        *(f"{uploads}/x/../../../{secret.name}", f"{secret}%00.png", f"{uploads}%00/../../{secret.name}"),
        *(str(uploads), f"{uploads}/", str(victim.folder), "/proc/self/environ", "~/.ssh", "/etc/passwd", ""),
        *("//radiographs.invalid/chest.png", "%5C%5Cradiographs.invalid%5Cchest.png", "ftp://radiographs.invalid/x"),
    ]
    tree = "../" * 12 + str(secret)[1:]
    below = [f"{where}/{way}" for where in ("static", "assets") for way in (tree, tree.replace("../", "..%2f"), secret)]
    for path in (*(f"{API}/file={way}" for way in ways), *(f"/{way}" for way in below)):
        status, said = attacker.raw(path)
        assert status in (400, 403, 404) and MARK not in said, path
    # What was uploaded is there, so that the answers above are not those of a page that gives out nothing.
    (kept,) = attacker.upload("chest.png", secret.read_bytes()).json()
    status, said = attacker.raw(f"{API}/file={kept}")
    assert status == 200 and MARK in said


@pytest.mark.promise("No event reads a file that was not uploaded to it.", part="Security")
def test_no_event_reads_a_file_that_was_not_uploaded_here(victim, attacker):
    """Also none of those that are in no API: whoever reads the page's configuration can ask for them."""
    readings, crashes, kinds = len(victim.logged("reading")), len(victim.logged("crash")), attacker.kinds()
    given = 0
    for event in attacker.events():
        everywhere = [file_at(victim.secret)] * len(event["inputs"])
        tries = [(everywhere, any(kinds[part] != "state" for part in event["inputs"]))]
        for place, part in enumerate(event["inputs"]):
            if kinds[part] in TAKES_FILES:
                for file in (file_at(victim.secret), [file_at(victim.secret)], file_at("/etc/passwd")):
                    tries.append(([*[None] * place, file, *[None] * (len(event["inputs"]) - place - 1)], True))
        for data, refused in tries:
            answer = attacker.run(event, data, {"index": 0, "value": ""})
            assert MARK.decode() not in str(answer) and "root:" not in str(answer)
            if refused:
                assert answer["error"] == NOT_UPLOADED, event
                given += 1
    # Refused in words: no reading, and no crash but where an event was asked for in a state that it does not begin in.
    assert given > 60 and len(victim.logged("reading")) == readings
    assert not [crash for crash in victim.logged("crash")[crashes:] if "Path" in crash["error"]]


def test_values_of_another_kind_are_refused_in_a_sentence(victim, attacker):
    """Of the events in the API: text, numbers, lists and nothing in place of a file or a choice, and too few values."""
    crashes = len(victim.logged("crash"))
    wrong = ("text", 7, [], [7], {}, {"path": 7}, True)
    for event in attacker.events():
        if event["api_name"] not in ("read", "compare", "batch"):
            continue
        needed = len(event["inputs"])
        asked = [[], [None] * (needed - 1)] + [[value, *[DEFAULT] * (needed - 1)] for value in wrong]
        asked += [[None, value, value, value][:needed] for value in wrong]
        for data in asked:
            said = attacker.run(event, data)["error"]
            # The second is Gradio's own way to say it.
            in_words = said.endswith(".") or "is not in the list of choices" in said
            assert in_words and "\n" not in said and said != CRASHED, (event["api_name"], data, said)
    assert len(victim.logged("crash")) == crashes


@pytest.mark.slow
def test_no_event_crashes_on_values_of_another_kind(victim, attacker):
    """Also none of those that are in no API."""
    crashes = len(victim.logged("crash"))
    for event in attacker.events():
        tries = [([], None), *(([value] * len(event["inputs"]), None) for value in (None, "text", {}))]
        tries += [([None] * len(event["inputs"]), chosen) for chosen in ({}, {"index": "text", "value": None})]
        for data, chosen in tries:
            said = attacker.run(event, data, chosen).get("error")
            assert said != CRASHED, (event["id"], event["targets"], data, chosen)
    assert len(victim.logged("crash")) == crashes


def test_a_path_in_place_of_a_file_is_no_file(victim, attacker):
    event = next(event for event in attacker.events() if event["api_name"] == "read")
    for data in (str(victim.secret), {"path": str(victim.secret)}, {"url": f"file://{victim.secret}"}):
        for place in range(2):
            answer = attacker.run(event, [None, DEFAULT, "balanced", None][:place] + [data] + [DEFAULT] * (3 - place))
            assert answer["error"] and MARK.decode() not in str(answer)


def test_a_link_in_an_archive_leads_nowhere(victim):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        link = zipfile.ZipInfo("chest.png")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, str(victim.secret))
        archive.writestr("../../secret.png", encode(radiograph(seed=1), "PNG"))
    path = victim.secret.with_name("links.zip")
    path.write_bytes(packed.getvalue())
    before = victim.secret.read_bytes()
    page = Client(victim.address, verbose=False, analytics_enabled=False)
    try:
        (records, *_) = page.predict([handle_file(str(path))], DEFAULT, "balanced", api_name="/batch")
        assert not [record for record in records if record["status"] == "read" and record["name"] == "chest.png"]
    except ValueError as refused:  # the whole archive
        assert "Traceback" not in str(refused)
    assert victim.secret.read_bytes() == before
    assert not [path for path in victim.folder.rglob("*") if path.is_symlink()]


# === Uploads (CVE-2024-1727, 2024-8966, 2024-12217, 2024-47868 to 47870, 47872) ===


@pytest.mark.promise("No upload writes outside its folder.", part="Security")
@pytest.mark.parametrize(
    "name",
    [
        *("../../../evil.png", "..\\..\\evil.png", "/etc/evil.png", "C:\\evil.png", "..", ".", "~", "evil.png\0.txt"),
        *("..%2f..%2fevil.png", "a/../../evil.png", "\x1b[2Jevil.png", "e" * 4000, "", "chest.png::$DATA"),
    ],
)
def test_no_file_name_writes_outside_the_uploads(victim, attacker, name):
    outside = {path for path in victim.folder.parent.rglob("*") if not path.is_relative_to(victim.uploads)}
    answer = attacker.upload(name, b"evil")
    if answer.status_code == 200:
        for written in answer.json():
            assert Path(written).resolve().is_relative_to(victim.uploads) and Path(written).read_bytes() == b"evil"
    else:
        assert answer.status_code in (400, 500) and str(victim.folder) not in answer.text
    assert {path for path in victim.folder.parent.rglob("*") if not path.is_relative_to(victim.uploads)} == outside


@pytest.mark.promise("No upload runs as a page or a script.", part="Security")
@pytest.mark.parametrize("name", ["page.html", "image.svg", "script.js", "page.xhtml", "x.xml", "x.htm"])
def test_no_upload_is_shown_as_a_page_or_run_as_a_script(victim, attacker, name):
    (kept,) = attacker.upload(name, b"<svg onload='alert(1)'><script>alert(1)</script></svg>").json()
    answer = httpx.get(f"{victim.address}{API}/file={kept}")
    assert answer.status_code == 200 and answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (f"multipart/form-data; boundary={'-' * 60_000}", b"--" + b"-" * 2_000_000),
        ("multipart/form-data; boundary=cut", b"--cut" + b"-" * 2_000_000),
        ("multipart/form-data; boundary=cut", b'--cut\r\nContent-Disposition: form-data; name="files"\r\n'),
        ("multipart/form-data", b"--cut--"),
        ("multipart/form-data; boundary=cut", b"--cut\r\n" + b"X: y\r\n" * 200_000),
    ],
)
def test_a_malformed_upload_is_no_file_and_takes_no_time(victim, kind, body):
    begun = time.monotonic()
    answer = httpx.post(f"{victim.address}{API}/upload", content=body, headers={"Content-Type": kind}, timeout=60)
    assert time.monotonic() - begun < 20
    assert answer.status_code >= 400 or answer.json() == []
    assert httpx.get(f"{victim.address}/health", timeout=20).status_code == 200


def test_the_progress_of_anothers_upload_is_not_told(victim):
    assert httpx.get(f"{victim.address}{API}/upload_progress?upload_id=guessed", timeout=20).status_code == 404


# === What Gradio serves beside the page (CVE-2024-8021, 2024-39236, 2024-47166, 2024-47168, 2025-5320) ===


@pytest.mark.promise("What the page does not need is shut.", part="Security")
@pytest.mark.parametrize(
    "path",
    [
        *(
            f"{API}/component_server",
            f"{API}/proxy=http://127.0.0.1/",
            f"{API}/deep_link?session_hash=a",
            f"{API}/token",
        ),
        *(f"{API}/custom_component/x/client/component/../../../../etc/passwd", f"{API}/user", f"{API}/login_check"),
        *(f"{API}/stream/a/b/1/playlist.m3u8", f"{API}/stream/a/b/1/playlist-file", f"{API}/stream/event"),
        *(f"{API}/dev/reload", f"{API}/vibe-code", f"{API}/vibe-edit", f"{API}/profiling/traces"),
        *(f"{API}/run-history/records", f"{API}/process_recording", f"{API}/file/etc/passwd", f"{API}/mcp/sse"),
        *("/login", "/login/huggingface?_target_url=http://radiographs.invalid", "/logout", "/monitoring/key"),
        *("/svelte/x.js", "/docs", "/openapi.json", "/pwa_icon/99999", "//radiographs.invalid/", "/.env", "/app.py"),
        *("/gradio_api/../monitoring", "/./config", "/health/..", "/gradio_api//info", "/GRADIO_API/info"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_whatever_the_page_does_not_need_is_shut(attacker, path, method):
    status, said = attacker.raw(path, method)
    assert status == 404 and said == b"There is nothing at this address."


@pytest.mark.promise("No WebSocket is opened.", part="Security")
def test_no_socket_is_opened():
    async def opened(scope: Scope, receive: Receive, send: Send) -> None:
        await WebSocket(scope, receive, send).accept()

    socket = TestClient(RequestFilter(opened)).websocket_connect(f"{API}/queue/join")
    with pytest.raises(WebSocketDisconnect), socket:
        pass


def test_what_is_asked_for_wrongly_is_answered_without_a_word_about_the_server(victim, attacker):
    waits = next(event["id"] for event in attacker.events() if event["queue"])
    for path, values in (
        ("run/nothing", {"data": []}),
        ("call/nothing", {"data": []}),
        ("queue/join", {"data": [], "fn_index": 9999, "session_hash": "x"}),
        ("queue/join", {"data": [], "fn_index": -1, "session_hash": "x"}),
        ("queue/join", {"data": {}, "fn_index": "read", "session_hash": ["x"]}),
        ("run/predict", {"data": [], "fn_index": waits, "session_hash": "x", "event_data": {"index": "x"}}),
    ):
        answer = attacker.post(path, **values)
        assert 400 <= answer.status_code <= 500, path
        assert not [mark for mark in ("Traceback", ".py", str(victim.folder)) if mark in answer.text]


# === Other readers (CVE-2024-47870 and what can be asked for by number) ===


@pytest.mark.promise("Nobody gets or ends what another reader does.", part="Many readers")
def test_nobody_gets_or_ends_what_another_reader_does(victim, attacker):
    reader = Attacker(victim.address, "reader-5f3a")
    (kept,) = reader.upload("chest.png", victim.secret.read_bytes()).json()
    events = {event["api_name"]: event for event in reader.events()}
    asked = {"data": [[file_at(kept)] * 100, DEFAULT, "balanced", None, "auto"], "session_hash": reader.session}
    begun = reader.post("queue/join", fn_index=events["batch"]["id"], **asked)
    begun.raise_for_status()
    for session, event in (("stranger", begun.json()["event_id"][::-1]), ("", "0" * 32), ("reader", "1")):
        attacker.post("cancel", session_hash=session, fn_index=events["batch"]["id"], event_id=event)
        (said,) = attacker.heard(session)
        assert said["msg"] == "unexpected_error" and said["session_not_found"]
    # The other's stop, and its downloads, are of its own session, in which nothing was read.
    attacker.run(events["on_stop"], [None])
    for name in ("on_pdf_request", "on_json_request", "on_readings_change", "on_overlays_request", "on_row_open"):
        answer = attacker.run(events[name], [None] * len(events[name]["inputs"]))
        assert answer.get("error") or str(victim.folder) not in str(answer), name
    done = reader.heard(reader.session)[-1]
    assert done["success"] and len(done["output"]["data"][0]) == 100


def test_a_state_that_somebody_sends_is_not_taken(victim, attacker):
    """What a reader has read is kept here, and a browser only names its session."""
    event = next(event for event in attacker.events() if event["api_name"] == "on_readings_change")
    answer = attacker.run(event, [{"batch": {"records": [{"name": MARK.decode()}]}}])
    assert MARK.decode() not in str(answer)
    assert not [path for path in victim.uploads.rglob("*.csv") if MARK in path.read_bytes()]


@pytest.mark.parametrize("header", ["X-Forwarded-Host", "Host", "X-Gradio-Server"])
def test_an_address_that_somebody_makes_up_is_told_to_nobody_else(victim, attacker, header):
    for path in ("/", "/config", f"{API}/info"):
        made_up = FOREIGN if header == "X-Gradio-Server" else urlsplit(FOREIGN).netloc
        attacker.raw(path, **{header: made_up})
        status, said = attacker.raw(path)
        assert status == 200 and b"radiographs.invalid" not in said


# === Pages of other sites (CVE-2024-1727, 2024-47084, 2024-47165, 2025-5320) ===


@pytest.mark.promise("No page of another site may ask or read.", part="Security")
@pytest.mark.parametrize("host", ["hospital.example", "127.0.0.1:7860", "localhost"])
@pytest.mark.parametrize("origin", [FOREIGN, "null", "http://hospital.example.radiographs.invalid", "file://"])
def test_a_page_of_another_site_may_neither_ask_nor_read(victim, origin, host):
    headers = {"Host": host, "Origin": origin, "Sec-Fetch-Site": "cross-site"}
    for method, path in (("GET", "/config"), ("POST", f"{API}/upload"), ("POST", f"{API}/queue/join")):
        for sent in (headers, {**headers, "Access-Control-Request-Method": method}):
            asked = method if sent is headers else "OPTIONS"
            answer = httpx.request(asked, f"{victim.address}{path}", headers=sent)
            assert answer.status_code == 403 and answer.text == OTHER_SITE
            assert not [name for name in answer.headers if name.startswith("access-control-")]


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "hospital.example", "Origin": "https://hospital.example"},
        {"Host": "10.0.0.1:7860", "X-Forwarded-Host": "hospital.example, proxy", "Origin": "https://hospital.example"},
        # Behind a proxy that says nothing.
        {"Host": "10.0.0.1:7860", "Sec-Fetch-Site": "same-origin", "Origin": "https://hospital.example"},
        # A link from another site, and a program.
        {"Host": "hospital.example", "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"},
        {"Host": "hospital.example"},
    ],
)
def test_the_page_itself_may_behind_any_proxy(victim, headers):
    answer = httpx.get(f"{victim.address}/config", headers=headers)
    assert answer.status_code == 200
    assert not [name for name in answer.headers if name.startswith("access-control-")]


# === Names that are led here later (DNS rebinding) ===


@pytest.mark.parametrize(
    "host",
    [
        *("radiographs.invalid", "radiographs.invalid:7860", "localhost.radiographs.invalid", "127.0.0.1.invalid"),
        *("hospital.example.radiographs.invalid", "evilhospital.example", "other.hospital.example", "x", "", "*"),
        *("127.0.0.1@x.invalid", "localhost:80@x.invalid", "[::1", "[::1].invalid", "[x.invalid]", "localhost x"),
    ],
)
def test_under_a_name_that_is_not_its_own_the_page_gives_nothing(victim, attacker, host):
    (kept,) = attacker.upload("chest.png", victim.secret.read_bytes()).json()
    # To the browser, all comes from one site, whose scripts may add what they like to a request but another Host.
    same = {"Origin": f"http://{host}", "Sec-Fetch-Site": "same-origin"}
    asked = (
        *(("GET", path) for path in ("/", "/config", "/health", "/assets/x.js", f"{API}/info", f"{API}/file={kept}")),
        *(("GET", f"{API}/queue/data?session_hash=x"), ("POST", f"{API}/queue/join"), ("POST", f"{API}/upload")),
        *(("POST", f"{API}/run/predict"), ("GET", f"{API}/heartbeat/x"), ("GET", "/nothing")),
    )
    for method, path in asked:
        for headers in ({}, same, {**same, "X-Forwarded-Host": "localhost"}):
            status, said = attacker.raw(path, method, Host=host, **headers)
            assert status == 400 and said.startswith(b"This page does not answer to this name."), path
    assert b"PNEUMONIA_HOSTS" in said and b"IP address" in said


@pytest.mark.parametrize("header", ["X-Forwarded-Host", "X-Gradio-Server"])
def test_a_host_that_a_proxy_tells_is_believed_no_more_than_any(attacker, header):
    assert attacker.raw("/config", **{header: FOREIGN})[0] == 400
    assert attacker.raw("/config", **{header: "http://hospital.example"})[0] == 200


@pytest.mark.parametrize(
    "host",
    [
        *("127.0.0.1:7860", "192.168.0.7:80", "[::1]:7860", "[2001:db8::7]", "localhost", "LOCALHOST.:7860"),
        *("hospital.example:8443", "radiology.hospital.example", socket.gethostname()),
    ],
)
def test_the_page_answers_to_its_own_names_and_to_any_ip_address(attacker, host):
    assert attacker.raw("/config", Host=host)[0] == 200


def test_a_space_answers_to_its_own_names(monkeypatch):
    async def answered(scope: Scope, receive: Receive, send: Send) -> None:
        await PlainTextResponse("answered")(scope, receive, send)

    # With a domain of its own it has two.
    monkeypatch.setenv("SPACE_HOST", "owner-pneumonia.hf.space,chest.example")
    monkeypatch.setenv("GRADIO_SERVER_NAME", "0.0.0.0")
    page = TestClient(RequestFilter(answered))
    hosts = ("owner-pneumonia.hf.space", "chest.example", "10.20.30.40:7860", "other-pneumonia.hf.space")
    assert [page.get("/", headers={"Host": host}).status_code for host in hosts] == [200, 200, 200, 400]


# === Size and form (CVE-2024-10648 and the like) ===


def test_a_request_that_is_no_upload_is_small(victim):
    large = b'{"session_hash": "x", "fn_index": 2, "data": ["' + b"x" * MAX_BYTES + b'"]}'
    kind = {"Content-Type": "application/json"}
    told = httpx.post(f"{victim.address}{API}/queue/join", content=large, headers=kind, timeout=60)
    assert told.status_code == 413 and told.text == TOO_LARGE
    pieces = (large[start : start + 2**16] for start in range(0, len(large), 2**16))
    untold = httpx.post(f"{victim.address}{API}/queue/join", content=pieces, headers=kind, timeout=60)
    assert untold.status_code == 400


@pytest.mark.parametrize("text", ["[" * 1_000_000, '{"data":' * 100_000, '{"data": [' + "[" * 900 + "]" * 900 + "]}"])
def test_json_nested_however_deep_is_refused(victim, text):
    kind = {"Content-Type": "application/json"}
    answer = httpx.post(f"{victim.address}{API}/queue/join", content=text, headers=kind, timeout=60)
    assert 400 <= answer.status_code < 500
    assert httpx.get(f"{victim.address}/health", timeout=20).status_code == 200


@pytest.mark.parametrize(
    "head",
    [
        *("Content-Length: -1", "Content-Length: 1e3", "Content-Length: 0x10", "Content-Length: +5"),
        *("Content-Length: 5\r\nContent-Length: 6", "Content-Length: 5\r\nTransfer-Encoding: chunked"),
        *("Content-Length: 99999999999999999999999", "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity"),
        "X: " + "y" * 200_000,
    ],
)
def test_a_request_of_no_clear_length_is_refused_and_the_page_goes_on(victim, head):
    target = urlsplit(victim.address)
    begin = f"POST {API}/queue/join HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    begin += f"{head}\r\n\r\n{{}}\r\n\r\n"
    with socket.create_connection((target.hostname, target.port), timeout=20) as raw:
        first = b""
        with contextlib.suppress(OSError):  # the server may hang up before everything is sent
            raw.sendall(begin.encode())
            raw.shutdown(socket.SHUT_WR)
            first = raw.recv(100).split(b"\r\n")[0]
    assert first == b"" or 400 <= int(first.split()[1]) < 500
    assert httpx.get(f"{victim.address}/health", timeout=20).status_code == 200


# === The log ===


@pytest.mark.promise("Nothing that is sent writes a line of the log.", part="Security")
def test_nothing_that_is_sent_writes_a_line_of_the_log(victim, attacker):
    forged = '\n{"level": "INFO", "event": "forged"}\x1b[31m\r\u2028'
    kept = attacker.upload("chest.png", encode(radiograph(), "PNG")).json()[0]
    event = next(event for event in attacker.events() if event["api_name"] == "read")
    attacker.run(event, [{**file_at(kept), "orig_name": forged}, DEFAULT, "balanced", None])
    attacker.run(event, [file_at(forged), forged, forged, None])
    for path in (f"{API}/file={quote(forged)}", f"{API}/call/{quote(forged)}", f"/{quote(forged)}"):
        attacker.raw(path, User_Agent="x", Referer="x")
    attacker.upload(quote(forged), b"evil")
    said = victim.log.read_text()
    assert "forged" not in said and "\x1b" not in said
    # Two lines of Gradio's own at the start, then one JSON object a line; the address is on standard output.
    lines = [line for line in said.splitlines() if line and not line.startswith("The page is at ")]
    first = next(place for place, line in enumerate(lines) if line.startswith("{"))
    assert first <= 3 and all("event" in json.loads(line) for line in lines[first:])


# === Answers ===


@pytest.mark.promise("Every answer carries the headers that guard it.", part="Security")
def test_every_answer_is_guarded(victim, attacker):
    (kept,) = attacker.upload("chest.png", victim.secret.read_bytes()).json()
    paths = ("", "config", "health", "theme.css", "nothing", f"{API[1:]}/info", f"{API[1:]}/file={kept}")
    for path in paths:
        headers = httpx.get(f"{victim.address}/{path}").headers
        assert headers["X-Content-Type-Options"] == "nosniff" and headers["Referrer-Policy"] == "no-referrer"
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin" and "camera=()" in headers["Permissions-Policy"]
        assert "frame-ancestors 'self'" in headers["Content-Security-Policy"], path
        # An image of a patient stays in no cache.
        assert headers["Cache-Control"] == "no-store"
        assert not any(letter.isdigit() for letter in headers.get("Server", "")) and "X-Powered-By" not in headers


def test_no_reader_is_shown_what_another_reader_sent(victim):
    """Of a 16-bit TIFF of planes in colour, OpenCV hands on memory that may still hold another's radiograph."""
    theirs, own = radiograph(600, 640), radiograph(600, 640, seed=1)[::-1, ::-1]
    first, second = (Client(victim.address, verbose=False, analytics_enabled=False) for _ in range(2))
    files = {
        "theirs.png": encode(theirs, "PNG"),
        "own.tiff": tiff(np.dstack([own * np.uint16(257)] * 3), planar=2, rows=600),
    }
    for name, data in files.items():
        (victim.secret.parent / name).write_bytes(data)
    for _ in range(8):
        for client, name, pixels in ((first, "theirs.png", theirs), (second, "own.tiff", own)):
            file = handle_file(str(victim.secret.parent / name))
            record, _, shown, *_ = client.predict(file, DEFAULT, "balanced", api_name="/read")
            assert record["status"] == "read"
            with Image.open(shown["panes"][0]["picture"]) as image:
                difference = np.abs(np.asarray(image.convert("L"), np.int16) - pixels)
            assert difference.max() <= 2, name
