"""The weights of a variant: here, or at a commit on the Hugging Face Hub where somebody pins one."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from pneumonia.errors import HubError, UnknownNameError, WeightsError
from pneumonia.variants.registry import list_variants
from pneumonia.weights import hub
from pneumonia.weights.folder import CONFIG, FILES, H5_MODEL, SERVED_FILES, WEIGHTS_FOLDER, Bundle, read_bundle

# By variant, OWNER/NAME@COMMIT with the full hash of the commit. The environment adds to it, and goes first.
PINS: Mapping[str, str] = {}
# VARIANT=OWNER/NAME@COMMIT, and more of the kind with spaces between.
VARIABLE = "PNEUMONIA_HUB"
# Folders of somebody's own weights, which the page has beside the published ones; several as in PATH.
OWN_VARIABLE = "PNEUMONIA_WEIGHTS"


class Pin(NamedTuple):
    """Content that cannot change: a commit of a repository."""

    repo_id: str
    commit: str


def find_bundle(variant: str) -> Bundle:
    """A variant's weights: those that come with the project, or else from the Hub where they are pinned.

    Raises:
        WeightsError: if there are none, or if what there is does not match its own hashes.
    """
    folder = WEIGHTS_FOLDER / variant
    if folder.exists():
        return read_bundle(folder, SERVED_FILES)
    try:
        pin = find_pin(variant)
        return read_bundle(folder, SERVED_FILES) if pin is None else fetch_bundle(*pin)
    except (HubError, UnknownNameError) as error:
        raise WeightsError(f"There is no weights folder for {variant}, and no other was found. {error}") from error


def own_folders() -> dict[str, Path]:
    """Find the weights folders that the environment names.

    Returns:
        Each once, by the shortest end of its path that no variant and no earlier folder goes by.
    """
    folders: dict[str, Path] = {}
    named = filter(None, os.environ.get(OWN_VARIABLE, "").split(os.pathsep))
    for folder in dict.fromkeys(Path(path).absolute() for path in named):
        names = ("/".join(folder.parts[start:]) for start in reversed(range(len(folder.parts))))
        folders[next(name for name in names if name not in (*list_variants(), *folders))] = folder
    return folders


def find_pin(variant: str) -> Pin | None:
    """The commit that a variant is pinned to, if it is.

    Raises:
        UnknownNameError: if the setting names no variant.
    """
    pins = dict(PINS)
    for entry in os.environ.get(VARIABLE, "").split():
        name, _, value = entry.partition("=")
        if name not in list_variants():
            raise UnknownNameError(f"{VARIABLE} names {name!r}, which is no variant. It is VARIANT=OWNER/NAME@COMMIT.")
        pins[name] = value
    if variant not in pins:
        return None
    repo_id, _, commit = pins[variant].partition("@")
    return Pin(repo_id, commit)


def fetch_bundle(repo_id: str, commit: str) -> Bundle:
    """A weights folder as of one commit on the Hub, checked against its own hashes before anything in it is opened.

    The commit vouches for config.json, and that for every other file.

    Args:
        repo_id: `OWNER/NAME`.
        commit: its full hash.

    Raises:
        HubError: if it cannot be fetched.
        WeightsError: naming the file that is missing, a Git LFS pointer, truncated, or altered.
    """
    folder = hub.download(repo_id, commit, patterns=(CONFIG, *FILES, H5_MODEL))
    try:
        return read_bundle(folder)
    except WeightsError as error:
        # It would be met in the cache for ever.
        hub.evict(commit)
        raise WeightsError(f"{repo_id} at {commit[:7]} on the Hub: {error}") from error
