"""Nothing leaves the server or a reader's browser, and nothing stays in the browser."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from playwright.sync_api import Page, expect

from demo.server.texts import NO_ADDRESS
from demo.tabs.compare import texts as compare_texts
from pneumonia.variants.registry import DEFAULT, PUBLISHED
from scripts import ROOT
from scripts.studies.reliability.synthetic_images import EXAMPLE
from tests.fixtures.browsing import needs_chromium, opened, upload
from tests.fixtures.fakes import OUTSIDE, served_process

# What Gradio takes for a Hugging Face Space.
SPACE = {"SYSTEM": "spaces", "SPACE_ID": "owner/name", "SPACE_HOST": "owner-name.hf.space"}

# No name under .invalid is anybody's.
FOREIGN = "http://radiographs.invalid/chest.png"

KEPT_IN_THE_BROWSER = """async () => ({
    local: {...localStorage},
    session: {...sessionStorage},
    cookies: document.cookie,
    databases: await indexedDB.databases(),
    workers: (await navigator.serviceWorker.getRegistrations()).map((worker) => worker.scope),
    caches: await caches.keys(),
})"""


# === The server; `served` fails if it looked another machine up or connected to one ===


@contextmanager
def another_server() -> Iterator[tuple[str, list[str]]]:
    """A server on this machine that is not the page's: an address on it, and the paths that were asked for."""
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

        do_HEAD = do_GET

    other = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=other.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{other.server_port}/chest.png", asked
    other.shutdown()


def client(address: str) -> Client:
    return Client(address, verbose=False, analytics_enabled=False)


@pytest.mark.promise("Nobody can make the server fetch an address.", part="Security")
def test_an_address_in_place_of_a_file_is_refused_and_not_fetched(address):
    page = client(address)
    with another_server() as (near, asked):
        for elsewhere in (near, FOREIGN, "https://127.0.0.1/chest.png"):
            file = {"path": elsewhere, "meta": {"_type": "gradio.FileData"}}
            for arguments, name in (
                ((file, DEFAULT, "balanced"), "/read"),
                ((file, "balanced"), "/compare"),
                (([handle_file(str(EXAMPLE)), file], DEFAULT, "balanced"), "/batch"),
                # Where no file is expected, Gradio would fetch it all the same.
                ((handle_file(str(EXAMPLE)), file, "balanced"), "/read"),
            ):
                with pytest.raises(AppError, match=NO_ADDRESS):
                    page.predict(*arguments, api_name=name)
        for elsewhere in (near, FOREIGN):
            written = (f"file={elsewhere}", f"file={quote(elsewhere, safe='')}", f"file/{elsewhere}")
            for path in (*written, f"proxy={elsewhere}"):
                assert httpx.get(f"{address}/gradio_api/{path}").status_code in (403, 404)
        assert not asked


def test_a_file_is_still_read(address):
    (record, *_) = client(address).predict(handle_file(str(EXAMPLE)), DEFAULT, "balanced", api_name="/read")
    assert record["status"] == "read"


def test_what_only_a_developer_needs_is_closed(address):
    for path in ("monitoring", "monitoring/summary", "docs", "redoc", "gradio_api/vibe-code", "gradio_api/runs"):
        assert httpx.get(f"{address}/{path}").status_code in (403, 404), path
    assert httpx.post(f"{address}/gradio_api/process_recording").status_code == 404
    for path in (ROOT / "app.py", ROOT / "weights" / DEFAULT / "config.json", "/etc/passwd"):
        assert httpx.get(f"{address}/gradio_api/file={path}").status_code == 403
    foreign = {"Origin": "http://elsewhere.invalid"}
    assert "access-control-allow-origin" not in httpx.get(f"{address}/config", headers=foreign).headers


def test_an_upload_of_any_size_is_not_taken(address):
    sent = httpx.post(f"{address}/gradio_api/upload", files={"files": b"\0" * (100 * 1024**2 + 1)}, timeout=120)
    assert sent.status_code == 413


def test_a_browser_is_told_to_ask_no_other_host(address):
    for path in ("", "config", "gradio_api/info", "theme.css"):
        policy = httpx.get(f"{address}/{path}").headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'self' ") and "http" not in policy and "*" not in policy


def test_a_browser_is_told_to_keep_nothing_of_a_reader(address, tmp_path):
    page = Client(address, verbose=False, analytics_enabled=False, download_files=False)
    _, _, viewer, *_ = page.predict(handle_file(str(EXAMPLE)), DEFAULT, "balanced", api_name="/read")
    picture = httpx.get(viewer["panes"][0]["picture"]["url"])
    assert picture.status_code == 200 and picture.headers["content-type"] == "image/jpeg"
    assert picture.headers["cache-control"] == "no-store"
    assert httpx.get(f"{address}/gradio_api/info").headers["cache-control"] == "no-store"
    # What is the same for everybody may be kept.
    assert httpx.get(f"{address}/favicon.ico").headers.get("cache-control") != "no-store"


@pytest.mark.slow
def test_the_environment_opens_nothing():
    """Settings that a machine may have for other pages of Gradio, which this one overrides."""
    open_page = {
        **{"GRADIO_ANALYTICS_ENABLED": "True", "GRADIO_RUN_HISTORY": "True", "GRADIO_SHARE": "True"},
        **{"GRADIO_ALLOWED_PATHS": str(ROOT), "GRADIO_VIBE_MODE": "1", "GRADIO_LOCAL_DEV_MODE": "1"},
        **{"GRADIO_PROFILING": "1", "GRADIO_SSR_MODE": "True", "GRADIO_MCP_SERVER": "False"},
    }
    with served_process("complete", **open_page) as (address, _):
        assert httpx.get(f"{address}/gradio_api/file={ROOT / 'app.py'}").status_code == 403
        assert httpx.get(f"{address}/gradio_api/vibe-code").status_code in (403, 404)
        assert httpx.get(f"{address}/gradio_api/profiling/traces").status_code == 404
        assert not httpx.get(f"{address}/config").json()["run_history"]
        null = httpx.get(f"{address}/config", headers={"Origin": "null"})
        assert "access-control-allow-origin" not in null.headers


def test_the_watch_over_connections_sees_one():
    """Else the tests above could not fail."""
    program = (
        "import sys, socket; from tests.fixtures.fakes import _report_outside; sys.addaudithook(_report_outside)\n"
        "try: socket.getaddrinfo('radiographs.invalid', 80)\nexcept OSError: pass"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)
    assert f"{OUTSIDE} radiographs.invalid" in done.stderr


# === The browser; `opened` fails if it asked another host for anything ===


@pytest.fixture(scope="module", autouse=True)
def patience() -> Iterator[None]:
    """Whole sessions of a reader, beside whatever else the machine does."""
    expect.set_options(timeout=60_000)
    yield
    expect.set_options(timeout=5_000)


@pytest.mark.slow
@pytest.mark.promise("No request leaves the machine, and nothing stays in the browser.", part="Privacy")
@needs_chromium
@pytest.mark.parametrize("environment", [{}, SPACE], ids=["server", "space"])
def test_nothing_leaves_the_page_and_nothing_stays_in_the_browser(browser, chest, brighter, environment):
    with served_process("complete", **environment) as (address, _):
        for page in opened(browser, address):
            _use_every_tab(page, chest, brighter)
            assert not any(page.evaluate(KEPT_IN_THE_BROWSER).values()) and not page.context.cookies()
            # Closing a page must not write either.
            page.goto(f"{address}/theme.css")
            assert not any(page.evaluate(KEPT_IN_THE_BROWSER).values())


@needs_chromium
@pytest.mark.parametrize("view", ["api", "settings", "runs"])
def test_gradios_own_views_are_not_offered_and_ask_nobody(browser, address, view):
    for page in opened(browser, f"{address}/?view={view}"):
        expect(page.get_by_role("tab", name="Read")).to_be_visible()
        expect(page.locator("footer a, footer button")).to_have_count(0)
        assert not any(page.evaluate(KEPT_IN_THE_BROWSER).values())


@needs_chromium
def test_the_policy_stops_a_request_that_something_on_the_page_makes(page):
    assert page.evaluate("fetch(location.href).then((answer) => answer.status)") == 200
    stopped = "fetch('{}').then(() => 'sent', () => 'stopped')"
    with another_server() as (near, asked):
        assert page.evaluate(stopped.format(near)) == "stopped"
        assert not asked


def _use_every_tab(page: Page, chest: str, brighter: str) -> None:
    page.set_default_timeout(60_000)
    upload(page, chest)
    expect(page.locator("#viewer canvas[role=img]")).to_be_visible()
    page.locator("#operating-point").get_by_label("Rule-in").check()
    expect(page.locator("#figures")).to_contain_text("from 80.0% on counts")
    for button in ("#report-pdf", "#report-json"):
        with page.expect_download() as download:
            page.locator(button).click()
        assert Path(download.value.path()).stat().st_size
    page.get_by_role("tab", name="Compare").click()
    upload(page, chest, "#compare-upload")
    expect(page.locator("#compare-table tbody tr")).to_have_count(len(PUBLISHED))
    page.get_by_role("tab", name=compare_texts.TWO_IMAGES).click()
    for place, path in enumerate((chest, brighter)):
        upload(page, path, f"#pair-upload-{place}")
    expect(page.locator("#pair-table .bar")).to_have_count(2)
    page.get_by_role("tab", name="Batch").click()
    upload(page, [chest, brighter], "#batch-upload")
    page.locator("#batch-button").click()
    expect(page.locator("#batch-progress")).to_contain_text("2 images:")
    with page.expect_download():
        page.locator("#batch-csv").click()
    page.get_by_role("tab", name="Performance").click()
    expect(page.locator("#performance-roc svg, #performance-roc canvas").first).to_be_visible()
    page.get_by_role("tab", name="About").click()
    expect(page.locator("#about")).to_be_visible()
