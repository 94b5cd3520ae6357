"""A body in chunks taken apart, as curl and browsers read it; pure.

Lines between chunks may end in a line feed alone, sizes may have spaces behind them,
and what extensions and trailers say is passed over. No line is longer than a head may
be, nor are all trailers together.
"""

import re
from collections.abc import Iterator
from enum import Enum, auto
from typing import Final

from monitor.probe.failure import ProbeFailedError

LINE_MAX_BYTES: Final = 64 * 1024
_AT_ONCE_BYTES: Final = 2048
"""Of chunks of a few bytes: each costs as much as one of a usual size."""
_MOST_AT_ONCE_BYTES: Final = 16 * 1024
_MANY_PARTS: Final = 16
_SIZE: Final = re.compile(rb"[ \t]*([0-9A-Fa-f]{1,16})[ \t]*(?:;[^\n]*)?\r*\n")
_BLANK: Final = re.compile(rb"\r*\n")


class _Next(Enum):
    """What comes next of a body."""

    SIZE = auto()
    DATA = auto()
    END_OF_DATA = auto()
    TRAILER = auto()
    NOTHING = auto()


class ChunkedBody:
    """A body in chunks; its length is known at its end."""

    remaining_bytes = None

    def __init__(self) -> None:
        self.at_once_bytes = _AT_ONCE_BYTES
        self._next = _Next.SIZE
        self._line = b""
        """What has come of a line, or of all trailers."""
        self._n_left = 0
        """Bytes of the chunk that are still to come."""

    @property
    def is_complete(self) -> bool:
        """Whether the whole body has been fed."""
        return self._next is _Next.NOTHING

    def feed(self, data: bytes | memoryview) -> Iterator[bytes | memoryview]:
        """The parts of the body in newly received bytes.

        Raises
        ------
        ProbeFailedError
            If these are no chunks, or lines without an end.
        """
        rest, n_parts = bytes(data), 0
        while rest and not self.is_complete:
            if self._next is _Next.DATA:
                part, rest = rest[: self._n_left], rest[self._n_left :]
                self._take(len(part))
                n_parts += 1
                yield part
            else:
                rest = self._lined(rest)
        is_crumbs = n_parts > _MANY_PARTS
        self.at_once_bytes = _AT_ONCE_BYTES if is_crumbs else _MOST_AT_ONCE_BYTES

    def end(self) -> None:
        """Note the end of the stream; raises EOFError if the body is not whole."""
        if not self.is_complete:
            raise EOFError

    def _take(self, n_bytes: int) -> None:
        self._n_left -= n_bytes
        if not self._n_left:
            self._next = _Next.END_OF_DATA

    def _lined(self, data: bytes) -> bytes:
        """Take a line, or the piece of one that has come; what is behind it."""
        piece, newline, rest = data.partition(b"\n")
        self._line += piece + newline
        if len(self._line) > LINE_MAX_BYTES:
            raise _no_chunks()
        if newline:
            self._followed()
        return rest

    def _followed(self) -> None:
        """Go on behind a line that has come whole."""
        if self._next is _Next.TRAILER:
            self._pass_trailer()
            return
        line, self._line = self._line, b""
        if self._next is _Next.SIZE:
            self._begin(_SIZE.fullmatch(line))
        elif _BLANK.fullmatch(line):
            self._next = _Next.SIZE
        else:
            raise _no_chunks()

    def _begin(self, size: re.Match[bytes] | None) -> None:
        if size is None:
            raise _no_chunks()
        self._n_left = int(size[1], 16)
        self._next = _Next.DATA if self._n_left else _Next.TRAILER

    def _pass_trailer(self) -> None:
        """A blank line is the last one; the others are kept to bound their sum."""
        last = self._line[self._line.rfind(b"\n", 0, -1) + 1 :]
        if _BLANK.fullmatch(last):
            self._next = _Next.NOTHING


def _no_chunks() -> ProbeFailedError:
    return ProbeFailedError("unknown_failure: invalid_http_response")
