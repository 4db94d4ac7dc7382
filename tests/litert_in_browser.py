"""The code of docs/on_device.md in a browser, with LiteRT.js from the npm registry served by this machine."""

import functools
import http.server
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PAGE = Path(__file__).parent.parent / "docs" / "on_device.md"
NPM = shutil.which("npm")

_HTML = """<!doctype html><link rel="icon" href="data:,"><script type="importmap">{"imports": {
"@litertjs/core": "/node_modules/@litertjs/core/dist/index.js",
"@litertjs/wasm-utils": "/node_modules/@litertjs/wasm-utils/dist/index.js"}}</script>"""
# Reads one image, and gives what the page's code makes of it.
READ = """async ([image, model, config]) => {
    const page = await import('/page.js');
    const decoded = await page.decode(await (await fetch(image)).blob());
    const input = page.prepare(decoded);
    const compiled = await page.load('/node_modules/@litertjs/core/wasm/', model);
    const {logit, map, probability, shown} = await page.read(compiled, input, config);
    return {input: [...input], map: [...map], shown: [...shown], logit, probability};
}"""


def documented_code() -> str:
    """The JavaScript of the page."""
    (code,) = re.findall(r"```js\n(.*?)```", PAGE.read_text(), re.DOTALL)
    return code


def install(folder: Path) -> None:
    """Put the package that the page names, in the version it names, into a folder."""
    (package,) = re.findall(r"npm install (\S+?)`", PAGE.read_text())
    options = ("--no-audit", "--no-fund", "--ignore-scripts", "--no-update-notifier", "--prefix", str(folder))
    subprocess.run([NPM, "install", *options, package], check=True, capture_output=True, timeout=120)


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Address at which a folder is served, with the page's code in it."""
    (folder / "index.html").write_text(_HTML)
    (folder / "page.js").write_text(documented_code())
    handler = functools.partial(_Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    extensions_map = http.server.SimpleHTTPRequestHandler.extensions_map | {
        ".js": "text/javascript",
        ".wasm": "application/wasm",
    }

    def log_message(self, *_: object) -> None:
        pass
