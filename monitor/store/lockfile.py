"""A file that processes of one machine take turns by; a dead one holds nothing."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def locked(path: Path, flags: int, *, waits: bool = True) -> Iterator[int]:
    """The file, opened with the flags and locked for the block; its descriptor.

    Raises
    ------
    BlockingIOError : another holds it, and `waits` is false.
    OSError : it cannot be opened.
    """
    how = fcntl.LOCK_EX if waits else fcntl.LOCK_EX | fcntl.LOCK_NB
    while True:
        handle = os.open(path, flags | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, how)
            if _is_current(handle, path):
                yield handle
                return
        finally:
            os.close(handle)


def _is_current(handle: int, path: Path) -> bool:
    # While this process waited for the lock another may have removed the file.
    try:
        return os.path.samestat(os.fstat(handle), path.stat())
    except FileNotFoundError:
        return False
