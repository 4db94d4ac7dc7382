"""Uploads to the Hugging Face Hub: checks before, one commit, and the metadata of a model card."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pneumonia.errors import HubError, HubNameError, HubTokenError
from pneumonia.weights.folder import file_facts
from pneumonia.weights.hub import RepoType, client, hub_errors, require_repo_id, switch_telemetry_off

_TAG = re.compile(r"[A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?", re.ASCII)
# Made by the Hub itself when a repository is created.
_OF_THE_HUB = ".gitattributes"


@dataclass(frozen=True)
class Published:
    """A commit that was sent.

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
    api = client()
    from huggingface_hub import CommitOperationAdd, CommitOperationDelete

    with hub_errors(repo_id):
        sdk = "gradio" if repo_type == "space" else None
        link = api.create_repo(repo_id, repo_type=repo_type, private=not public, exist_ok=True, space_sdk=sdk)
        if api.repo_info(repo_id, repo_type=repo_type).private == public:
            raise HubError(_other_visibility(repo_id, public))
        operations: list[CommitOperationAdd | CommitOperationDelete] = [
            CommitOperationAdd(name, content) for name, content in files.items()
        ]
        if replace:
            wanted = {*files, _OF_THE_HUB}
            there = api.list_repo_files(repo_id, repo_type=repo_type)
            operations += [CommitOperationDelete(name) for name in there if name not in wanted]
        commit = api.create_commit(repo_id, operations, commit_message=message, repo_type=repo_type).oid
        if tag is not None:
            api.create_tag(repo_id, tag=tag, revision=commit, repo_type=repo_type, exist_ok=True)
            if api.repo_info(repo_id, revision=tag, repo_type=repo_type).sha != commit:
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
    with hub_errors(repo_id):
        role = client().whoami(cache=True).get("auth", {}).get("accessToken", {}).get("role")
    if role == "read":
        raise HubTokenError("The token for the Hub may only read. Make one that may write, and set HF_TOKEN to it.")


def describe(files: Mapping[str, Path | bytes]) -> str:
    """Size in bytes, SHA-256 and path of each file that `publish` would send, a line each."""
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
    switch_telemetry_off()
    from huggingface_hub import EvalResult, ModelCard, ModelCardData

    data = ModelCardData(eval_results=[EvalResult(**result) for result in results], **fields)
    return str(ModelCard(f"---\n{data.to_yaml()}\n---\n\n{text}"))


def _other_visibility(repo_id: str, public: bool) -> str:
    if public:
        return f"{repo_id} exists and is private. Make it public on its settings page, or leave out --public."
    return f"{repo_id} exists and is public, and nothing was sent. Say --public, or name another repository."
