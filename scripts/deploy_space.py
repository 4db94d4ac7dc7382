#!/usr/bin/env python3
"""Put the page on a Hugging Face Space, code and weights in one commit; private unless told otherwise."""

import argparse

import cli

from pneumonia import hub
from pneumonia.pins import find_pin
from pneumonia.space import README, REQUIREMENTS, space_files
from pneumonia.variants import PUBLISHED


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repo-id", metavar="OWNER/NAME", required=True, help="made if it does not exist")
    parser.add_argument("--public", action="store_true", help="make a Space that everybody may use")
    parser.add_argument("--dry-run", action="store_true", help="show every file, and send nothing")
    return parser.parse_args()


def main() -> int:
    arguments = parse_arguments()
    if arguments.dry_run:
        hub.require_repo_id(arguments.repo_id)
    else:
        hub.require_publishable(arguments.repo_id)
    pins = [find_pin(variant) for variant in PUBLISHED]
    files = space_files(sorted({pin.repo_id for pin in pins if pin is not None}))
    if arguments.dry_run:
        print(files[README].decode())
        print(files[REQUIREMENTS].decode())
        print(hub.describe(files))
        return cli.DONE
    # What an earlier version had and this one has not would still be served.
    published = hub.publish(
        arguments.repo_id,
        files,
        repo_type="space",
        public=arguments.public,
        message="The page, its code and its weights",
        replace=True,
    )
    print(published.link)
    return cli.DONE


if __name__ == "__main__":
    cli.run(main)
