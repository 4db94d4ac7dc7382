#!/usr/bin/env python3
"""Train a variant and write its weights folder."""

from pneumonia.cli.commands.train import main
from pneumonia.cli.exit_codes import run_command

if __name__ == "__main__":
    run_command(main)
