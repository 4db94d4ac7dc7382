#!/usr/bin/env python3
"""Publish a weights folder on the Hugging Face Hub, in one commit, with a model card; private unless told otherwise."""

from pneumonia.cli.commands.push_to_hub import main
from pneumonia.cli.exit_codes import run_command

if __name__ == "__main__":
    run_command(main)
