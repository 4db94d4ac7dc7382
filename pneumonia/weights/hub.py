"""All talk with the Hugging Face Hub; the only importer of huggingface_hub, and only where the Hub is asked for."""

import functools
import os
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pneumonia.errors import (
    HubError,
    HubNameError,
    HubNotFoundError,
    HubTokenError,
    HubTransferError,
    HubUnreachableError,
)
from pneumonia.weights.folder import file_facts

if TYPE_CHECKING:
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError

RepoType = Literal["model", "space", "dataset"]

_COMMIT = re.compile(r"[0-9a-f]{40}")
_TAG = re.compile(r"[A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?", re.ASCII)
# Seconds.
_PATIENCE = 10
# Made by the Hub itself when a repository is created.
_OF_THE_HUB = ".gitattributes"
_NO_TOKEN = "There is no token for the Hub. Make one that may write, and set HF_TOKEN or run: hf auth login"
_AGAIN = "Files that arrived whole are kept: run the same again to complete it."


@dataclass(frozen=True)
class Published:
    """What was sent.

    Attributes:
        link: page of the repository.
        commit: full hash of the commit, which never changes its content.
    """

    link: str
    commit: str


def publish(
    repo_id: str,
    files: Mapping[str, Path | bytes],
    *,
    repo_type: RepoType = "model",
    public: bool = False,
    tag: str | None = None,
    message: str = "Publish",
    replace: bool = False,
) -> Published:
    """Send files to a repository in one commit; readers of the Hub see all of it or nothing.

    After an upload that was cut off, the same call completes it: what had arrived is not sent again.

    Args:
        repo_id: `OWNER/NAME`; made if it does not exist.
        files: what to send, by path in the repository.
        repo_type: `"space"` makes a Space that runs Gradio.
        public: whether everybody may see it.
        tag: name that the commit shall have.
        message: of the commit.
        replace: whether what else is in the repository is removed.

    Raises:
        HubError: in plain words.
    """
    require_publishable(repo_id, tag)
    client = _client()
    from huggingface_hub import CommitOperationAdd, CommitOperationDelete

    with _plainly(repo_id):
        sdk = "gradio" if repo_type == "space" else None
        link = client.create_repo(repo_id, repo_type=repo_type, private=not public, exist_ok=True, space_sdk=sdk)
        if client.repo_info(repo_id, repo_type=repo_type).private == public:
            raise HubError(_other_visibility(repo_id, public))
        operations: list[CommitOperationAdd | CommitOperationDelete] = [
            CommitOperationAdd(name, content) for name, content in files.items()
        ]
        if replace:
            kept = {*files, _OF_THE_HUB}
            there = client.list_repo_files(repo_id, repo_type=repo_type)
            operations += [CommitOperationDelete(name) for name in there if name not in kept]
        commit = client.create_commit(repo_id, operations, commit_message=message, repo_type=repo_type).oid
        if tag is not None:
            client.create_tag(repo_id, tag=tag, revision=commit, repo_type=repo_type, exist_ok=True)
            if client.repo_info(repo_id, revision=tag, repo_type=repo_type).sha != commit:
                raise HubError(
                    f"The files are in {repo_id}, but its tag {tag} names older ones and was left alone. "
                    "Run the same with another tag."
                )
    return Published(str(link), commit)


def require_publishable(repo_id: str, tag: str | None = None) -> None:
    """Make sure that nothing known in advance forbids to publish; asks the Hub whose the token is.

    Raises:
        HubError: for a bad name, no token or a wrong one, or a Hub that cannot be asked.
    """
    require_repo_id(repo_id)
    if tag is not None and not (_TAG.fullmatch(tag) and ".." not in tag):
        raise HubNameError(f"{tag!r} is no name for a tag; use letters, digits, dots and hyphens, for instance v1.0.")
    with _plainly(repo_id):
        role = _client().whoami(cache=True).get("auth", {}).get("accessToken", {}).get("role")
    if role == "read":
        raise HubTokenError("The token for the Hub may only read. Make one that may write, and set HF_TOKEN to it.")


def require_repo_id(repo_id: str) -> None:
    """Make sure that this can be the name of a repository.

    Raises:
        HubNameError: if not.
    """
    _switch_telemetry_off()
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
    client, wanted = _client(), None if patterns is None else list(patterns)
    from huggingface_hub import get_cached_repo_tree
    from huggingface_hub.errors import CachedRepoTreeNotFoundError

    with _plainly(repo_id, revision):
        try:
            get_cached_repo_tree(repo_id, revision=revision, repo_type=repo_type)
        except CachedRepoTreeNotFoundError:
            # A firewall that swallows requests would hold the download for minutes.
            client.repo_info(repo_id, revision=revision, repo_type=repo_type, timeout=_PATIENCE)
        return Path(client.snapshot_download(repo_id, revision=revision, allow_patterns=wanted, repo_type=repo_type))


def forget(revision: str) -> None:
    """Remove one commit's files from the cache, so that the next download fetches them anew."""
    _switch_telemetry_off()
    from huggingface_hub import scan_cache_dir

    scan_cache_dir().delete_revisions(revision).execute()


def describe(files: Mapping[str, Path | bytes]) -> str:
    """What `publish` would send: size in bytes, SHA-256 and path of each file, a line each."""
    lines = []
    for name, content in sorted(files.items()):
        facts = file_facts(content if isinstance(content, bytes) else content.read_bytes())
        lines.append(f"{facts['bytes']:>12,}  {facts['sha256']}  {name}")
    return "\n".join(lines)


def card_with_metadata(text: str, results: Sequence[Mapping[str, Any]], **fields: Any) -> str:
    """A model card as the Hub reads it, with a block of metadata before its text.

    Args:
        text: Markdown.
        results: arguments of `huggingface_hub.EvalResult`, one for each figure.
        fields: arguments of `huggingface_hub.ModelCardData`.
    """
    _switch_telemetry_off()
    from huggingface_hub import EvalResult, ModelCard, ModelCardData

    data = ModelCardData(eval_results=[EvalResult(**result) for result in results], **fields)
    return str(ModelCard(f"---\n{data.to_yaml()}\n---\n\n{text}"))


def _switch_telemetry_off() -> None:
    """Have nobody told who loads or publishes what; huggingface_hub reads this once, while it is imported."""
    os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"


@functools.cache
def _client() -> "HfApi":
    """The client of the Hub that HF_ENDPOINT names."""
    _switch_telemetry_off()
    from huggingface_hub import HfApi
    from huggingface_hub.utils import disable_progress_bars, logging

    # Its warnings of each repeated attempt would bury the one line that says what failed.
    logging.set_verbosity_error()
    if not sys.stderr.isatty():
        disable_progress_bars()
    return HfApi()


@contextmanager
def _plainly(repo_id: str, revision: str | None = None) -> Iterator[None]:
    """Tell what fails within as a HubError."""
    from huggingface_hub.errors import HTTPError, OIDCError

    # RuntimeError: an upload, by either way of transfer. The last three: an answer that is not what the Hub sends.
    try:
        yield
    except (HTTPError, OIDCError, OSError, RuntimeError, ValueError, LookupError, TypeError) as error:
        raise _in_plain_words(error, repo_id, revision) from error


def _in_plain_words(error: BaseException, repo_id: str, revision: str | None) -> HubError:
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
            return _in_plain_words(error.__cause__, repo_id, revision)
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
    """What a status of the Hub means."""
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


def _other_visibility(repo_id: str, public: bool) -> str:
    if public:
        return f"{repo_id} exists and is private. Make it public on its settings page, or leave out --public."
    return f"{repo_id} exists and is public, and nothing was sent. Say --public, or name another repository."
