#!/usr/bin/env python3
from pneumonia.__main__ import run_script

if __name__ == "__main__":
    run_script(__file__)
