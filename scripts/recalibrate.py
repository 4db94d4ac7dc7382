#!/usr/bin/env python3
"""Calibrate a variant to a site, from at least 30 labelled radiographs of it; one image a patient is best."""

from pneumonia.cli.commands.recalibrate import main
from pneumonia.cli.exit_codes import run_command

if __name__ == "__main__":
    run_command(main)
