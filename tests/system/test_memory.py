"""Memory that large images took goes back to the system."""

import platform
import subprocess
import sys

import pytest

from scripts import ROOT

# Blocks of some megabytes between small ones that stay, as one reading after the other leaves them.
_PROGRAM = """
import os
import sys
import numpy as np
from demo.server.malloc import return_large_blocks
from scripts.studies.timing import resident_megabytes
if sys.argv[1] == "returned":
    return_large_blocks()
np.ones(30 * 2**20, np.uint8)
before = resident_megabytes(os.getpid())
blocks, small = [], []
for _ in range(20):
    blocks.append(np.ones(8 * 2**20, np.uint8))
    small.append(np.ones(2**16, np.uint8))
del blocks
print(resident_megabytes(os.getpid()) - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="of this C library nothing is asked")
def test_blocks_of_some_megabytes_go_back_to_the_system():
    def kept(how):
        command = [sys.executable, "-c", _PROGRAM, how]
        return float(subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT, timeout=60).stdout)

    assert kept("returned") < 10
    assert kept("as it is") > 100  # else there is nothing to do any more
