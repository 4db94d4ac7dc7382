#!/usr/bin/env python3
"""Train a variant several times, each time judged on images held out: five folds of patients, or two series."""

from pneumonia.cli.commands.cross_validate import main
from pneumonia.cli.exit_codes import run_command

if __name__ == "__main__":
    run_command(main)
