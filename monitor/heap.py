"""The memory of a process that runs for months: what is free goes back to the system.

The C library keeps a heap for each thread and returns nothing from the middle of one,
so that a daemon would grow by a few kilobytes a round although it holds no more. Only
glibc has these calls; elsewhere nothing is done. See mallopt(3), malloc_trim(3).
"""

import ctypes
import sys
from typing import Final

_ARENA_MAX: Final = -8
"""M_ARENA_MAX of malloc.h."""
_HEAPS: Final = 2


def share_heaps() -> None:
    """Let all threads share two heaps; before there are any threads."""
    libc = _glibc()
    if libc is not None:
        libc.mallopt(_ARENA_MAX, _HEAPS)


def give_back() -> None:
    """Return free memory to the system; a few milliseconds, at a quiet moment."""
    libc = _glibc()
    if libc is not None:
        libc.malloc_trim(0)


def _glibc() -> ctypes.CDLL | None:
    if sys.platform != "linux":
        return None
    libc = ctypes.CDLL(None)
    return libc if hasattr(libc, "malloc_trim") else None
