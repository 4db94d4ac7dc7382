#!/usr/bin/env python3
"""Read an image again and compare with the receipt of its reading: the JSON of the page's report, or a line that
predict.py --format jsonl wrote."""

from pneumonia.cli.commands.verify_receipt import main
from pneumonia.cli.exit_codes import run_command

if __name__ == "__main__":
    run_command(main)
