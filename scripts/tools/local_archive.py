"""An Orthanc and a DICOM node in processes of their own, on this machine alone: for what looks at them from outside."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import requests

from pneumonia.errors import PneumoniaError
from scripts import ROOT

ORTHANC = shutil.which("Orthanc", path=os.defpath + os.pathsep + "/usr/sbin")
PLUGIN = Path("/usr/share/orthanc/plugins/libOrthancDicomWeb.so")
# Sends radiographs that arrive to the node.
ROUTE = ROOT / "docs" / "hospital" / "route.lua"
# As the node is called, and the archive, and who sends images.
NODE, ARCHIVE, SENDER = "PNEUMONIA", "ORTHANC", "MODALITY"
_UP_WITHIN = 60.0
# Orthanc calls this for each instance that it is sent, those that it has among them.
_LUA = "function ReceivedInstanceFilter(dicom, origin, info) print('was sent ' .. dicom.SOPInstanceUID) return true end"


class ArchiveError(PneumoniaError):
    """An archive or a node that did not start."""

    code = "local-archive"


@dataclass
class Orthanc:
    """An Orthanc with its DICOMweb plugin; what it stores stays in its folder when it is stopped.

    Attributes:
        folder: for all that it writes.
        port, http_port: where it listens.
        node_port: where the node listens, which it may be asked by.
    """

    folder: Path
    port: int
    http_port: int
    node_port: int
    process: subprocess.Popen | None = field(default=None, init=False)

    def start(self) -> "Orthanc":
        """Start it, and come back when it answers."""
        if ORTHANC is None:
            raise ArchiveError("Orthanc is not installed: apt install orthanc orthanc-dicomweb.")
        self.folder.mkdir(exist_ok=True)
        script, settings = self.folder / "filter.lua", self.folder / "orthanc.json"
        script.write_text(_LUA)
        settings.write_text(
            json.dumps(
                {
                    "StorageDirectory": str(self.folder / "storage"),
                    "IndexDirectory": str(self.folder / "storage"),
                    "DicomAet": ARCHIVE,
                    "DicomPort": self.port,
                    "HttpPort": self.http_port,
                    "RemoteAccessAllowed": False,
                    "AuthenticationEnabled": False,
                    "LuaScripts": [str(script), str(ROUTE)],
                    "Plugins": [str(PLUGIN)],
                    "DicomModalities": {"pneumonia": [NODE, "127.0.0.1", self.node_port]},
                }
            )
        )
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen([ORTHANC, settings], stdout=log, stderr=log)
        _wait(self._answers, self.process)
        return self

    def stop(self) -> None:
        """End it as a machine that fails does."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    @property
    def address(self) -> str:
        """As `--archive` has it, for C-STORE."""
        return f"{ARCHIVE}@127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        """As `--archive` has it, for STOW-RS."""
        return f"http://127.0.0.1:{self.http_port}/dicom-web"

    def get(self, path: str) -> requests.Response:
        """An answer of its REST API."""
        return requests.get(f"http://127.0.0.1:{self.http_port}{path}", timeout=10)

    def post(self, contents: bytes) -> dict:
        """Its answer to a file that it is given."""
        return requests.post(f"http://127.0.0.1:{self.http_port}/instances", contents, timeout=30).json()

    def instances(self) -> list[str]:
        """UIDs of the instances that it has."""
        found = self.get("/instances?expand").json()
        return sorted(instance["MainDicomTags"]["SOPInstanceUID"] for instance in found)

    def was_sent(self) -> list[str]:
        """UIDs of the instances that it was sent, as often as it was."""
        lines = (self.folder / "log").read_text().splitlines()
        return sorted(line.rpartition(" ")[2] for line in lines if "was sent " in line)

    def _answers(self) -> bool:
        try:
            return self.get("/system").ok
        except requests.ConnectionError:
            return False


@dataclass
class LocalNode:
    """A DICOM node, by the command that people run.

    Attributes:
        queue: folder of its queue.
        archive: as `--archive` has it.
        port: where it listens.
        log: file that its log is added to.
        options: of the command.
    """

    queue: Path
    archive: str
    port: int
    log: Path
    options: tuple[str, ...] = ("--allow", SENDER)
    process: subprocess.Popen | None = field(default=None, init=False)

    def start(self) -> "LocalNode":
        """Start it, and come back when it listens."""
        before = len(self.events("listening"))
        command = [sys.executable, "scripts/dicom_node.py", "--queue", self.queue, "--archive", self.archive]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*map(str, command), "--port", str(self.port), *self.options], cwd=ROOT, stderr=log
            )
        _wait(lambda: len(self.events("listening")) > before, self.process)
        return self

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """End it, by default as a service manager does; its exit status."""
        if self.process is None:
            return 0
        self.process.send_signal(how)
        return self.process.wait(60)

    def send(self, *paths: Path, title: str = SENDER, to: int | None = None) -> subprocess.CompletedProcess[str]:
        """Send images with dcmtk's `dcmsend`, by default to this node; what it says is standard output."""
        command = ["dcmsend", "-v", "-aet", title, "-aec", NODE, "127.0.0.1", str(to or self.port)]
        arguments = [*command, *map(str, paths)]
        return subprocess.run(arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)

    def events(self, event: str) -> list[dict]:
        """Lines of its log of one kind."""
        if not self.log.exists():
            return []
        lines = [json.loads(line) for line in self.log.read_text().splitlines() if line.startswith("{")]
        return [line for line in lines if line["event"] == event]


def _wait(is_up: Callable[[], bool], process: subprocess.Popen) -> None:
    end = time.monotonic() + _UP_WITHIN
    while not is_up():
        if process.poll() is not None or time.monotonic() > end:
            process.kill()
            raise ArchiveError("It did not start.")
        time.sleep(0.05)
