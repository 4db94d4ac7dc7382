"""The page as a Space and a container run it: freshly installed, as nobody, with next to nothing to write to."""

import inspect
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from gradio_client import Client, handle_file
from playwright.sync_api import expect

from demo.tabs.performance.texts import SHORTCUTS
from pneumonia.publishing.space import space_files
from pneumonia.variants.registry import DEFAULT, PUBLISHED
from scripts import ROOT
from scripts.studies.reliability.synthetic_images import EXAMPLE
from tests.fixtures.browsing import needs_chromium, opened, upload
from tests.fixtures.dockerfiles import Image, build, instructions, sent_files
from tests.fixtures.fakes import OUTSIDE, _report_outside
from tests.system.test_privacy import SPACE

NOBODY = "65534"
# May read what only this user may, as the folders of tests and of its interpreter are; may write nothing more.
READING = "-all,+dac_read_search"
AS_NOBODY = (
    *("setpriv", "--reuid", NOBODY, "--regid", NOBODY, "--clear-groups", "--no-new-privs"),
    *("--inh-caps", READING, "--ambient-caps", READING, "--bounding-set", READING),
)
MEMORY_LIMIT = 2 * 1024**3
# What every Debian has, and what Python itself needs; anything else, apt or packages.txt would have to bring.
OF_THE_SYSTEM = (
    *("ld-linux", "libc.", "libm.", "libdl.", "libpthread.", "librt.", "libutil.", "libresolv.", "libnss_"),
    *("libgcc_s.", "libstdc++.", "libz.", "libcrypt.", "libpython", "libssl.", "libcrypto.", "libffi.", "libbz2."),
    *("liblzma.", "libsqlite3.", "libexpat.", "libuuid.", "libtinfo.", "libreadline."),
)

DOCKERFILE = ROOT / "Dockerfile"
# What the image installs.
LOCK = "locks/serving.txt"
STEPS = instructions(DOCKERFILE.read_text())


# === What can be said of the Dockerfile without carrying it out ===


@pytest.mark.slow
def test_the_image_holds_what_a_space_holds():
    # What the Hub alone reads, and what each installs from.
    on_the_hub = {"README.md", ".gitattributes", "requirements.txt"}
    assert set(sent_files(ROOT)) - {LOCK} == set(space_files()) - on_the_hub
    copied = " ".join(rest for name, rest in STEPS if name == "COPY").split()
    assert {path.split("/")[0] for path in sent_files(ROOT)} <= {path.split("/")[0] for path in copied}


@pytest.mark.slow
def test_the_page_finds_what_it_says_of_shortcuts_in_the_image(tmp_path):
    (tmp_path / "root").mkdir()
    (tmp_path / "pip").write_text("#!/bin/sh\n")
    (tmp_path / "pip").chmod(0o700)
    image = build(ROOT, tmp_path / "root", {"PATH": f"{tmp_path}:/usr/bin:/bin"})
    code = "from demo.tabs.performance.views import shortcut_baseline; print(shortcut_baseline())"
    said = subprocess.run([sys.executable, "-c", code], cwd=image.place, capture_output=True, text=True, check=True)
    assert SHORTCUTS in said.stdout


def test_it_is_the_python_of_the_space_and_installs_before_it_copies_the_code():
    names = [name for name, _ in STEPS]
    assert dict(STEPS)["FROM"] == "python:3.11-slim"
    copies = [place for place, name in enumerate(names) if name == "COPY"]
    assert copies[0] < names.index("RUN") < copies[1] and dict(STEPS[: copies[1]])["COPY"] == f"{LOCK} ./"
    assert dict(STEPS)["USER"] not in ("root", "0") and names.index("USER") > copies[-1]


# === As it runs ===


@dataclass
class Running:
    """A page that was started.

    Attributes:
        address: where it is.
        process: its id.
        environment: with which it was started.
    """

    address: str
    process: int
    environment: dict[str, str]

    @property
    def peak_memory(self) -> int:
        """The most that it ever held, in bytes."""
        lines = Path(f"/proc/{self.process}/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) * 1024

    @property
    def libraries(self) -> set[Path]:
        """The shared libraries that it has loaded."""
        lines = Path(f"/proc/{self.process}/maps").read_text().splitlines()
        return {Path(path) for line in lines if ".so" in (path := line.split(maxsplit=5)[-1])}


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Image:
    """The Dockerfile carried out, with a fresh environment in place of its base; its root is called `root`."""
    folder = tmp_path_factory.mktemp("image")
    subprocess.run([sys.executable, "-m", "venv", str(folder / "venv")], check=True)
    (folder / "root").mkdir()
    image = build(ROOT, folder / "root", {**os.environ, "PATH": f"{folder / 'venv/bin'}:{os.environ['PATH']}"})
    # Read by Python when it starts: tells of every connection to another machine.
    (packages,) = (folder / "venv" / "lib").glob("python3.*/site-packages")
    hook = (
        f"import sys\nOUTSIDE = {OUTSIDE!r}\n{inspect.getsource(_report_outside)}\nsys.addaudithook(_report_outside)\n"
    )
    (packages / "sitecustomize.py").write_text(hook)
    return image


@contextmanager
def running(image: Image, folder: Path, scratch: Path, **variables: str) -> Iterator[Running]:
    """Run the image's command in a folder that cannot be written to.

    Fails if it called another machine, wrote anything but uploads, left one behind, or needs what is not installed.
    """
    scratch.mkdir()
    prefix = ()
    if os.geteuid() == 0:
        prefix = AS_NOBODY
        shutil.chown(scratch, int(NOBODY), int(NOBODY))
    for path in (folder, *folder.rglob("*")):
        path.chmod(path.stat().st_mode & 0o555)
    with socket.socket() as free:
        free.bind(("0.0.0.0", 0))
        port = str(free.getsockname()[1])
    venv = image.root.parent / "venv" / "bin"
    environment = {"PATH": f"{venv}:/usr/bin:/bin", "TMPDIR": str(scratch), **variables, "GRADIO_SERVER_PORT": port}
    with (scratch.parent / f"{scratch.name}.log").open("w+") as log:
        server = subprocess.Popen([*prefix, *image.command], cwd=folder, env=environment, stdout=log, stderr=log)
        try:
            address = f"http://127.0.0.1:{port}"
            _wait_for(address, server)
            page = Running(address, server.pid, environment)
            yield page
            written = {path.relative_to(scratch).parts[0] for path in scratch.rglob("*") if path.is_file()}
            assert all(name.startswith("pneumonia-uploads-") for name in written), written
            own = (str((image.root.parent / "venv").resolve()), sys.base_prefix)
            missing = {path for path in page.libraries if not str(path).startswith(own)}
            assert not {path for path in missing if not path.name.startswith(OF_THE_SYSTEM)}
        finally:
            server.terminate()
            server.wait(60)
            log.seek(0)
            said = log.read()
        assert OUTSIDE not in said and "Traceback" not in said, said
        assert not [path for path in scratch.rglob("*") if path.is_file()]


def _wait_for(address: str, server: subprocess.Popen) -> None:
    deadline = time.monotonic() + 180
    while server.poll() is None and time.monotonic() < deadline:
        with suppress(httpx.HTTPError):
            if httpx.get(address, timeout=60).status_code == 200:
                return
        time.sleep(0.2)
    raise RuntimeError("The page did not come up.")


def _reads(page: Running) -> None:
    client = Client(page.address, verbose=False, analytics_enabled=False)
    (record, *_) = client.predict(handle_file(str(EXAMPLE)), DEFAULT, "balanced", api_name="/read")
    assert record["status"] == "read" and record["finding"] == "PNEUMONIA"
    (records, *_) = client.predict(handle_file(str(EXAMPLE)), "balanced", api_name="/compare")
    assert [record["variant"] for record in records if record["status"] == "read"] == list(PUBLISHED)


@pytest.mark.slow
@pytest.mark.timeout(2400)
def test_the_steps_of_the_dockerfile_can_be_carried_out(image):
    assert sorted(path.relative_to(image.place).as_posix() for path in image.place.rglob("*") if path.is_file()) == (
        sorted({*sent_files(ROOT)} - {LOCK} | {"serving.txt"})
    )
    assert image.ports == ("7860",) == (image.environment["GRADIO_SERVER_PORT"],)
    assert image.environment["GRADIO_SERVER_NAME"] == "0.0.0.0"


@pytest.mark.slow
@pytest.mark.timeout(2400)
def test_the_container_reads_and_says_how_it_is(image, tmp_path):
    with running(image, image.place, tmp_path / "tmp", **{**image.environment, "HOME": str(tmp_path)}) as page:
        _reads(page)
        assert page.peak_memory < MEMORY_LIMIT
        healthy = subprocess.run(image.health, env=page.environment, capture_output=True, timeout=30)
        assert healthy.returncode == 0, healthy.stderr
    down = subprocess.run(image.health, env=page.environment, capture_output=True, timeout=30)
    assert down.returncode == 1


@needs_chromium
@pytest.mark.slow
@pytest.mark.timeout(2400)
def test_a_space_reads_within_two_gigabytes_and_every_tab_finds_its_libraries(image, browser, tmp_path):
    code = tmp_path / "code"
    for name, content in space_files().items():
        (code / name).parent.mkdir(parents=True, exist_ok=True)
        (code / name).write_bytes(content if isinstance(content, bytes) else content.read_bytes())
    # So that what was installed for the image is what the Hub would install.
    pins = [line for line in (code / "requirements.txt").read_text().splitlines() if "==" in line]
    installed = (image.place / "serving.txt").read_text()
    assert pins and all(f"\n{pin} \\\n" in installed for pin in pins)
    space = {**SPACE, "GRADIO_SERVER_NAME": "0.0.0.0", "HOME": "/nonexistent"}
    with running(image, code, tmp_path / "tmp", **space) as page:
        _reads(page)
        expect.set_options(timeout=60_000)
        for tab in opened(browser, page.address):
            upload(tab, str(EXAMPLE))
            expect(tab.locator("#viewer canvas[role=img]")).to_be_visible()
            with tab.expect_download(timeout=60_000) as download:
                tab.locator("#report-pdf").click()
            assert Path(download.value.path()).read_bytes().startswith(b"%PDF")
            tab.get_by_role("tab", name="Performance").click()
            expect(tab.locator("#performance-roc svg, #performance-roc canvas").first).to_be_visible()
        expect.set_options(timeout=5_000)
        assert page.peak_memory < MEMORY_LIMIT
        print(f"peak memory {page.peak_memory / 1024**2:.0f} MiB")
