"""Downloads from the Hugging Face Hub, and the client and the errors of all that talks with it.

huggingface_hub is imported here and in `publishing.hub_upload` alone, and only where the Hub is asked for.
"""

import functools
import os
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pneumonia.errors import (
    HubError,
    HubNameError,
    HubNotFoundError,
    HubTokenError,
    HubTransferError,
    HubUnreachableError,
)

if TYPE_CHECKING:
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError

RepoType = Literal["model", "space", "dataset"]

_COMMIT = re.compile(r"[0-9a-f]{40}")
_TIMEOUT = 10  # seconds
_NO_TOKEN = "There is no token for the Hub. Make one that may write, and set HF_TOKEN or run: hf auth login"
_AGAIN = "Files that arrived whole are kept: run the same again to complete it."


def require_repo_id(repo_id: str) -> None:
    """Make sure that this can be the name of a repository.

    Raises:
        HubNameError: if not.
    """
    switch_telemetry_off()
    from huggingface_hub.errors import HFValidationError
    from huggingface_hub.utils import validate_repo_id

    try:
        validate_repo_id(repo_id)
    except HFValidationError:
        good = False
    else:
        good = repo_id.count("/") == 1
    if not good:
        raise HubNameError(
            f"{repo_id!r} is no name of a repository. It is OWNER/NAME, of letters, digits, '-', '_' and '.', "
            "without '--' or '..', and at most 96 characters long."
        )


def require_commit(revision: str) -> None:
    """Make sure that a revision is pinned: the full hash of a commit, which no owner can move to other content.

    Raises:
        HubNameError: for a branch, a tag or a short hash.
    """
    if not _COMMIT.fullmatch(revision):
        raise HubNameError(
            f"{revision!r} does not pin a revision. Give the full hash of a commit, 40 digits of 0-9 and a-f; "
            "branches and tags can be moved to other files."
        )


def download(
    repo_id: str, revision: str, *, patterns: Sequence[str] | None = None, repo_type: RepoType = "model"
) -> Path:
    """Files of a repository as of one commit, kept in the cache of huggingface_hub.

    The Hub is not asked for what the cache holds.

    Args:
        repo_id: `OWNER/NAME`.
        revision: full hash of the commit.
        patterns: of the files that are wanted, as for `fnmatch`; all of them if left out.
        repo_type: of the repository.

    Returns:
        The folder they are in; not to be written to.

    Raises:
        HubError: in plain words.
    """
    require_repo_id(repo_id)
    require_commit(revision)
    api, wanted = client(), None if patterns is None else list(patterns)
    from huggingface_hub import get_cached_repo_tree
    from huggingface_hub.errors import CachedRepoTreeNotFoundError

    with hub_errors(repo_id, revision):
        try:
            get_cached_repo_tree(repo_id, revision=revision, repo_type=repo_type)
        except CachedRepoTreeNotFoundError:
            # A firewall that swallows requests would hold the download for minutes.
            api.repo_info(repo_id, revision=revision, repo_type=repo_type, timeout=_TIMEOUT)
        return Path(api.snapshot_download(repo_id, revision=revision, allow_patterns=wanted, repo_type=repo_type))


def evict(revision: str) -> None:
    """Remove one commit's files from the cache, so that the next download fetches them again."""
    switch_telemetry_off()
    from huggingface_hub import scan_cache_dir

    scan_cache_dir().delete_revisions(revision).execute()


def switch_telemetry_off() -> None:
    """Keep who loads or publishes what private; huggingface_hub reads this once, while it is imported."""
    os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"


@functools.cache
def client() -> "HfApi":
    """The client of the Hub that HF_ENDPOINT names."""
    switch_telemetry_off()
    from huggingface_hub import HfApi
    from huggingface_hub.utils import disable_progress_bars, logging

    # Its warnings of each repeated attempt would bury the one line that says what failed.
    logging.set_verbosity_error()
    if not sys.stderr.isatty():
        disable_progress_bars()
    return HfApi()


@contextmanager
def hub_errors(repo_id: str, revision: str | None = None) -> Iterator[None]:
    """Raise what fails within as a HubError, in plain words."""
    from huggingface_hub.errors import HTTPError, OIDCError

    # RuntimeError: an upload, by either way of transfer. The last three: an answer that is not what the Hub sends.
    try:
        yield
    except (HTTPError, OIDCError, OSError, RuntimeError, ValueError, LookupError, TypeError) as error:
        raise _hub_error(error, repo_id, revision) from error


def _hub_error(error: BaseException, repo_id: str, revision: str | None) -> HubError:
    from httpx2 import ConnectError, TimeoutException
    from huggingface_hub import constants, errors

    match error:
        case errors.LocalTokenNotFoundError():
            return HubTokenError(_NO_TOKEN)
        case errors.OfflineModeIsEnabled():
            what = f"{repo_id} at {revision} is not complete in the cache, and " if revision else ""
            return HubUnreachableError(f"{what}HF_HUB_OFFLINE forbids to ask the Hub. Unset it to go online.")
        case errors.LocalEntryNotFoundError() | RuntimeError() if error.__cause__ is not None:
            # What huggingface_hub wraps around the cause.
            return _hub_error(error.__cause__, repo_id, revision)
        case errors.RevisionNotFoundError():
            return HubNotFoundError(f"{repo_id} has no revision {revision} on the Hub.")
        case errors.RepositoryNotFoundError():
            return HubNotFoundError(
                f"There is no repository {repo_id} on the Hub, or it is private and the token, if any, may not see it."
            )
        case errors.HfHubHTTPError():
            return _refused(error, repo_id)
        case ConnectError() | TimeoutException():
            return HubUnreachableError(f"The Hub cannot be reached at {constants.ENDPOINT}.")
        case PermissionError(errno=None):
            return _forbidden(repo_id)
        case OSError(errno=int()):
            return HubError(f"A file for or from the Hub cannot be read or written: {error.strerror}.")
        case errors.HTTPError() | OSError() | RuntimeError():
            return HubTransferError(f"The connection to {repo_id} was cut. {_AGAIN}")
        case errors.OIDCError():
            return HubTokenError("HF_OIDC_RESOURCE is set, but no token was given for it.")
    return HubError(f"The answer of {constants.ENDPOINT} is not one of a Hub, or it refuses the model card.")


def _refused(error: "HfHubHTTPError", repo_id: str) -> HubError:
    """The error that a status of the Hub stands for."""
    status = error.response.status_code
    if status == 401:
        return HubTokenError("The Hub does not know the token. Make a new one, and set HF_TOKEN or run: hf auth login")
    if status == 403:
        return _forbidden(repo_id)
    if status == 429:
        return HubUnreachableError("The Hub has had too many requests from here. Wait some minutes and try again.")
    if status >= 500:
        return HubUnreachableError(f"The Hub has a fault of its own (status {status}). Try again later.")
    return HubError(f"The Hub refuses the request about {repo_id} (status {status}).")


def _forbidden(repo_id: str) -> HubError:
    return HubTokenError(f"The token may not do this with {repo_id}. Make one that may.")
