"""Publish a weights folder on the Hugging Face Hub, in one commit, with a model card; private unless told otherwise."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from pneumonia.cli.exit_codes import DONE
from pneumonia.publishing import hub_upload
from pneumonia.variants.registry import list_variants
from pneumonia.weights import hub
from pneumonia.weights.folder import WEIGHTS_FOLDER
from pneumonia.weights.locate import VARIABLE


def parse_arguments(argv: Sequence[str] | None, prog: str | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog=prog, description=__doc__)
    parser.add_argument("--variant", choices=list_variants(), required=True)
    parser.add_argument("--repo-id", metavar="OWNER/NAME", required=True, help="made if it does not exist")
    parser.add_argument("--weights", type=Path, help="weights folder (default: the one that comes with the project)")
    parser.add_argument("--tag", help="name for the commit, for instance v1.0")
    parser.add_argument("--public", action="store_true", help="make a repository that everybody may see")
    parser.add_argument("--dry-run", action="store_true", help="show the card and every file, and send nothing")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None, prog: str | None = None) -> int:
    arguments = parse_arguments(argv, prog)
    if arguments.dry_run:
        hub.require_repo_id(arguments.repo_id)
    else:
        hub_upload.require_publishable(arguments.repo_id, arguments.tag)
    # Imported only now: what is wrong with the name or the token is told without waiting for the plots' libraries.
    from pneumonia.publishing.model_repo import prepare

    folder = arguments.weights or WEIGHTS_FOLDER / arguments.variant
    publication = prepare(folder, arguments.repo_id, arguments.variant)
    if arguments.dry_run:
        print(publication.card)
        print(hub_upload.describe(publication.files))
        return DONE
    published = hub_upload.publish(
        arguments.repo_id,
        publication.files,
        public=arguments.public,
        tag=arguments.tag,
        message=publication.message,
    )
    print(published.link)
    print(f"To load it: {VARIABLE}={arguments.variant}={arguments.repo_id}@{published.commit}")
    return DONE
