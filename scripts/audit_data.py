#!/usr/bin/env python3
"""Audit a data set: counts, unreadable files, duplicates, patients shared between parts or classes, sizes."""

from pneumonia.cli.commands.audit_data import main
from pneumonia.cli.exit_codes import run_command

if __name__ == "__main__":
    run_command(main)
