"""Installation of packages that only some of the work needs."""

import importlib.util
from pathlib import Path

from pneumonia.errors import MissingExtraError

# Only a checkout has it.
_LOCKS = Path(__file__).parents[2] / "locks"
# By extra of this package: the lock that brings the same.
_LOCK_OF = {
    "data": "data",
    "dicom": "dicom",
    "hub": "training",
    "onnx": "onnx",
    "ray": "ray",
    "train": "training",
    None: "dev",
}


def install_command(*locks: str) -> str:
    """The command line that installs what locks name and nothing else, whatever is released later.

    Args:
        locks: files in the folder `locks` of a checkout, without their suffix.
    """
    return " ".join(["pip install --no-deps --require-hashes", *(f"-r locks/{lock}.txt" for lock in locks)])


def how_to_install(module: str, extra: str | None) -> str:
    """The command line that installs a package in a checkout, or a sentence where this package is installed.

    Args:
        module: that it is imported as.
        extra: of this package that brings it; None for a tool of its development.
    """
    lock = _LOCK_OF[extra]
    if (_LOCKS / f"{lock}.txt").is_file():
        return install_command(lock)
    # No index has this package, so no command line can name it.
    return (
        f"Install this package again with its extra `{extra}`." if extra else f"Install {module} beside this package."
    )


def require_package(module: str, sentence: str, extra: str | None) -> None:
    """Make sure that a package is installed, without importing it.

    Args:
        module: that it is imported as.
        sentence: says what needs it, without a full stop.
        extra: as for `how_to_install`.

    Raises:
        MissingExtraError: if it is not installed.
    """
    if importlib.util.find_spec(module) is None:
        raise MissingExtraError(f"{sentence}: {how_to_install(module, extra)}")
