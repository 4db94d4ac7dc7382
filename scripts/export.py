#!/usr/bin/env python3
"""Write a trained network in another form, after comparing the two on radiographs."""

from pneumonia.cli.commands.export import main
from pneumonia.cli.exit_codes import run_command

if __name__ == "__main__":
    run_command(main)
