#!/usr/bin/env python3
"""Put the page on a Hugging Face Space, code and weights in one commit; private unless told otherwise."""

from pneumonia.cli.commands.deploy_space import main
from pneumonia.cli.exit_codes import run_command

if __name__ == "__main__":
    run_command(main)
