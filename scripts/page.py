"""The page in a process of its own, for commands that look at it from outside."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import NamedTuple

import cli

from pneumonia.errors import PneumoniaError

_UP_WITHIN = 60.0


class PageError(PneumoniaError):
    """The page, or what looks at it, did not start."""


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
def served_page() -> Iterator[ServedPage]:
    """Run `python app.py` until the block ends.

    Raises:
        PageError: if the page does not come up.
    """
    port = _free_port()
    address = f"http://127.0.0.1:{port}"
    environment = {**os.environ, "GRADIO_SERVER_NAME": "127.0.0.1", "GRADIO_SERVER_PORT": str(port)}
    started = time.perf_counter()
    server = subprocess.Popen([sys.executable, "app.py"], cwd=cli.ROOT, env=environment, stdout=subprocess.DEVNULL)
    try:
        while not _answers(address):
            if server.poll() is not None or time.perf_counter() - started > _UP_WITHIN:
                raise PageError("The page did not come up.")
            time.sleep(0.02)
        yield ServedPage(address, server.pid, time.perf_counter() - started)
    finally:
        server.terminate()
        server.wait(10)


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=_UP_WITHIN) as answer:
            return answer.status == 200
    except OSError:  # nobody listens yet, or the page is not built yet
        return False


def _free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
