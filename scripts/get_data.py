#!/usr/bin/env python3
"""Fetch the public chest X-ray data set and lay it out for training, as train/val/test of NORMAL and PNEUMONIA."""

from pneumonia.cli.commands.get_data import main
from pneumonia.cli.exit_codes import run_command

if __name__ == "__main__":
    run_command(main)
