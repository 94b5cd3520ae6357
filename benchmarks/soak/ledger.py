"""The soak's end of the pipe through which the daemon tells what it acknowledged."""

import asyncio
import contextlib
import os

PIECE_BYTES = 1 << 16


class Ledger:
    """Everything that was acknowledged, by any of the daemons, line by line."""

    def __init__(self, handle: int) -> None:
        self._handle = handle
        self._text = bytearray()

    def read(self) -> None:
        """Take what is there."""
        with contextlib.suppress(BlockingIOError):
            while piece := os.read(self._handle, PIECE_BYTES):
                self._text += piece

    def lines(self) -> set[str]:
        """All records, as the spool would write them."""
        self.read()
        return set(bytes(self._text).decode().splitlines())


@contextlib.contextmanager
def ledger(path):
    """A ledger that listens at a path meanwhile."""
    os.mkfifo(path)
    # Also for writing: so it has no end while no daemon runs.
    handle = os.open(path, os.O_RDWR | os.O_NONBLOCK)
    loop = asyncio.get_running_loop()
    made = Ledger(handle)
    loop.add_reader(handle, made.read)
    try:
        yield made
    finally:
        loop.remove_reader(handle)
        os.close(handle)
