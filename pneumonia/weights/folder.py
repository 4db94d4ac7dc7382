"""The only reader and writer of a weights folder."""

import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from typing_extensions import TypedDict

from pneumonia.core.populations import CHILDREN
from pneumonia.errors import WeightsError
from pneumonia.utils.atomic_files import write_synced
from pneumonia.utils.json_values import json_bytes, read_json, require_form

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Settings = TypeVar("Settings", bound="DataclassInstance")

_PACKAGE = Path(__file__).parents[1]
_IN_THE_PACKAGE = _PACKAGE / "published"
INSTALLED = _IN_THE_PACKAGE.is_dir()
# What comes with the library: beside it in a checkout, within it where it is installed.
PROJECT_FOLDER = _IN_THE_PACKAGE if INSTALLED else _PACKAGE.parent
WEIGHTS_FOLDER = PROJECT_FOLDER / "weights"

CONFIG = "config.json"
KERAS_MODEL = "model.keras"
SERVED_MODEL = "model.tflite"
METRICS = "metrics.json"
HISTORY = "history.csv"
CARD = "README.md"
# Beside the others only where a recipe asks for it.
H5_MODEL = "model.h5"
SERVED_FILES = (SERVED_MODEL, METRICS, HISTORY, CARD)
FILES = (KERAS_MODEL, *SERVED_FILES)
_LFS_POINTER = b"version https://git-lfs.github.com/spec/"
# What config.json holds of each population.
OF_POPULATION = ("temperature", "offset", "operating_points", "calibration")
# What config.json says of itself: the hash of it without this line. Thresholds and temperature stand in it.
_OWN_HASH = "config_sha256"
_OTHER_FORM = "The config of the weights folder does not fit this version of the program"
_ALTERED = "{name} has been altered: its SHA-256 differs from the one {where}. Copy or download it again."


@dataclass(frozen=True)
class Bundle:
    """A weights folder that has been checked against its own hashes.

    Attributes:
        config: variant, architecture, preprocessing, temperature, operating points, and where it came from.
        metrics: `{"sets": {name: figures}}`.
        contents: the bytes of each file but config.json that is there, by name.
    """

    config: dict[str, Any]
    metrics: dict[str, Any]
    contents: dict[str, bytes]

    @property
    def weights_sha256(self) -> str:
        """Hex digest of the served model."""
        return self.sha256(SERVED_MODEL)

    def sha256(self, name: str) -> str:
        """Hex digest of one of its files."""
        return self.config["files"][name]["sha256"]

    def require_variant(self, variant: str | None) -> None:
        """Make sure that it holds a variant; None for whatever it holds.

        Raises:
            WeightsError: naming the one that it holds.
        """
        if variant not in (None, self.config["variant"]):
            raise WeightsError(f"The weights folder holds {self.config['variant']}, not {variant}.")

    def settings(self, form: type[Settings]) -> Settings:
        """Read from config.json the keys that a dataclass names.

        Raises:
            WeightsError: naming the key that is missing or not what it must be.
        """
        asked = {key: self.config[key] for key in form.__annotations__ if key in self.config}
        return self._in_form(form, asked)

    def population_settings(self, form: type[Settings]) -> dict[str, Settings]:
        """Read from what config.json holds of each population the keys that a dataclass names, by population.

        Raises:
            WeightsError: likewise.
        """
        try:
            by_population = require_form(dict[str, dict[str, Any]], populations(self.config))
        except ValueError as error:
            raise WeightsError(f"{_OTHER_FORM}: {error}.") from error
        return {
            name: self._in_form(form, {key: values[key] for key in form.__annotations__ if key in values})
            for name, values in by_population.items()
        }

    @staticmethod
    def _in_form(form: type[Settings], values: dict[str, Any]) -> Settings:
        try:
            return read_json(form, json_bytes(values))
        except ValueError as error:
            raise WeightsError(f"{_OTHER_FORM}: {error}.") from error


def populations(config: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The part of config.json that turns logits into findings, by population.

    Folders of the first form have it of children alone, with its keys beside all others.
    """
    return config.get("populations") or {CHILDREN: {key: config[key] for key in OF_POPULATION if key in config}}


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
    new, replaced = folder.with_name(f".{folder.name}-new"), _replaced(folder)
    _clear(folder, new, replaced)
    try:
        new.mkdir()
        for name, content in with_config(contents, config).items():
            write_synced(new / name, content)
        if folder.exists():
            os.rename(folder, replaced)
        os.rename(new, folder)
    finally:
        # Half of it helps no one, and the disk may be full.
        _clear(folder, new, replaced)


def _clear(folder: Path, new: Path, replaced: Path) -> None:
    """Leave one whole weights folder, the old one if there is no new one, and nothing beside it."""
    shutil.rmtree(new, ignore_errors=True)
    if not folder.exists() and replaced.exists():
        os.rename(replaced, folder)
    shutil.rmtree(replaced, ignore_errors=True)


def _replaced(folder: Path) -> Path:
    """The place of a weights folder while another takes its own."""
    return folder.with_name(f".{folder.name}-replaced")


def with_config(contents: dict[str, bytes], config: dict[str, Any]) -> dict[str, bytes]:
    """All files of a weights folder: those given, and the config.json that vouches for them and for itself.

    Args:
        contents: the bytes of every file but config.json, by name.
        config: JSON values; "files" and its own hash are written again.
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
        needed: names of the files without which it is not complete; `SERVED_FILES` will do for readings. Others may be
            missing, as `model.keras` is from an installed package, and are checked where they are there.

    Raises:
        WeightsError: naming the file that is missing, a Git LFS pointer, truncated, or altered.
    """
    if not folder.is_dir() and _replaced(folder).is_dir():
        # Who was replacing it was killed between two renamings.
        folder = _replaced(folder)
    if not folder.is_dir():
        raise WeightsError(f"There is no weights folder for {folder.name}. Train it with pneumonia train.")
    config = _json(_read(folder, CONFIG), CONFIG)
    # Folders that were written before it had one have none.
    own_hash = config.pop(_OWN_HASH, None)
    if own_hash not in (None, file_facts(json_bytes(config))["sha256"]):
        raise WeightsError(_ALTERED.format(name=CONFIG, where="it names itself"))
    try:
        vouched_for = require_form(dict[str, FileFacts], config.get("files"))
    except ValueError as error:
        raise WeightsError(f"{CONFIG} in the weights folder does not vouch for the other files.") from error
    contents = {}
    for name, facts in vouched_for.items():
        if Path(name).name != name:
            raise WeightsError(f"The config of {folder.name} names a file that is not in its folder.")
        if name not in needed and not (folder / name).exists():
            continue
        contents[name] = _read(folder, name)
        if len(contents[name]) != facts["bytes"]:
            raise WeightsError(
                f"{name} is incomplete: {len(contents[name])} bytes instead of {facts['bytes']}. "
                "Copy or download it again."
            )
        if file_facts(contents[name])["sha256"] != facts["sha256"]:
            raise WeightsError(_ALTERED.format(name=name, where=f"in {CONFIG}"))
    if missing := [name for name in needed if name not in contents]:
        raise WeightsError(f"The config of {folder.name} does not vouch for {', '.join(missing)}.")
    return Bundle(config, _json(contents[METRICS], METRICS), contents)


class FileFacts(TypedDict):
    """Size and hash of a file, as config.json names them."""

    bytes: int
    sha256: str


def file_facts(content: bytes) -> FileFacts:
    """Size and hash of a file."""
    return FileFacts(bytes=len(content), sha256=hashlib.sha256(content).hexdigest())


def trained_epochs(history: Iterable[Mapping[str, str]]) -> list[Mapping[str, str]]:
    """The rows of history.csv with a loss on training and on validation images: those of phases trained by steps."""
    return [row for row in history if row.get("loss") and row.get("val_loss")]


def _read(folder: Path, name: str) -> bytes:
    try:
        content = (folder / name).read_bytes()
    except FileNotFoundError:
        why = " Training and export need it, and only a checkout of the project has it." if name == KERAS_MODEL else ""
        raise WeightsError(f"{name} is missing from the weights folder of {folder.name}.{why}") from None
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
