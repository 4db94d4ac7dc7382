"""The only reader and writer of a weights folder."""

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pneumonia.errors import WeightsError

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
    """Write a weights folder, or replace one, in one step: a reader never meets half of it.

    Args:
        folder: becomes the weights folder; its parent is made if missing.
        contents: the bytes of every file but config.json, by name.
        config: JSON values; sizes and hashes of the files are added under "files".

    Raises:
        WeightsError: if something else than a weights folder is there.
    """
    require_replaceable(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    beside = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    beside.chmod(0o755)
    for name, content in seal(contents, config).items():
        (beside / name).write_bytes(content)
    if folder.exists():
        replaced = beside.with_name(beside.name + "-replaced")
        os.rename(folder, replaced)
        os.rename(beside, folder)
        shutil.rmtree(replaced)
    else:
        os.rename(beside, folder)


def seal(contents: dict[str, bytes], config: dict[str, Any]) -> dict[str, bytes]:
    """All files of a weights folder: those given, and the config.json that vouches for them.

    Args:
        contents: the bytes of every file but config.json, by name.
        config: JSON values; "files" is written anew.
    """
    config = {**config, "files": {name: file_facts(content) for name, content in contents.items()}}
    return {**contents, CONFIG: json_bytes(config)}


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
    if not folder.is_dir():
        raise WeightsError(f"There is no weights folder for {folder.name}. Train it with scripts/train.py.")
    config = _json(_read(folder, CONFIG), CONFIG)
    contents = {}
    for name, facts in config.get("files", {}).items():
        if Path(name).name != name:
            raise WeightsError(f"The config of {folder.name} names a file that is not in its folder.")
        contents[name] = _read(folder, name)
        if file_facts(contents[name]) != facts:
            raise WeightsError(_what_differs(name, contents[name], facts))
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
        return (folder / name).read_bytes()
    except FileNotFoundError:
        raise WeightsError(f"{name} is missing from the weights folder of {folder.name}.") from None
    except OSError as error:
        raise WeightsError(f"{name} of {folder.name} cannot be read: {error.strerror}.") from error


def _json(content: bytes, name: str) -> dict[str, Any]:
    try:
        values = json.loads(content)
    except ValueError as error:
        raise WeightsError(f"{name} in the weights folder is not valid JSON.") from error
    if not isinstance(values, dict):
        raise WeightsError(f"{name} in the weights folder is not a JSON object.")
    return values


def _what_differs(name: str, content: bytes, facts: dict[str, Any]) -> str:
    if content.startswith(_LFS_POINTER):
        return f"{name} is only a Git LFS pointer. Fetch the real file with: git lfs pull"
    if len(content) != facts["bytes"]:
        return f"{name} is incomplete: {len(content)} bytes instead of {facts['bytes']}. Copy or download it again."
    return f"{name} has been altered: its SHA-256 differs from the one in {CONFIG}. Copy or download it again."
