"""The only reader and writer of a weights folder."""

import hashlib
import json
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pneumonia.errors import WeightsError
from pneumonia.files import write_through

# The weights that come with the project.
WEIGHTS_FOLDER = Path(__file__).parent.parent / "weights"

CONFIG = "config.json"
KERAS_MODEL = "model.keras"
SERVED_MODEL = "model.tflite"
METRICS = "metrics.json"
HISTORY = "history.csv"
CARD = "README.md"
# Beside the others only where a recipe asks for it.
H5_MODEL = "model.h5"
FILES = (KERAS_MODEL, SERVED_MODEL, METRICS, HISTORY, CARD)
_LFS_POINTER = b"version https://git-lfs.github.com/spec/"
# What config.json says of itself: the hash of it without this line. Thresholds and temperature stand in it.
_OWN_HASH = "config_sha256"
_ALTERED = "{name} has been altered: its SHA-256 differs from the one {where}. Copy or download it again."


@dataclass(frozen=True)
class Bundle:
    """A weights folder that has been checked against its own hashes.

    Attributes:
        config: variant, architecture, preprocessing, temperature, operating points, and where it came from.
        metrics: `{"sets": {name: figures}}`.
        contents: the bytes of each file but config.json, by name.
    """

    config: dict[str, Any]
    metrics: dict[str, Any]
    contents: dict[str, bytes]

    @property
    def weights_sha256(self) -> str:
        """Hex digest of the served model."""
        return self.config["files"][SERVED_MODEL]["sha256"]


def write_bundle(folder: Path, contents: dict[str, bytes], config: dict[str, Any]) -> None:
    """Write a weights folder, or replace one: a reader meets the old one or the new one, whatever ends the process.

    One process at a time; what an earlier one left beside it when it was killed is cleared away.

    Args:
        folder: becomes the weights folder; its parent is made if missing.
        contents: the bytes of every file but config.json, by name.
        config: JSON values; sizes and hashes of the files are added under "files".

    Raises:
        WeightsError: if something else than a weights folder is there.
        OSError: if it cannot be written, for instance on a full disk; what was there stays.
    """
    require_replaceable(folder)
    folder = folder.resolve()
    folder.parent.mkdir(parents=True, exist_ok=True)
    beside, replaced = folder.with_name(f".{folder.name}-new"), _replaced(folder)
    _clear(folder, beside, replaced)
    try:
        beside.mkdir()
        for name, content in seal(contents, config).items():
            write_through(beside / name, content)
        if folder.exists():
            os.rename(folder, replaced)
        os.rename(beside, folder)
    finally:
        # Half of it helps nobody, and the disk may be full.
        _clear(folder, beside, replaced)


def _clear(folder: Path, beside: Path, replaced: Path) -> None:
    """Leave one whole weights folder, the old one if there is no new one, and nothing beside it."""
    shutil.rmtree(beside, ignore_errors=True)
    if not folder.exists() and replaced.exists():
        os.rename(replaced, folder)
    shutil.rmtree(replaced, ignore_errors=True)


def _replaced(folder: Path) -> Path:
    """Where a weights folder is while another takes its place."""
    return folder.with_name(f".{folder.name}-replaced")


def seal(contents: dict[str, bytes], config: dict[str, Any]) -> dict[str, bytes]:
    """All files of a weights folder: those given, and the config.json that vouches for them and for itself.

    Args:
        contents: the bytes of every file but config.json, by name.
        config: JSON values; "files" and its own hash are written anew.
    """
    config = {**config, "files": {name: file_facts(content) for name, content in contents.items()}}
    config.pop(_OWN_HASH, None)
    return {**contents, CONFIG: json_bytes({**config, _OWN_HASH: file_facts(json_bytes(config))["sha256"]})}


def require_replaceable(folder: Path) -> None:
    """Make sure that writing a weights folder here destroys nothing but an older one.

    Raises:
        WeightsError: if there is a file, or a folder that holds something else.
    """
    if folder.is_dir() and ((folder / CONFIG).is_file() or not any(folder.iterdir())):
        return
    if folder.exists():
        raise WeightsError(f"{folder.name} exists and is no weights folder; it was left alone. Choose another place.")


def read_bundle(folder: Path, needed: Sequence[str] = FILES) -> Bundle:
    """Read a weights folder and check every file against the size and hash in its config.

    Args:
        folder: the weights folder.
        needed: names of the files without which it is not complete.

    Raises:
        WeightsError: naming the file that is missing, a Git LFS pointer, truncated, or altered.
    """
    if not folder.is_dir() and _replaced(folder).is_dir():
        # Who was replacing it was killed between two renamings.
        folder = _replaced(folder)
    if not folder.is_dir():
        raise WeightsError(f"There is no weights folder for {folder.name}. Train it with scripts/train.py.")
    config = _json(_read(folder, CONFIG), CONFIG)
    # Folders that were written before it had one have none.
    own_hash = config.pop(_OWN_HASH, None)
    if own_hash not in (None, file_facts(json_bytes(config))["sha256"]):
        raise WeightsError(_ALTERED.format(name=CONFIG, where="it names itself"))
    contents = {}
    for name, (size, sha256) in _vouched_for(config).items():
        if Path(name).name != name:
            raise WeightsError(f"The config of {folder.name} names a file that is not in its folder.")
        contents[name] = _read(folder, name)
        if len(contents[name]) != size:
            raise WeightsError(
                f"{name} is incomplete: {len(contents[name])} bytes instead of {size}. Copy or download it again."
            )
        if file_facts(contents[name])["sha256"] != sha256:
            raise WeightsError(_ALTERED.format(name=name, where=f"in {CONFIG}"))
    if missing := [name for name in needed if name not in contents]:
        raise WeightsError(f"The config of {folder.name} does not vouch for {', '.join(missing)}.")
    return Bundle(config, _json(contents[METRICS], METRICS), contents)


def json_bytes(values: dict[str, Any]) -> bytes:
    """JSON as it is written everywhere in a weights folder."""
    return (json.dumps(values, indent=2) + "\n").encode()


def file_facts(content: bytes) -> dict[str, Any]:
    """Size and hash of a file, as config.json names them."""
    return {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}


def _read(folder: Path, name: str) -> bytes:
    try:
        content = (folder / name).read_bytes()
    except FileNotFoundError:
        raise WeightsError(f"{name} is missing from the weights folder of {folder.name}.") from None
    except OSError as error:
        raise WeightsError(f"{name} of {folder.name} cannot be read: {error.strerror}.") from error
    if content.startswith(_LFS_POINTER):
        raise WeightsError(f"{name} is only a Git LFS pointer. Fetch the real file with: git lfs pull")
    return content


def _json(content: bytes, name: str) -> dict[str, Any]:
    try:
        values = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise WeightsError(f"{name} in the weights folder is not valid JSON.") from error
    if not isinstance(values, dict):
        raise WeightsError(f"{name} in the weights folder is not a JSON object.")
    return values


def _vouched_for(config: dict[str, Any]) -> dict[str, tuple[int, str]]:
    """Size and hash of each file, by name."""
    try:
        return {name: (facts["bytes"], facts["sha256"]) for name, facts in config["files"].items()}
    except (KeyError, TypeError, AttributeError) as error:
        raise WeightsError(f"{CONFIG} in the weights folder does not vouch for the other files.") from error
