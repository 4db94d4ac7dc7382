"""Memory that large images took goes back to the system, and that of a training is used again."""

import platform
import subprocess
import sys

import pytest

from scripts import ROOT

pytestmark = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="of this C library nothing is asked")
# Blocks of some megabytes between small ones that stay, as one reading after the other leaves them.
_READINGS = """
np.ones(30 * 2**20, np.uint8)
before = resident_megabytes(os.getpid())
blocks, small = [], []
for _ in range(20):
    blocks.append(np.ones(8 * 2**20, np.uint8))
    small.append(np.ones(2**16, np.uint8))
del blocks
print(resident_megabytes(os.getpid()) - before)
"""
# A block as large as a feature map of a batch, again and again.
_STEPS = """
np.ones(200 * 2**20, np.uint8)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(10):
    np.ones(200 * 2**20, np.uint8)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def _measure(what, program):
    imports = "import os, resource\nimport numpy as np\nfrom pneumonia.utils import malloc\n"
    imports += "from scripts.studies.timing import resident_megabytes\n"
    command = [sys.executable, "-c", f"{imports}{what}\n{program}"]
    return float(subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT, timeout=60).stdout)


def test_blocks_of_some_megabytes_go_back_to_the_system():
    assert _measure("malloc.return_large_blocks()", _READINGS) < 10
    assert _measure("", _READINGS) > 100  # else there is nothing to do any more


def test_large_blocks_are_not_asked_of_the_system_again():
    # Pages, of 4 KiB or of 2 MiB.
    assert _measure("malloc.keep_large_blocks()", _STEPS) < 100
    assert _measure("", _STEPS) > 900
