"""Reading on the cores of a cluster with Ray; the only importer of it."""

import functools
import logging
import os
import re
import secrets
import socket
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

import cv2

from pneumonia.calibration.site import SiteCalibration
from pneumonia.errors import PneumoniaError, WeightsError
from pneumonia.inference.predictor import Predictor, load_predictor
from pneumonia.records.receipt import reader_record
from pneumonia.utils.formatting import first_line
from pneumonia.utils.packages import require_package
from pneumonia.utils.processes import cores

Reading = dict[str, Any]

_ROOT = Path(__file__).parents[2]
_ADDRESS = "RAY_ADDRESS"
# Files a task: little is repeated when a worker dies, and handing out still costs little beside reading.
_FILES = 16
# Tasks that wait for each core: enough to keep it busy, little enough to keep memory flat.
_WAITING = 2
# How often Ray gives a task to another worker when one has died, before its files are tried in halves.
_RETRIES = 1
# Bytes of Ray's shared memory. Readings are small and hardly use it; left alone, Ray takes a third of all memory.
_SHARED_MEMORY = 100_000_000

_SECONDS = 10  # for a cluster to answer

DIED = "The program that read this file ended each time that it tried. Export the image again."


def read_on_ray(
    paths: Iterable[str], predictor: Predictor, operating_point: str, population: str | None
) -> Iterator[tuple[str, Reading]]:
    """Read a stream of files on the Ray cluster that RAY_ADDRESS names, or on all cores of this machine without it.

    The project and the files must be at the same paths on every machine of the cluster.

    Args:
        paths: taken as they are needed.
        predictor: what every worker must have, too.
        operating_point: name of the operating point.
        population: of all patients, as for `Predictor.predict`.

    Yields:
        Each path once, with its reading as `Prediction.to_dict` gives it, in the order in which they are done. A file
        on which workers die is rejected.

    Raises:
        MissingExtraError: if Ray is not installed.
        PneumoniaError: if it cannot be started or is not reached.
        WeightsError: if a worker has other weights, or none.
    """
    record = reader_record(predictor, operating_point, population)
    sites = tuple(calibration.site for calibration in predictor.calibrations.values())
    read = functools.partial(_read, predictor.variant, sites, operating_point, population, record)
    died = predictor.rejected(DIED, operating_point, population).to_dict()
    with cluster():
        for path, reading in distribute(read, paths):
            yield path, reading or died


@contextmanager
def cluster() -> Iterator[None]:
    """Join the Ray cluster that RAY_ADDRESS names, or start one for this run that no other machine or user can reach.

    Raises:
        MissingExtraError: if Ray is not installed.
        PneumoniaError: if it cannot be started or is not reached.
    """
    require_package("ray", "Reading on several machines needs Ray", "ray")
    address = os.environ.get(_ADDRESS)
    if address:
        _require_reachable(address)
    # Ray reads these when it is imported. It would tell its makers about each run.
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    own: dict[str, Any] = {}
    if not address:
        # Left alone, it listens on all of the machine's addresses; this name means: on loopback, on any system.
        os.environ["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"
        # Whoever may submit tasks may run any program.
        os.environ.update(RAY_AUTH_MODE="token", RAY_AUTH_TOKEN=_token())
        own = {"num_cpus": cores(), "include_dashboard": False, "object_store_memory": _SHARED_MEMORY}
    import ray

    try:
        ray.init(
            address=address or "local",
            runtime_env={"env_vars": {"PYTHONPATH": str(_ROOT)}},
            log_to_driver=False,
            logging_level=logging.ERROR,
            **own,
        )
    except Exception as error:
        # What takes too long to start is a plain Exception of Ray's.
        if type(error) is not Exception and not isinstance(error, OSError | RuntimeError | ValueError):
            raise
        what = f"The Ray cluster at {address} cannot be joined" if address else "Ray cannot be started"
        raise PneumoniaError(f"{what}: {first_line(error)}") from error
    try:
        yield
    finally:
        ray.shutdown()


@functools.cache
def _token() -> str:
    """A secret of this process alone, written nowhere; Ray looks at it once."""
    return secrets.token_hex(32)


def _require_reachable(address: str) -> None:
    """Make sure that somebody listens there: Ray itself would try for many minutes."""
    place = re.fullmatch(r"(?:ray://)?(.+):(\d{1,5})", address)
    if not place:
        raise PneumoniaError(f"{_ADDRESS} must be the address of a Ray cluster, host:port, not {address!r}.")
    try:
        socket.create_connection((place[1].strip("[]"), int(place[2])), timeout=_SECONDS).close()
    except (OSError, OverflowError) as error:
        raise PneumoniaError(f"The Ray cluster at {address}, which {_ADDRESS} names, cannot be reached.") from error


def distribute(
    read: Callable[[list[bytes]], Sequence[Reading]], paths: Iterable[str]
) -> Iterator[tuple[str, Reading | None]]:
    """Have a stream of files read by the workers of a cluster that was joined.

    Ray starts a worker again that has died, and gives its files to another. Where that dies, too, the files are tried
    in halves, until the one is alone on which they die.

    Args:
        read: called on a worker with some absolute paths, as bytes; gives a reading for each.
        paths: taken as they are needed.

    Yields:
        Each path once, with its reading, in the order in which they are done; None for a file on which workers die.
    """
    import ray
    from ray.exceptions import (
        LocalRayletDiedError,
        NodeDiedError,
        OutOfMemoryError,
        RayTaskError,
        WorkerCrashedError,
    )

    task = ray.remote(num_cpus=1, max_retries=_RETRIES)(_call)
    reader = ray.put(read)
    paths = iter(paths)
    waiting: dict[ray.ObjectRef, list[str]] = {}

    def hand_out(batch: list[str]) -> None:
        # Names need not be valid text, and a worker may be in another folder.
        waiting[task.remote(reader, [os.fsencode(os.path.abspath(path)) for path in batch])] = batch

    while True:
        # Asked again each time: machines may join and leave.
        places = _WAITING * max(1, int(ray.cluster_resources().get("CPU", 1)))
        while len(waiting) < places and (batch := list(islice(paths, _FILES))):
            hand_out(batch)
        if not waiting:
            return
        (done,), _ = ray.wait(list(waiting))
        batch = waiting.pop(done)
        try:
            readings: Sequence[Reading | None] = ray.get(done)
        except (WorkerCrashedError, OutOfMemoryError, NodeDiedError, LocalRayletDiedError):
            if len(batch) > 1:
                middle = len(batch) // 2
                hand_out(batch[:middle])
                hand_out(batch[middle:])
                continue
            readings = [None]
        except RayTaskError as error:
            raise error.cause from None
        yield from zip(batch, readings, strict=True)


def _call(read: Callable[[list[bytes]], Sequence[Reading]], paths: list[bytes]) -> Sequence[Reading]:
    return read(paths)


def _read(
    variant: str,
    sites: tuple[SiteCalibration | None, ...],
    operating_point: str,
    population: str | None,
    record: dict[str, Any],
    paths: list[bytes],
) -> list[Reading]:
    """Runs on a worker."""
    predictor = functools.reduce(Predictor.recalibrated, sites, _load_once(variant))
    if reader_record(predictor, operating_point, population) != record:
        raise WeightsError(f"A worker has another version of the program or of the weights of {variant}.")
    return [predictor.predict(os.fsdecode(path), operating_point, population).to_dict() for path in paths]


@functools.cache
def _load_once(variant: str) -> Predictor:
    # There is a worker for every core.
    cv2.setNumThreads(1)
    return load_predictor(variant)
