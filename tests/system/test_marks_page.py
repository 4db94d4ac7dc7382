"""What a file holds of somebody, and what it is called, searched for in all that the page gives, logs and leaves.

What is in a file comes out nowhere. What it is called stands, for who chose it, in the rows, the CSV and the overlays
of a batch, in the box in which several files were chosen, in the API's answer, and in a report for which that was
ticked; and it names the file in the server's private folder until that is deleted. It is in no log, no address that a
browser asks for, no other export, and nothing that a browser keeps.
"""

import io
import json
import socket
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import numpy as np
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from playwright.sync_api import BrowserContext, Page, expect, sync_playwright

from demo.server.texts import CRASHED
from demo.tabs.compare import texts as compare_texts
from demo.tabs.performance.recalibration import texts as recalibration_texts
from pneumonia.core.labels import CLASS_NAMES
from pneumonia.variants.registry import DEFAULT, PUBLISHED
from scripts.studies.reliability.synthetic_images import radiograph
from tests.fixtures.browsing import CHROMIUM, OPTIONS, needs_chromium, upload
from tests.fixtures.fakes import served_process
from tests.fixtures.marks import NAMED, marked_archive, marked_dicom, readable, refused, write_files
from tests.fixtures.searching import all_files, marks_anywhere, marks_inside, marks_of_names
from tests.system.test_privacy import KEPT_IN_THE_BROWSER

PATIENCE = 60_000


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Paths of all marked files, those that are read first."""
    return write_files(tmp_path_factory.mktemp("files"), readable() | refused())


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All of them packed."""
    path = tmp_path_factory.mktemp("archive") / f"{NAMED}ARCHIVE.zip"
    return marked_archive(path, ((f"{NAMED}FOLDER/{name}", data) for name, data in (readable() | refused()).items()))


@pytest.fixture(scope="module", autouse=True)
def patience() -> Iterator[None]:
    """Whole sessions of a reader, beside whatever else the machine does."""
    expect.set_options(timeout=PATIENCE)
    yield
    expect.set_options(timeout=5_000)


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    """Where a server may write."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    return folder


@contextmanager
def page_of(weights: str, scratch: Path, **environment: str) -> Iterator[str]:
    """Address of a page; fails if it logged a mark, or left anything when it was stopped."""
    log = scratch.with_name("log")
    with served_process(weights, log, TMPDIR=str(scratch), PNEUMONIA_LOG_LEVEL="debug", **environment) as (address, _):
        yield address
    said = log.read_bytes()
    assert b'"reading"' in said and not marks_anywhere(said)
    assert not all_files(scratch)


def only_uploads_are_marked(scratch: Path, given: list[Path], named: bool = False) -> None:
    """Look through the folder of a server that runs: uploads have their own names, no folder has, and nothing that was
    made of them holds a mark, but for names where exports are `named`."""
    contents = [path.read_bytes() for path in given]
    for name, data in all_files(scratch).items():
        path = Path(name)
        assert path.parts[0].startswith("pneumonia-uploads-") and not marks_anywhere(str(path.parent)), name
        assert not marks_inside(path.name), name
        if data not in contents:
            assert not (marks_inside(data) if named else marks_anywhere(path.name, data)), name


@pytest.mark.slow
@pytest.mark.promise(
    "Nothing in a file that names somebody comes out of the API, also where a file is refused.", part="Privacy"
)
def test_the_api_answers_without_a_mark(files, archive, scratch, tmp_path):
    with page_of("complete", scratch) as address:
        client = Client(address, verbose=False, analytics_enabled=False, download_files=str(tmp_path / "downloads"))
        answers = []
        # The others are in the batch.
        for path in (files[0], *(path for path in files if path.name in (f"{NAMED}LATERAL", f"{NAMED}PNG CUT"))):
            record, *shown = client.predict(handle_file(path), DEFAULT, "balanced", api_name="/read")
            assert record.pop("name") == path.name
            assert record["status"] == ("read" if path.name in readable() else "rejected"), path.name
            answers += [record, shown]
        records, *shown = client.predict(handle_file(files[0]), "balanced", api_name="/compare")
        assert {record.pop("name") for record in records} == {files[0].name}
        answers += [records, shown]
        several = [handle_file(path) for path in (files[0], archive)]
        records, *shown = client.predict(several, DEFAULT, "balanced", api_name="/batch")
        assert len(records) == 1 + len(files) and not marks_inside(shown)
        assert sum(record["status"] == "read" for record in records) == 1 + len(readable())
        assert all(NAMED in record.pop("name") for record in records)
        for path in ("", "config", "gradio_api/info", "health"):
            answers.append(httpx.get(f"{address}/{path}").content)
        answers += all_files(tmp_path / "downloads").items()
        assert not marks_anywhere(*answers, records)
        only_uploads_are_marked(scratch, [*files, archive])


# === A browser that keeps what it is let ===


class Reader:
    """A session of a reader, and what was seen of it.

    Attributes:
        page: the open page.
        seen: addresses that were asked for, and what was written to the console.
        exports: files that were handed out, by what they are.
    """

    def __init__(self, context: BrowserContext, address: str) -> None:
        self.page: Page = context.pages[0]
        self.page.set_default_timeout(PATIENCE)
        self.seen: list[str] = []
        self.exports: dict[str, bytes] = {}
        self.page.on("request", lambda request: self.seen.append(request.url))
        self.page.on("console", lambda message: self.seen.append(message.text))
        self.page.on("pageerror", lambda error: self.seen.append(str(error)))
        self.page.goto(address)
        self.page.wait_for_selector("#upload input[type=file]", state="attached")

    def export(self, what: str, button: str) -> None:
        """Press a button that hands a file out."""
        with self.page.expect_download() as download:
            self.page.locator(button).click()
        assert not marks_anywhere(download.value.suggested_filename, download.value.url)
        self.exports[what] = Path(download.value.path()).read_bytes()

    def read(self, file: Path, verdict: str = "Probability of pneumonia") -> None:
        """Read a file on the Read tab."""
        self.upload(file)
        self.says("#verdict", verdict)

    def upload(self, file: Path, box: str = "#upload") -> None:
        """Choose a file, and wait until it was sent: meanwhile its name is shown to who chose it."""
        with self.page.expect_response(lambda response: "/gradio_api/upload?" in response.url):
            upload(self.page, str(file), box)
        expect(self.page.locator("body")).not_to_contain_text(NAMED)

    def says(self, place: str, text: str) -> None:
        expect(self.page.locator(place)).to_contain_text(text)

    def open_tab(self, name: str) -> None:
        self.page.get_by_role("tab", name=name, exact=True).click()

    def batch(self, files: list[Path], count: int) -> None:
        """Read files on the Batch tab, and take the table and the overlays away."""
        self.open_tab("Batch")
        upload(self.page, list(map(str, files)), "#batch-upload")
        expect(self.page.locator("#batch-upload .file-preview tr, #batch-upload .file")).not_to_have_count(0)
        self.page.locator("#batch-button").click()
        self.says("#batch-progress", f"{count} images:")
        expect(self.page.locator("button#batch-csv, #batch-csv button, a#batch-csv").first).to_be_enabled()
        self.export("table", "#batch-csv")
        self.page.locator("#batch-overlays").click()
        link = "#batch-archive a"
        expect(self.page.locator(link).first).to_be_visible()
        self.export("overlays", f"{link} >> nth=0")


@contextmanager
def reader(address: str, profile: Path) -> Iterator[Reader]:
    """A reader whose browser keeps what it keeps in a folder."""
    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            str(profile), executable_path=CHROMIUM, args=list(OPTIONS), accept_downloads=True
        )
        yield Reader(context, address)
        context.close()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive of labelled, marked chests, brighter where they are labelled pneumonia."""
    rng, labelled = np.random.default_rng(0), []
    for number in range(32):
        label = number % 2
        brighter = int(np.clip(rng.normal(25 + 45 * label, 20), 0, 120))
        pixels = radiograph(140, 150, seed=number) // 2 + brighter
        labelled.append((f"{CLASS_NAMES[label]}/{NAMED}{number}", marked_dicom(pixels, groups=(0x0010,))))
    labelled += [(f"{CLASS_NAMES[0]}/{name}", refused()[name]) for name in (f"{NAMED}LATERAL", f"{NAMED}CUT")]
    return marked_archive(tmp_path_factory.mktemp("labelled") / f"{NAMED}SITE.zip", labelled)


@pytest.mark.promise("A whole session shows, exports, logs and leaves nothing that names somebody.", part="Privacy")
@needs_chromium
@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("weights", ["complete", "real"])
def test_a_whole_session_shows_exports_and_leaves_no_mark(files, archive, site, scratch, tmp_path, weights):
    dicom, lateral = files[0], next(path for path in files if path.name.endswith("LATERAL"))
    with page_of(weights, scratch) as address, reader(address, tmp_path / "profile") as session:
        page = session.page

        # Where single images are read, nothing says what they are called.
        for path in (lateral, *files[1 : len(readable())], dicom):
            session.read(path, "lateral view" if path == lateral else "Probability of pneumonia")
            assert not marks_anywhere(page.content()), path.name
        session.export("report", "#report-pdf")
        session.export("receipt", "#report-json")
        session.open_tab("Compare")
        session.upload(dicom, "#compare-upload")
        expect(page.locator("#compare-table tbody tr")).to_have_count(len(PUBLISHED))
        session.export("comparison", "#compare-report-pdf")
        session.export("comparison's receipt", "#compare-report-json")
        session.open_tab(compare_texts.TWO_IMAGES)
        for place, path in enumerate((dicom, lateral)):
            session.upload(path, f"#pair-upload-{place}")
        session.says("#pair-table", "Probability of pneumonia")
        session.says("#pair-table", "lateral view")
        session.open_tab("About")
        assert not marks_anywhere(page.content())

        session.open_tab("Performance")
        page.get_by_role("button", name=recalibration_texts.RECALIBRATE).click()
        upload(page, str(site), "#recalibrate-upload")
        page.locator("#recalibrate-name").get_by_role("textbox").fill("my-hospital")
        session.says("#recalibrate-upload", ".zip")
        page.locator("#recalibrate-button").click()
        session.says("#recalibrate-result", "32 images, 16 with pneumonia")
        assert not marks_inside(page.content())
        if page.locator("#recalibrate-download").is_visible():
            session.export("calibration", "#recalibrate-download")
        assert ("calibration" in session.exports) == (weights == "complete")
        only_uploads_are_marked(scratch, [*files, archive, site])
        assert not marks_anywhere(*session.exports.values())

        # Several files are told apart by their names.
        session.batch([*files, archive], 2 * len(files))
        page.locator("#batch-table [role=option]").first.click()
        expect(page.locator("#batch-verdict .opened")).to_be_visible()
        session.open_tab("Read")
        page.locator("#report-name").get_by_role("checkbox").check()
        session.export("report with name", "#report-pdf")
        session.export("receipt with name", "#report-json")
        assert not marks_inside(page.content(), *session.exports.values())
        for what in ("table", "overlays", "report with name", "receipt with name"):
            assert marks_of_names(session.exports[what]), what
        with zipfile.ZipFile(io.BytesIO(session.exports["overlays"])) as overlays:
            assert not marks_of_names(*map(overlays.read, overlays.namelist()))
        only_uploads_are_marked(scratch, [*files, archive, site], named=True)

        assert not marks_anywhere(*session.seen)
        assert not any(page.evaluate(KEPT_IN_THE_BROWSER).values()) and not page.context.cookies()
    kept = all_files(tmp_path / "profile")
    assert len(kept) > 20 and not marks_anywhere(*kept, *kept.values())


@pytest.mark.promise("A browser keeps no picture that it was shown.", part="Privacy")
@needs_chromium
@pytest.mark.slow
def test_a_browser_keeps_no_picture_that_it_was_shown(files, scratch, tmp_path):
    """On a disk, in what it stores to load a page faster."""
    with page_of("complete", scratch) as address, reader(address, tmp_path / "profile") as session:
        session.read(files[0])
        expect(session.page.locator("#viewer canvas[role=img]")).to_be_visible()
        shown = [url for url in session.seen if "/file=" in url and "/pneumonia-uploads-" in url]
        assert shown, "else nothing could be kept"
        session.page.goto(f"{address}/theme.css")
    kept = b"".join(all_files(tmp_path / "profile").values())
    assert b"theme.css" in kept, "else nothing is kept at all"
    assert not [url for url in shown if url.encode() in kept]


# === Gone after the set time ===


@pytest.mark.promise("All that was uploaded, made or left over is gone after the set time.", part="Privacy")
@needs_chromium
@pytest.mark.slow
@pytest.mark.timeout(900)
def test_all_that_was_uploaded_made_and_left_over_is_gone_after_a_while(files, archive, scratch, tmp_path):
    """Also of what failed, was refused as too large, or was broken off in the middle."""
    seconds = 30
    with page_of("harmed", scratch, KEPT_SECONDS=str(seconds)) as address:
        with reader(address, tmp_path / "profile") as session:
            session.read(files[0])
            session.export("report", "#report-pdf")
            session.export("receipt", "#report-json")
            session.batch([files[0], files[-1]], 2)
        client = Client(address, verbose=False, analytics_enabled=False, download_files=False)
        with pytest.raises(AppError, match=CRASHED):
            client.predict(handle_file(files[0]), "custom-cnn", "balanced", api_name="/read")
        with pytest.raises(AppError, match=CRASHED):
            client.predict([handle_file(archive)], "custom-cnn", "balanced", api_name="/batch")
        too_large = httpx.post(
            f"{address}/gradio_api/upload", files={"files": b"\0" * (100 * 1024**2 + 1)}, timeout=120
        )
        assert too_large.status_code == 413
        _break_off(address)
        assert any(path.endswith(".pdf") for path in all_files(scratch)) and len(all_files(scratch)) > 6
        deadline = time.monotonic() + 6 * seconds
        # Empty folders are kept for as long again: their names are hashes.
        while list(scratch.glob("pneumonia-uploads-*/*")) and time.monotonic() < deadline:
            time.sleep(1)
        assert not all_files(scratch) and not list(scratch.glob("pneumonia-uploads-*/*"))
        # And it still reads.
        record, *_ = client.predict(handle_file(files[0]), DEFAULT, "balanced", api_name="/read")
        assert json.loads(json.dumps(record))["status"] == "read"


def _break_off(address: str) -> None:
    """Begin to upload a file, and hang up."""
    host, port = address.removeprefix("http://").split(":")
    head = (
        f"POST /gradio_api/upload HTTP/1.1\r\nHost: {host}\r\nContent-Length: 5000000\r\n"
        "Content-Type: multipart/form-data; boundary=b\r\n\r\n"
        f'--b\r\nContent-Disposition: form-data; name="files"; filename="{NAMED}"\r\n\r\n'
    )
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(head.encode() + readable()[f"{NAMED}DICOM"][:200_000])
        time.sleep(1)
