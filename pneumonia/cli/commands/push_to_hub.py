"""Publish a weights folder on the Hugging Face Hub, in one commit, with a model card; private unless told otherwise."""

import argparse

from pneumonia.cli.arguments import add_publishing, add_weights
from pneumonia.cli.exit_codes import DONE
from pneumonia.publishing import hub_upload
from pneumonia.variants.registry import list_variants
from pneumonia.weights import hub
from pneumonia.weights.folder import WEIGHTS_FOLDER
from pneumonia.weights.locate import VARIABLE


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--variant", choices=list_variants(), required=True)
    add_publishing(parser)
    add_weights(parser)
    parser.add_argument("--tag", help="name for the commit, for instance v1.0")


def run(arguments: argparse.Namespace) -> int:
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
