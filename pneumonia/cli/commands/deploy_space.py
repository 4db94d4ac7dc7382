"""Put the page on a Hugging Face Space, code and weights in one commit; private unless told otherwise."""

import argparse

from pneumonia.cli.arguments import add_publishing
from pneumonia.cli.exit_codes import DONE
from pneumonia.errors import PneumoniaError
from pneumonia.publishing import hub_upload
from pneumonia.publishing.space import README, REQUIREMENTS, space_files
from pneumonia.variants.registry import PUBLISHED
from pneumonia.weights import hub
from pneumonia.weights.folder import PROJECT_FOLDER
from pneumonia.weights.locate import find_pin


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_publishing(parser)


def run(arguments: argparse.Namespace) -> int:
    if not (PROJECT_FOLDER / "app.py").is_file():
        raise PneumoniaError("The page is not part of the installed package. Run this in a checkout of the project.")
    if arguments.dry_run:
        hub.require_repo_id(arguments.repo_id)
    else:
        hub_upload.require_publishable(arguments.repo_id)
    pins = [find_pin(variant) for variant in PUBLISHED]
    files = space_files(sorted({pin.repo_id for pin in pins if pin is not None}))
    if arguments.dry_run:
        for name in (README, REQUIREMENTS):
            content = files[name]
            print(content.decode() if isinstance(content, bytes) else content.read_text())
        print(hub_upload.describe(files))
        return DONE
    # What an earlier version had and this one has not would still be served.
    published = hub_upload.publish(
        arguments.repo_id,
        files,
        repo_type="space",
        public=arguments.public,
        message="The page, its code and its weights",
        replace=True,
    )
    print(published.link)
    return DONE
