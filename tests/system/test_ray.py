"""Archives on a Ray cluster: workers are killed, and every file is read exactly once."""

import importlib.machinery
import importlib.util
import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from pneumonia.batch import ray
from pneumonia.errors import MissingExtraError, PneumoniaError, WeightsError
from tests.fixtures.archives import parts, read_or_die, rows, run, start, wait_until, write_archive

# Where other work is done beside it, Ray takes minutes to start.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
TWO_CORES = sorted(os.sched_getaffinity(0))[:2]


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    folder = tmp_path_factory.mktemp("archive")
    write_archive(folder)
    return folder


@pytest.fixture(scope="module")
def table(archive, tmp_path_factory):
    """What this machine reads without Ray, by path."""
    folder = tmp_path_factory.mktemp("local")
    assert run(archive, "--format", "csv", "--parts", folder).returncode == 1
    return by_path(folder)


@pytest.fixture(scope="module")
def cluster():
    """A cluster of two workers in this process."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("RAY_USAGE_STATS_ENABLED", "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "RAY_AUTH_MODE", "RAY_AUTH_TOKEN"):
            patch.setenv(name, "")  # what is set is undone at the end
        patch.delenv("RAY_ADDRESS", raising=False)
        patch.setattr(ray, "cores", lambda: 2)
        with ray.cluster():
            yield


def by_path(folder):
    return sorted(rows(folder), key=lambda row: row["path_sha256"])


def descendants(process):
    """Ids of what a process has started, and of what these have."""
    parents = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(status.parent.name)] = int(status.read_text().rpartition(")")[2].split()[1])
        except OSError:  # it has ended
            continue
    found, level = set(), {process}
    while level := {child for child, parent in parents.items() if parent in level}:
        found |= level
    return found


def at_work(process):
    """Ids of the workers of the cluster that a process has started, that have files in hand."""
    return [pid for pid in descendants(process) if _read(f"/proc/{pid}/cmdline").startswith(b"ray::_call")]


def _read(path):
    try:
        return Path(path).read_bytes()
    except OSError:
        return b""


def listening(processes):
    """Addresses, as Linux writes them, that processes listen on."""
    sockets = set()
    for pid in processes:
        for handle in Path(f"/proc/{pid}/fd").glob("*"):
            try:
                sockets.add(os.readlink(handle))
            except OSError:
                continue
    lines = [line.split() for name in ("tcp", "tcp6") for line in Path(f"/proc/net/{name}").read_text().splitlines()]
    return {line[1].split(":")[0] for line in lines if line[3] == "0A" and f"socket:[{line[9]}]" in sockets}


def on_two_cores():
    os.sched_setaffinity(0, TWO_CORES)


def start_on_ray(archive, folder, **options):
    return start(
        *(archive, "--format", "parquet", "--engine", "ray", "--parts", folder), preexec_fn=on_two_cores, **options
    )


def test_every_file_is_read_once_although_a_worker_is_killed(archive, table, tmp_path):
    with start_on_ray(archive, tmp_path) as process:
        wait_until(lambda: parts(tmp_path) and len(at_work(process.pid)) == len(TWO_CORES), process)
        killed = at_work(process.pid)[0]
        os.kill(killed, signal.SIGKILL)
        assert len(parts(tmp_path)) < 11
        said = process.communicate()[0]
    assert process.returncode == 1 and "106 files, 6 of them rejected" in said, said
    # Ray itself says that a worker was killed at its work.
    assert f"Worker PID: {killed}" in said
    assert by_path(tmp_path) == table
    assert len({row["path_sha256"] for row in table}) == 106


def test_a_run_that_is_killed_leaves_nothing_behind_and_goes_on_without_ray(archive, table, tmp_path):
    with start_on_ray(archive, tmp_path) as process:
        wait_until(lambda: parts(tmp_path), process)
        started = descendants(process.pid)
        process.send_signal(signal.SIGKILL)
        process.communicate()
    done = run(archive, "--format", "parquet", "--parts", tmp_path)
    assert done.returncode == 1 and "; 0 were read" not in done.stderr
    assert by_path(tmp_path) == table
    deadline = time.monotonic() + 120
    while left := [pid for pid in started if b"ray" in _read(f"/proc/{pid}/cmdline")]:
        assert time.monotonic() < deadline, left
        time.sleep(0.5)


def test_a_cluster_that_is_there_is_joined(archive, table, tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {
        **os.environ,
        **{"RAY_USAGE_STATS_ENABLED": "0", "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"},
        **{"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)},
    }
    head = [Path(sys.executable).with_name("ray"), "start", "--head", "--block", f"--port={port}", "--num-cpus=2"]
    head += ["--node-ip-address=127.0.0.1", "--include-dashboard=false", "--object-store-memory=100000000"]
    # It stands in another folder than the command, and has other ideas of where modules are.
    with subprocess.Popen(head, env=environment, cwd=tmp_path, stdout=subprocess.DEVNULL) as cluster:
        try:
            environment["RAY_ADDRESS"] = f"127.0.0.1:{port}"
            deadline = time.monotonic() + 120
            while True:
                done = run(
                    *(archive.name, "--format", "csv", "--engine", "ray", "--parts", tmp_path / "out"),
                    **{"env": environment, "cwd": archive.parent},
                )
                if not re.search("cannot be (reached|joined)", done.stderr) or time.monotonic() > deadline:
                    break
        finally:
            cluster.terminate()
    assert done.returncode == 1, done.stderr
    # The paths are as they were named, below another folder.
    assert [row["image_sha256"] for row in sorted(rows(tmp_path / "out"), key=lambda row: row["path"])] == [
        row["image_sha256"] for row in sorted(table, key=lambda row: row["path"])
    ]


def test_a_file_of_which_workers_die_is_named_and_no_other(cluster):
    paths = [f"{number}" for number in range(40)] + ["deadly", *(f"{number}" for number in range(40, 60))]
    results = list(ray.distribute(read_or_die, paths))
    assert sorted(path for path, _ in results) == sorted(paths)
    assert [path for path, reading in results if reading is None] == ["deadly"]
    for path, reading in results:
        assert reading is None or reading["path"] == os.fsencode(os.path.abspath(path))
    # Nobody else may hand tasks to it: they could run any program.
    heard = listening(descendants(os.getpid()) | {os.getpid()})
    assert heard and all(address.endswith("0100007F") for address in heard), heard


def test_an_expected_failure_of_a_worker_is_told_as_it_is(cluster):
    with pytest.raises(WeightsError, match=r"^There are no weights\.$"):
        list(ray.distribute(read_or_die, ["a", "refused"]))


@pytest.fixture
def other_ray(monkeypatch):
    """Stands in for Ray, without a cluster: a task is done when it is collected."""
    failures = SimpleNamespace(**{name: type(name, (Exception,), {}) for name in _FAILURES})
    stand_in = SimpleNamespace(
        __spec__=importlib.machinery.ModuleSpec("ray", None),
        exceptions=failures,
        remote=lambda **_: lambda call: SimpleNamespace(remote=lambda reader, paths: (call, reader, tuple(paths))),
        put=lambda value: value,
        cluster_resources=dict,
        wait=lambda tasks: (tasks[:1], tasks[1:]),
        get=lambda task: task[0](*task[1:]),
        ObjectRef=tuple,
    )
    monkeypatch.setitem(sys.modules, "ray", stand_in)
    monkeypatch.setitem(sys.modules, "ray.exceptions", failures)
    return stand_in


_FAILURES = ("WorkerCrashedError", "OutOfMemoryError", "NodeDiedError", "LocalRayletDiedError", "RayTaskError")


@pytest.mark.parametrize("failure", _FAILURES[:-1])
def test_the_files_of_a_worker_or_a_machine_that_is_gone_are_read_by_others(other_ray, failure):
    def read(paths):
        if any(path.endswith(b"deadly") for path in paths):
            raise getattr(other_ray.exceptions, failure)
        return [{"path": path} for path in paths]

    results = dict(ray.distribute(read, ["a", "b", "deadly", "c", "d"]))
    assert [path for path, reading in results.items() if reading is None] == ["deadly"] and len(results) == 5


def test_what_ray_does_not_say_is_told_by_its_kind(other_ray, monkeypatch):
    def init(**_):
        raise RuntimeError

    other_ray.init = init
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    for name in ("RAY_USAGE_STATS_ENABLED", "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "RAY_AUTH_MODE", "RAY_AUTH_TOKEN"):
        monkeypatch.setenv(name, "")  # what is set is undone at the end
    with pytest.raises(PneumoniaError, match=r": RuntimeError$"), ray.cluster():
        pass


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("127.0.0.1:1", "127.0.0.1:1, .*reached"),
        ("nowhere", "host:port, not 'nowhere'"),
    ],
)
def test_a_cluster_that_is_not_there_is_told(monkeypatch, address, told):
    monkeypatch.setenv("RAY_ADDRESS", address)
    with pytest.raises(PneumoniaError, match=told), ray.cluster():
        pass


def test_without_ray_it_is_said_what_to_install(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"-r locks/ray\.txt$"), ray.cluster():
        pass
