"""Put the page on a Hugging Face Space, code and weights in one commit; private unless told otherwise."""

import argparse
from collections.abc import Sequence

from pneumonia.cli.exit_codes import DONE
from pneumonia.publishing import hub_upload
from pneumonia.publishing.space import README, REQUIREMENTS, space_files
from pneumonia.variants.registry import PUBLISHED
from pneumonia.weights import hub
from pneumonia.weights.locate import find_pin


def parse_arguments(argv: Sequence[str] | None, prog: str | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog=prog, description=__doc__)
    parser.add_argument("--repo-id", metavar="OWNER/NAME", required=True, help="made if it does not exist")
    parser.add_argument("--public", action="store_true", help="make a Space that everybody may use")
    parser.add_argument("--dry-run", action="store_true", help="show every file, and send nothing")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None, prog: str | None = None) -> int:
    arguments = parse_arguments(argv, prog)
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
