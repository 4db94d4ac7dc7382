"""How glibc's allocator treats large blocks; with another C library nothing is changed."""

import ctypes
import sys

# Of glibc's malloc.h.
_M_TRIM_THRESHOLD = -1
_M_MMAP_THRESHOLD = -3
_M_MMAP_MAX = -4
_M_ARENA_MAX = -8
_LARGE = 2**20
_NEVER = -1


def return_large_blocks() -> None:
    """Have blocks over one MiB go back to the system as soon as they are free, as a server wants it.

    glibc by itself raises that limit to as much as 32 MiB as such blocks come and go, and keeps what is smaller: memory
    then grows in steps.
    """
    _set({_M_MMAP_THRESHOLD: _LARGE})


def keep_large_blocks() -> None:
    """Have freed blocks used again, whatever their size, as a training wants it.

    Every step of a training asks for the same feature maps of hundreds of megabytes. glibc by itself has the system
    make each of them anew, page by page.
    """
    # A block of another arena than the first cannot be larger than 64 MiB.
    _set({_M_MMAP_MAX: 0, _M_TRIM_THRESHOLD: _NEVER, _M_ARENA_MAX: 1})


def _set(options: dict[int, int]) -> None:
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if mallopt is not None:
        for name, value in options.items():
            mallopt(name, value)
