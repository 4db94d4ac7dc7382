#!/usr/bin/env python3
"""Score labelled radiographs at the locked operating points; no threshold is ever changed."""

from pneumonia.cli.commands.evaluate import main
from pneumonia.cli.exit_codes import run_command

if __name__ == "__main__":
    run_command(main)
