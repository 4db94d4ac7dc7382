"""A server gives back the memory that large images took."""

import ctypes
import sys

# Of glibc's malloc.h.
_M_MMAP_THRESHOLD = -3
_LARGE = 2**20


def return_large_blocks() -> None:
    """Have blocks over one MiB go back to the system as soon as they are free.

    glibc by itself raises that limit to as much as 32 MiB as such blocks come and go, and keeps what is smaller: memory
    then grows in steps. With another C library nothing is changed.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if mallopt is not None:
        mallopt(_M_MMAP_THRESHOLD, _LARGE)
