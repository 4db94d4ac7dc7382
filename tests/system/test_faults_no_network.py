"""No network: reading asks nobody, and whoever does need it is told in a sentence."""

import os
import subprocess
import sys

import pytest

from scripts import ROOT
from scripts.studies.reliability.synthetic_images import EXAMPLE, dicom_bytes, synthetic_chest

_SAID = "used a network:"
# Python tells of its own sockets; for those of libraries in C, the kernel kills who connects or sends. That a socket is
# made is no sign yet: urllib3, which pydicom imports where it is installed, tries on this machine whether it has IPv6.
_WATCHED = f"""
import ctypes, platform, runpy, struct, sys

def tell(event, arguments):
    if event.startswith("socket.") and event not in ("socket.__new__", "socket.bind"):
        print({_SAID!r}, event, file=sys.stderr, flush=True)

sys.addaudithook(tell)

if platform.machine() == "x86_64":
    class Program(ctypes.Structure):
        _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_char_p)]

    load, equal, give = 0x20, 0x15, 0x06
    killing = (42, 44, 46, 307)  # connect, sendto, sendmsg, sendmmsg
    rules = [
        (load, 0, 0, 0),  # the number of the system call
        *((equal, len(killing) - place, 0, call) for place, call in enumerate(killing)),
        (give, 0, 0, 0x7FFF0000),  # allow
        (give, 0, 0, 0x80000000),  # kill the process
    ]
    code = b"".join(struct.pack("HBBI", *rule) for rule in rules)
    libc = ctypes.CDLL(None, use_errno=True)
    watched = libc.prctl(38, 1, 0, 0, 0) == 0 and libc.prctl(22, 2, ctypes.byref(Program(len(rules), code)), 0, 0) == 0
    print("kernel watches:", watched, file=sys.stderr, flush=True)

sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""
# What sends in C alone, so that the test below can be seen to notice.
_BY_A_LIBRARY = """
import ctypes
libc = ctypes.CDLL(None)
libc.connect(libc.socket(2, 2, 0), bytes([2, 0, 0, 9, 127, 0, 0, 1]) + bytes(8), 16)
"""
_BY_PYTHON = "import socket; socket.getaddrinfo('127.0.0.1', 80)"


def watched(script, *arguments: object) -> subprocess.CompletedProcess:
    command = [sys.executable, "-c", _WATCHED, str(script), *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=280, check=False)


@pytest.mark.promise("Reading connects to nothing and sends nothing.", part="Faults")
def test_reading_connects_to_nothing_and_sends_nothing(tmp_path):
    """Neither to another machine nor to this one, for PNG and DICOM alike, with a table and an overlay."""
    dicom = tmp_path / "chest.dcm"
    dicom.write_bytes(dicom_bytes(synthetic_chest(400)))
    maps = ("--heatmaps", tmp_path / "maps")
    done = watched(ROOT / "scripts" / "predict.py", EXAMPLE, dicom, "--variant", "custom-cnn", "--format", "csv", *maps)
    assert done.returncode == 0 and _SAID not in done.stderr, done.stderr
    assert len(list((tmp_path / "maps").iterdir())) == 2


@pytest.mark.parametrize(("program", "notices"), [(_BY_PYTHON, "python"), (_BY_A_LIBRARY, "kernel")])
def test_a_connection_would_be_noticed(program, notices, tmp_path):
    (tmp_path / "program.py").write_text(program)
    done = watched(tmp_path / "program.py")
    if notices == "python":
        assert _SAID in done.stderr
    elif "kernel watches: True" in done.stderr:
        assert done.returncode < 0, done.stdout
    else:
        pytest.skip("this kernel watches for nobody")


@pytest.mark.promise("A backbone that cannot be fetched is told in a sentence.", part="Faults")
@pytest.mark.slow
@pytest.mark.skipif(os.system("unshare -rn true 2>&-"), reason="no machine without a network can be made here")
def test_a_training_that_would_fetch_a_backbone_says_so(tmp_path):
    """In a network of its own without a single connection, and with nothing kept from before."""
    from tests.fixtures.tiny import write_tiny_data

    write_tiny_data(tmp_path / "data")
    done = subprocess.run(
        [
            *("unshare", "-rn", sys.executable, ROOT / "scripts" / "train.py", "--data", tmp_path / "data"),
            *("--variant", "mobilenetv2-frozen", "--output", tmp_path / "out", "--image-size", "64"),
        ],
        env={**os.environ, "KERAS_HOME": str(tmp_path / "keras"), "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert done.returncode == 2 and "Traceback" not in done.stderr, done.stderr
    assert done.stderr.splitlines()[-1].startswith("error: The backbone's parameters cannot be loaded")
