#!/usr/bin/env python3
"""Times a reading, a folder and the start of the page, and prints the figures: a part of the study of performance."""

from pneumonia.cli.exit_codes import run_command
from scripts.studies.performance.benchmark import main

if __name__ == "__main__":
    run_command(main)
