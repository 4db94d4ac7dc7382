"""One input of a fuzz run: what is done with it, and what counts as a finding.

Run as a script, this module is the process that libFuzzer works in and ends; it imports nothing of the library before
it watches how that is run through.
"""

import hashlib
import re
import struct
import sys
import tempfile
import time
import traceback
import zlib
from collections.abc import Callable
from pathlib import Path

TARGETS = ("decoder", "archive")
# Of the processor, for one input; watched code takes longer than it does for a user.
MOST_SECONDS = 5.0
# Above what was held before.
MOST_MEGABYTES = 500
# Of the processes as a whole: what the limits above cannot end, libFuzzer does, and keeps the input.
_HANGS_AFTER, _MOST_HELD = 120, 4096
MOST_BYTES = 200_000
_WATCHED = ("pneumonia", "pydicom", "PIL", "pylibjpeg", "openjpeg", "zipfile")
_PNG = b"\x89PNG\r\n\x1a\n"
_MEMORY, _RESET = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def judge(read: Callable[[bytes], object], data: bytes) -> tuple[str, str] | None:
    """Read one input.

    Args:
        read: one of what `readers` gives.
        data: the input.

    Returns:
        None, or what is wrong: `exception`, `slow` or `hungry`; and where or how much.
    """
    _RESET.write_text("5")  # from here on the peak is this input's
    held, started = _peak_megabytes(), time.process_time()
    try:
        read(data)
    except Exception as error:  # noqa: BLE001 - whatever else comes out is what is looked for
        frame = traceback.extract_tb(error.__traceback__)[-1]
        return "exception", f"{type(error).__name__} in {Path(frame.filename).name}, {frame.name}: {error}"
    seconds, megabytes = time.process_time() - started, _peak_megabytes() - held
    if seconds > MOST_SECONDS:
        return "slow", f"{seconds:.1f} seconds"
    if megabytes > MOST_MEGABYTES:
        return "hungry", f"{megabytes:.0f} MB"
    return None


def readers() -> dict[str, Callable[[bytes], object]]:
    """Functions that are tried, by name of the target; of `TARGETS`."""
    from scripts.studies.reliability.outcomes import read_or_refuse, unpack_or_refuse

    def archive(data: bytes) -> None:
        with tempfile.NamedTemporaryFile(suffix=".zip") as file:
            file.write(data)
            file.flush()
            unpack_or_refuse(Path(file.name))

    return dict(zip(TARGETS, (read_or_refuse, archive), strict=True))


def with_sums(data: bytes) -> bytes:
    """Right the check sums of a PNG, as no mutation does; other bytes stay as they are."""
    if not data.startswith(_PNG):
        return data
    mended, at = bytearray(data), len(_PNG)
    while at + 12 <= len(data):
        end = at + 8 + int.from_bytes(data[at : at + 4], "big")
        if end + 4 > len(data):
            break
        mended[end : end + 4] = struct.pack(">I", zlib.crc32(data[at + 4 : end]))
        at = end + 4
    return bytes(mended)


def _peak_megabytes() -> float:
    return int(re.search(r"VmHWM:\s+(\d+)", _MEMORY.read_text())[1]) / 1024


def _fuzz(target: str, corpus: str, findings: Path, seconds: str, seed: str) -> None:
    import atheris

    # The standard library's archives were loaded on the way here, unwatched.
    sys.modules.pop("zipfile", None)
    with atheris.instrument_imports(include=list(_WATCHED)):
        read = readers()[target]
        # Much is imported only when it is needed, and what is imported later is not watched.
        for seed_file in Path(corpus).iterdir():
            judge(read, seed_file.read_bytes())

    def one_input(data: bytes) -> None:
        found = judge(read, data)
        if found:
            kind, what = found
            # By where it is, not by its bytes: one input of each is enough. Slow ones are alike by how they begin.
            cause = what.partition(":")[0] if kind == "exception" else str(data[:4])
            path = findings / f"{kind}-{hashlib.sha256(cause.encode()).hexdigest()[:12]}"
            if not path.exists():
                path.write_bytes(data)

    def mutate(data: bytes, most: int, _: int) -> bytes:
        return with_sums(atheris.Mutate(data, most))

    flags = {
        "max_total_time": seconds,
        "seed": seed,
        "max_len": MOST_BYTES,
        "len_control": 0,
        "timeout": _HANGS_AFTER,
        "rss_limit_mb": _MOST_HELD,
        "artifact_prefix": f"{findings}/",
        "print_final_stats": 1,
    }
    atheris.Setup(
        [sys.argv[0], *(f"-{name}={value}" for name, value in flags.items()), corpus], one_input, custom_mutator=mutate
    )
    atheris.Fuzz()


if __name__ == "__main__":
    _fuzz(sys.argv[1], sys.argv[2], Path(sys.argv[3]), *sys.argv[4:])
