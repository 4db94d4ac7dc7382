#!/usr/bin/env python3
"""Read radiographs: files, and folders with everything in them."""

from pneumonia.cli.commands.predict import main
from pneumonia.cli.exit_codes import run_command

if __name__ == "__main__":
    run_command(main)
