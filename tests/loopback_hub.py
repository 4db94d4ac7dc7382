"""A Hub on this machine that speaks what the installed huggingface_hub asks for, keeps what it is sent, and can fail.

For a process that shall use it, `Hub.environment` must be set before huggingface_hub is imported.
"""

import base64
import hashlib
import json
import os
import re
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from subprocess import CompletedProcess, run
from urllib.parse import unquote

import yaml

ROOT = Path(__file__).parent.parent
OWNER, READER, STRANGER = "hf_owner_secret", "hf_reader_secret", "hf_stranger_secret"
# Who a token belongs to, and what it may do.
_TOKENS = {OWNER: ("alice", "write"), READER: ("alice", "read"), STRANGER: ("bob", "write")}
_LFS_SUFFIXES = (".keras", ".tflite", ".h5", ".npz", ".png", ".webp")
_PREFIX = {"model": "", "space": "spaces/", "dataset": "datasets/"}

_HURRY = """
import sys, time
def sleep(seconds, wait=time.sleep):
    if not sys._getframe(1).f_globals.get("__name__", "").startswith("huggingface_hub"):
        wait(seconds)
time.sleep = sleep
"""

# A status to answer with and nothing that a client could use, "cut" to hang up in the middle, or what to do to the
# bytes of a file before it is sent.
Fault = int | str | Callable[[bytes], bytes]


@dataclass
class Repo:
    """A repository: commits are never changed, `main` and the tags name one each."""

    url: str
    private: bool
    created: dict = field(default_factory=dict)
    commits: dict[str, dict[str, bytes]] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    messages: list[str] = field(default_factory=list)

    def commit(self, files: dict[str, bytes], message: str) -> str:
        digest = hashlib.sha1(f"{len(self.messages)} {message}".encode())
        for name in sorted(files):
            digest.update(name.encode() + hashlib.sha1(files[name]).digest())
        self.commits[digest.hexdigest()] = files
        self.names["main"] = digest.hexdigest()
        self.messages.append(message)
        return digest.hexdigest()

    def resolve(self, revision: str) -> str | None:
        commit = self.names.get(revision, revision)
        return commit if commit in self.commits else None

    @property
    def files(self) -> dict[str, bytes]:
        """What `main` holds."""
        return self.commits[self.names["main"]]


class Hub:
    """The state behind the server.

    Attributes:
        endpoint: its address, for HF_ENDPOINT.
        repos: by type and id, for instance `("model", "alice/net")`.
        stored: large files by SHA-256, whether a commit names them or not.
        faults: what shall fail: method, a part of the path, and how. With FILE in place of the method, what is sent of
            the file OWNER/NAME/PATH.
        requests: method and path of each request, in order.
    """

    def __init__(self) -> None:
        self.repos: dict[tuple[str, str], Repo] = {}
        self.stored: dict[str, bytes] = {}
        self.faults: list[tuple[str, str, Fault]] = []
        self.requests: list[tuple[str, str]] = []
        self.endpoint = ""

    def environment(self, home: Path, token: str | None = OWNER) -> dict[str, str]:
        """The environment of a process that takes this for the Hub and `home` for its cache."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("HF_", "PNEUMONIA_HUB"))}
        ours = {"HF_ENDPOINT": self.endpoint, "HF_HOME": str(home), "HF_HUB_DISABLE_XET": "1", "PYTHONPATH": str(ROOT)}
        return {**kept, **ours, **({"HF_TOKEN": token} if token else {})}

    def run(self, program: str, home: Path, token: str | None = OWNER, **environment: str) -> CompletedProcess:
        """A Python program in a process of its own, whose client does not wait between attempts."""
        hurried = _HURRY + program
        environment = self.environment(home, token) | environment
        return run([sys.executable, "-c", hurried], env=environment, capture_output=True, text=True, timeout=280)

    def run_script(self, script: str, *arguments: object, home: Path, token: str | None = OWNER, **environment: str):
        """As `run`, of a command."""
        path = ROOT / "scripts" / script
        started = f"sys.path.insert(0, {str(path.parent)!r}); runpy.run_path({str(path)!r}, run_name='__main__')"
        program = f"import runpy, sys; sys.argv = {[script, *map(str, arguments)]}; {started}"
        done = self.run(program, home, token, **environment)
        assert "Traceback" not in done.stderr, done.stderr
        assert not [secret for secret in (token or OWNER, OWNER) if secret in done.stdout + done.stderr]
        return done

    def fault(self, method: str, path: str) -> Fault | None:
        return next((how for verb, part, how in self.faults if verb == method and part in path), None)


@contextmanager
def serve_hub() -> Iterator[Hub]:
    """A Hub that runs while the context lasts."""
    hub = Hub()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("BoundHandler", (_Handler,), {"hub": hub}))
    server.daemon_threads = True
    hub.endpoint = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Answer(Exception):
    """Ends a request."""

    def __init__(self, status: int, body: object = None, **headers: str) -> None:
        super().__init__(status)
        self.status, self.body = status, body
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


class _Handler(BaseHTTPRequestHandler):
    hub: Hub
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        pass

    def handle_request(self) -> None:
        self.path, _, self.query = unquote(self.path).partition("?")
        self.token = self.headers.get("Authorization", "").removeprefix("Bearer ") or None
        self.hub.requests.append((self.command, self.path))
        fault = self.hub.fault(self.command, self.path)
        if fault == "cut":
            # Half of what the client sends is taken, then the line is dead.
            self.rfile.read(int(self.headers.get("Content-Length", 0)) // 2)
            self.close_connection = True
            return
        body = self._body()
        try:
            if isinstance(fault, int):
                raise _Answer(fault, {"error": "as the test wants it"}, Retry_After="0")
            self._route(body)
        except _Answer as answer:
            self._send(answer)

    do_GET = do_HEAD = do_POST = do_PUT = handle_request

    # === Requests ===

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        parts = []
        while size := int(self.rfile.readline(), 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def _route(self, body: bytes) -> None:
        routes = (
            ("GET", r"/api/whoami-v2", self._whoami),
            ("POST", r"/api/repos/create", self._create),
            ("POST", r"/api/validate-yaml", self._validate),
            ("POST", r"/api/(\w+)s/([^/]+/[^/]+)/preupload/([^/]+)", self._preupload),
            ("POST", r"/api/(\w+)s/([^/]+/[^/]+)/commit/([^/]+)", self._commit),
            ("POST", r"/api/(\w+)s/([^/]+/[^/]+)/tag/([^/]+)", self._tag),
            ("GET", r"/api/(\w+)s/([^/]+/[^/]+)/tree/([^/]+)", self._tree),
            ("GET", r"/api/(\w+)s/([^/]+/[^/]+)(?:/revision/([^/]+))?", self._info),
            ("POST", r"/(spaces/|datasets/|)([^/]+/[^/]+)\.git/info/lfs/objects/batch", self._lfs_batch),
            ("PUT", r"/storage/(\w+)", self._store),
            ("POST", r"/storage/(\w+)/verify", self._verify),
            ("HEAD GET", r"/(spaces/|datasets/|)([^/]+/[^/]+)/resolve/([^/]+)/(.+)", self._resolve),
        )
        for methods, pattern, answer in routes:
            if self.command in methods.split() and (found := re.fullmatch(pattern, self.path)):
                answer(body, *found.groups())
        raise _Answer(404, {"error": f"no such endpoint: {self.command} {self.path}"})

    def _send(self, answer: _Answer) -> None:
        content = answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body).encode()
        self.send_response(answer.status)
        for name, value in {"Content-Length": str(len(content)), **answer.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    # === Who may do what ===

    def _user(self) -> str:
        """Whose the token is."""
        if self.token not in _TOKENS:
            raise _Answer(401, {"error": "Invalid"}, X_Error_Message="Invalid credentials in Authorization header")
        return _TOKENS[self.token][0]

    def _require_writer(self, owner: str) -> None:
        if self._user() != owner or _TOKENS[self.token][1] != "write":
            raise _Answer(403, {"error": "no"}, X_Error_Message=f"You don't have the rights, {self.token}")

    def _repo(self, kind: str, repo_id: str) -> Repo:
        repo = self.hub.repos.get((kind, repo_id))
        if self.token is not None:
            self._user()
        if repo is None or (repo.private and (self.token is None or self._user() != repo_id.split("/")[0])):
            # As the Hub does: whoever may not see a repository is not told that it exists.
            raise _Answer(401 if self.token is None else 404, {"error": "not found"}, X_Error_Code="RepoNotFound")
        return repo

    def _commit_of(self, repo: Repo, revision: str | None) -> str:
        commit = repo.resolve(revision or "main")
        if commit is None:
            raise _Answer(404, {"error": "no such revision"}, X_Error_Code="RevisionNotFound")
        return commit

    # === Endpoints ===

    def _whoami(self, _: bytes) -> None:
        user = self._user()
        raise _Answer(200, {"name": user, "orgs": [], "auth": {"accessToken": {"role": _TOKENS[self.token][1]}}})

    def _create(self, body: bytes) -> None:
        asked = json.loads(body)
        owner = asked["organization"] or self._user()
        kind, repo_id = asked.get("type", "model"), f"{owner}/{asked['name']}"
        self._require_writer(owner)
        url = f"{self.hub.endpoint}/{_PREFIX[kind]}{repo_id}"
        if (kind, repo_id) in self.hub.repos:
            raise _Answer(409, {"url": url, "error": "You already created this repo"})
        repo = self.hub.repos[kind, repo_id] = Repo(url, asked.get("visibility") == "private", asked)
        repo.commit({".gitattributes": b"*.keras filter=lfs\n"}, "initial commit")
        raise _Answer(200, {"url": url})

    def _validate(self, body: bytes) -> None:
        content = json.loads(body)["content"]
        head = re.match(r"---\n(.*?)\n---\n", content, re.DOTALL)
        try:
            valid = head is not None and isinstance(yaml.safe_load(head[1]), dict)
        except yaml.YAMLError:
            valid = False
        if not valid:
            raise _Answer(400, {"errors": [{"message": "no metadata"}], "warnings": []})
        raise _Answer(200, {"errors": [], "warnings": []})

    def _preupload(self, body: bytes, kind: str, repo_id: str, revision: str) -> None:
        repo = self._repo(kind, repo_id)
        self._require_writer(repo_id.split("/")[0])
        there = repo.commits[self._commit_of(repo, revision)]
        files = []
        for asked in json.loads(body)["files"]:
            large = asked["path"].endswith(_LFS_SUFFIXES)
            content = there.get(asked["path"])
            oid = None if content is None else _lfs_oid(content) if large else _git_oid(content)
            mode = "lfs" if large else "regular"
            files.append({"path": asked["path"], "uploadMode": mode, "shouldIgnore": False, "oid": oid})
        raise _Answer(200, {"files": files})

    def _lfs_batch(self, body: bytes, prefix: str, repo_id: str) -> None:
        self._require_writer(repo_id.split("/")[0])
        objects = []
        for asked in json.loads(body)["objects"]:
            href = f"{self.hub.endpoint}/storage/{asked['oid']}"
            actions = {"upload": {"href": href}, "verify": {"href": f"{href}/verify"}}
            objects.append(asked if asked["oid"] in self.hub.stored else {**asked, "actions": actions})
        raise _Answer(200, {"transfer": "basic", "objects": objects})

    def _store(self, body: bytes, oid: str) -> None:
        if _lfs_oid(body) != oid:
            raise _Answer(400, {"error": "the content has another hash"})
        self.hub.stored[oid] = body
        raise _Answer(200, {})

    def _verify(self, body: bytes, oid: str) -> None:
        asked = json.loads(body)
        whole = oid == asked["oid"] and len(self.hub.stored.get(oid, b"")) == asked["size"]
        raise _Answer(200 if whole else 422, {})

    def _commit(self, body: bytes, kind: str, repo_id: str, revision: str) -> None:
        repo = self._repo(kind, repo_id)
        self._require_writer(repo_id.split("/")[0])
        files = dict(repo.commits[self._commit_of(repo, revision)])
        message = ""
        for line in map(json.loads, body.splitlines()):
            value = line["value"]
            match line["key"]:
                case "header":
                    message = value["summary"]
                case "file":
                    files[value["path"]] = base64.b64decode(value["content"])
                case "lfsFile":
                    if value["oid"] not in self.hub.stored:
                        raise _Answer(400, {"error": "an LFS file was not uploaded"})
                    files[value["path"]] = self.hub.stored[value["oid"]]
                case "deletedFile":
                    del files[value["path"]]
        oid = repo.commit(files, message)
        raise _Answer(200, {"commitUrl": f"{repo.url}/commit/{oid}", "commitOid": oid})

    def _tag(self, body: bytes, kind: str, repo_id: str, revision: str) -> None:
        repo = self._repo(kind, repo_id)
        self._require_writer(repo_id.split("/")[0])
        tag = json.loads(body)["tag"]
        if tag in repo.names:
            raise _Answer(409, {"error": "the tag exists"})
        repo.names[tag] = self._commit_of(repo, revision)
        raise _Answer(200, {})

    def _info(self, _: bytes, kind: str, repo_id: str, revision: str | None) -> None:
        repo = self._repo(kind, repo_id)
        commit = self._commit_of(repo, revision)
        siblings = [{"rfilename": name} for name in repo.commits[commit]]
        raise _Answer(200, {"id": repo_id, "sha": commit, "private": repo.private, "siblings": siblings, "tags": []})

    def _tree(self, _: bytes, kind: str, repo_id: str, revision: str) -> None:
        repo = self._repo(kind, repo_id)
        entries = []
        for name, content in repo.commits[self._commit_of(repo, revision)].items():
            entry = {"type": "file", "path": name, "size": len(content), "oid": _git_oid(content)}
            if name.endswith(_LFS_SUFFIXES):
                entry["lfs"] = {"oid": _lfs_oid(content), "size": len(content), "pointerSize": 130}
            entries.append(entry)
        raise _Answer(200, entries)

    def _resolve(self, _: bytes, prefix: str, repo_id: str, revision: str, name: str) -> None:
        repo = self._repo(prefix[:-2] or "model", repo_id)
        commit = self._commit_of(repo, revision)
        if name not in repo.commits[commit]:
            raise _Answer(404, {"error": "no"}, X_Error_Code="EntryNotFound", X_Repo_Commit=commit)
        content = repo.commits[commit][name]
        fault = self.hub.fault("FILE", f"{repo_id}/{name}")
        if callable(fault):
            content = fault(content)
        etag = _lfs_oid(content) if name.endswith(_LFS_SUFFIXES) else _git_oid(content)
        headers = {"ETag": f'"{etag}"', "X_Repo_Commit": commit, "Accept_Ranges": "bytes"}
        if name.endswith(_LFS_SUFFIXES):
            headers |= {"X_Linked_Etag": f'"{etag}"', "X_Linked_Size": str(len(content))}
        if fault == "cut" and self.command == "GET":
            headers["Content_Length"] = str(len(content))
            content, self.close_connection = content[: len(content) // 2], True
        if found := re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", "")):
            headers["Content_Range"] = f"bytes {found[1]}-{len(content) - 1}/{len(content)}"
            raise _Answer(206, content[int(found[1]) :], **headers)
        raise _Answer(200, content, **headers)


def _lfs_oid(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _git_oid(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
