"""A program that means harm to a page: what it sends goes out as it is written, and every event can be asked for."""

import http.client
import json
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import httpx

API = "/gradio_api"


@dataclass
class Attacker:
    """Somebody who can reach the page.

    Attributes:
        address: of the page.
        session: what its events are sent under; made up by whoever sends them.
    """

    address: str
    session: str = "attacker"
    _http: httpx.Client = field(init=False)

    def __post_init__(self) -> None:
        self._http = httpx.Client(base_url=self.address, timeout=60)

    def raw(self, path: str, method: str = "GET", body: bytes | None = None, **headers: str) -> tuple[int, bytes]:
        """Status and content for a path that no client has tidied up."""
        host = urlsplit(self.address).netloc
        connection = http.client.HTTPConnection(host, timeout=60)
        connection.putrequest(method, path, skip_host="Host" in headers, skip_accept_encoding=True)
        for name, value in {**headers, **({"Content-Length": str(len(body))} if body else {})}.items():
            connection.putheader(name.replace("_", "-"), value)
        connection.endheaders(body)
        answer = connection.getresponse()
        return answer.status, answer.read()

    def post(self, path: str, **values: Any) -> httpx.Response:
        """What the API answers to JSON."""
        # On a connection of its own: the server ends one on which something failed.
        return httpx.post(f"{self.address}{API}/{path}", json=values, timeout=60)

    def upload(self, name: str, content: bytes) -> httpx.Response:
        """What the page answers to a file of this name."""
        start = f'--cut\r\nContent-Disposition: form-data; name="files"; filename="{name}"\r\n\r\n'.encode()
        kind = {"Content-Type": "multipart/form-data; boundary=cut"}
        return self._http.post(f"{API}/upload", content=start + content + b"\r\n--cut--\r\n", headers=kind)

    def events(self) -> list[dict[str, Any]]:
        """What the page says of its events that run on the server, also of those that are in no API."""
        return [event for event in self._config()["dependencies"] if event["backend_fn"]]

    def kinds(self) -> dict[int, str]:
        """What the parts of the page are, by their number."""
        return {part["id"]: part["type"] for part in self._config()["components"]}

    def run(self, event: dict[str, Any], data: list[Any], chosen: dict[str, Any] | None = None) -> dict[str, Any]:
        """What came of an event, with "error" where it was refused; some take what was `chosen` in a component."""
        asked = {"fn_index": event["id"], "data": data, "event_data": chosen, "session_hash": self.session}
        if not event["queue"]:
            return self.post("run/predict", **asked).json()
        self.post("queue/join", **asked).raise_for_status()
        return self.heard(self.session)[-1]["output"]

    def heard(self, session: str) -> list[dict[str, Any]]:
        """What the page tells a session, up to the end of its event or to the refusal to tell anything."""
        messages = []
        asked = self._http.stream("GET", f"{API}/queue/data", params={"session_hash": session})
        with suppress(httpx.RemoteProtocolError), asked as said:
            for line in said.iter_lines():
                if line:
                    messages.append(json.loads(line.removeprefix("data:")))
                    if messages[-1]["msg"] in ("process_completed", "unexpected_error"):
                        break
        return messages

    def _config(self) -> dict[str, Any]:
        return self._http.get("/config").json()


def file_at(path: object) -> dict[str, Any]:
    """A file as the page names one that was uploaded to it."""
    return {"path": str(path), "meta": {"_type": "gradio.FileData"}}
