#!/usr/bin/env python3
"""Search for the values a variant trains best with, and print the command that trains with them."""

from pneumonia.cli.commands.search import main
from pneumonia.cli.exit_codes import run_command

if __name__ == "__main__":
    run_command(main)
