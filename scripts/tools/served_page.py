"""The page in a process of its own, for what looks at it from outside."""

import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import IO, NamedTuple

from pneumonia.errors import PneumoniaError
from scripts import ROOT

_UP_WITHIN = 180.0


class PageError(PneumoniaError):
    """The page, or what looks at it, did not start."""

    code = "page"


class ServedPage(NamedTuple):
    """A page that is up.

    Attributes:
        address: where.
        process: id of the server.
        seconds: from the command to the first answer with HTTP status 200.
    """

    address: str
    process: int
    seconds: float


@contextmanager
def served_page(
    *command: str, stdout: int | IO = subprocess.DEVNULL, stderr: int | IO | None = None, **environment: str
) -> Iterator[ServedPage]:
    """Serve the page until the block ends.

    Args:
        command: arguments of Python that serve it; `app.py` if left out.
        stdout: what becomes of the server's standard output, as `subprocess.Popen` has it.
        stderr: the same of its standard error.
        environment: variables to set.

    Raises:
        PageError: if the page does not come up.
    """
    port = free_port()
    environment = {**os.environ, "GRADIO_SERVER_NAME": "127.0.0.1", "GRADIO_SERVER_PORT": str(port), **environment}
    started = time.perf_counter()
    server = subprocess.Popen(
        [sys.executable, *(command or ("app.py",))], cwd=ROOT, env=environment, stdout=stdout, stderr=stderr
    )
    try:
        while not _answers(port):
            if server.poll() is not None or time.perf_counter() - started > _UP_WITHIN:
                raise PageError("The page did not come up.")
            time.sleep(0.02)
        yield ServedPage(f"http://127.0.0.1:{port}", server.pid, time.perf_counter() - started)
    finally:
        server.terminate()
        server.wait(10)


def _answers(port: int) -> bool:
    """Ask whether the page is there: this machine itself, past any proxy that the environment names."""
    try:
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=_UP_WITHIN)) as page:
            page.request("GET", "/")
            return page.getresponse().status == 200
    except (OSError, http.client.HTTPException):  # nobody listens yet, or the page is not built yet
        return False


def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
