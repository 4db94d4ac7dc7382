"""`pneumonia COMMAND`, or `python -m pneumonia COMMAND`."""

import argparse
import importlib
import sys
from collections.abc import Sequence
from pathlib import Path

from pneumonia._version import __version__
from pneumonia.cli.exit_codes import DONE, run_command

# Each is a module of `pneumonia.cli.commands`, imported only when it is named: some take seconds.
COMMANDS = {
    "predict": "read radiographs: files, and folders with everything in them",
    "dicom-node": "take radiographs by C-STORE, read them, and send the objects to an archive",
    "verify-receipt": "read an image again and compare with the receipt of its reading",
    "recalibrate": "calibrate a variant to a site, from labelled radiographs of it",
    "evaluate": "score labelled radiographs at the locked operating points",
    "get-data": "fetch the public chest X-ray data set and lay it out for training",
    "audit-data": "find unreadable files, duplicates and shared patients in a data set",
    "train": "train a variant and write its weights folder",
    "cross-validate": "train a variant several times, each time judged on images held out",
    "search": "search for the values a variant trains best with",
    "export": "write a trained network in another form, after comparing the two",
    "push-to-hub": "put a weights folder on the Hugging Face Hub",
    "deploy-space": "put the page on a Hugging Face Space, from a checkout of the project",
}


def main(argv: Sequence[str] | None = None) -> None:
    """Run a command and exit with its status.

    Args:
        argv: the command's name and its arguments; those of the process if None.
    """
    run_command(lambda: _run(sys.argv[1:] if argv is None else argv))


def run_script(path: str) -> None:
    """Run the command that a script of the checkout is named after, with the arguments of the process."""
    main([Path(path).stem.replace("_", "-"), *sys.argv[1:]])


def _run(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="pneumonia", description="Read chest radiographs for pneumonia.")
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True, title="commands")
    parsers = {name: commands.add_parser(name, help=summary) for name, summary in COMMANDS.items()}
    if not argv or argv[0] not in COMMANDS:
        # Ends with the help, the version, or what is wrong.
        parser.parse_args(argv)
        return DONE
    name, *rest = argv
    module = importlib.import_module(f"pneumonia.cli.commands.{name.replace('-', '_')}")
    parsers[name].description = (module.__doc__ or "").partition("\n\n")[0]
    module.add_arguments(parsers[name])
    return module.run(parsers[name].parse_args(rest))


if __name__ == "__main__":
    main()
