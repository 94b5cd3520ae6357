"""HTTP/1.1 over a channel: the request, the head of the answer, and body framing.

Heads are parsed by h11, within 64 KiB, odd lines mended before. Bodies are taken apart
here when they have a length or run to the end of the stream (nothing is copied), in
`chunks.py` when chunked.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

import h11

from monitor.probe.channel import READ_BYTES, Channel
from monitor.probe.chunks import ChunkedBody
from monitor.probe.failure import ProbeFailedError
from monitor.probe.field_lines import Fields, may_be_http, status_line
from monitor.probe.short_turns import Turn
from monitor.probe.url import site_of
from monitor.probe.wire_text import printable_bytes

HEAD_MAX_BYTES = 64 * 1024
HEAD_MAX_LINES = 1000
_AT_ONCE_BYTES = 2048
"""h11 is given no more in one step: of interim answers 256 kB cost it half a second."""
_BLANK = (b"\n", b"\r\n")
_NO_BODY = frozenset({204, 304})
_CDN_HEADERS = (
    b"server",
    b"via",
    b"x-cache",
    b"x-served-by",
    b"cf-ray",
    b"x-amz-cf-pop",
    b"x-fb-debug",
    b"x-fb-edge-debug",
    b"x-tsa-request-body-time",
    b"x-edge-location",
    b"server-timing",
    b"alt-svc",
)
_MAX_VALUE = 120
_LENGTH_DIGITS = 18


class Body(Protocol):
    """How the bytes after the head become a body."""

    @property
    def at_once_bytes(self) -> int:
        """How many bytes it takes apart in about a millisecond."""

    def feed(self, data: bytes | memoryview) -> Iterable[bytes | memoryview]:
        """The parts of the body in newly received bytes."""

    @property
    def is_complete(self) -> bool:
        """Whether the whole body has been fed."""

    @property
    def remaining_bytes(self) -> int | None:
        """How many body bytes are still to come; None when not known."""

    def end(self) -> None:
        """Note the end of the stream; raises EOFError if the body is not whole."""


class SizedBody:
    """A body of announced length; bytes beyond it are not the body's."""

    at_once_bytes = READ_BYTES

    def __init__(self, n_bytes: int) -> None:
        self.remaining_bytes = n_bytes

    @property
    def is_complete(self) -> bool:
        """Whether the whole body has been fed."""
        return self.remaining_bytes == 0

    def feed(self, data: bytes | memoryview) -> Iterable[bytes | memoryview]:
        """The parts of the body in newly received bytes."""
        part = data[: self.remaining_bytes]
        self.remaining_bytes -= len(part)
        return (part,)

    def end(self) -> None:
        """Note the end of the stream; raises EOFError if the body is not whole."""
        if self.remaining_bytes:
            raise EOFError


class StreamBody:
    """A body that ends with the stream: never known to be cut short."""

    at_once_bytes = READ_BYTES
    remaining_bytes = None

    def __init__(self) -> None:
        self.is_complete = False

    def feed(self, data: bytes | memoryview) -> Iterable[bytes | memoryview]:
        """The parts of the body in newly received bytes."""
        return (data,)

    def end(self) -> None:
        """Note the end of the stream."""
        self.is_complete = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The head of an answer, and the body that follows it."""

    status: int
    http_version: str
    headers: tuple[tuple[bytes, bytes], ...]
    body: Body
    surplus: bytes
    """Bytes that came with the head: the beginning of the body (not yet fed)."""

    def header(self, name: bytes) -> bytes | None:
        """The first value of a header, by lower-case name."""
        return next((value for key, value in self.headers if key == name), None)

    def cdn(self) -> tuple[tuple[str, str], ...]:
        """Headers that tell which cache answered, bounded and printable."""
        return kept_headers(self.headers)


def kept_headers(
    headers: Sequence[tuple[bytes, bytes]],
) -> tuple[tuple[str, str], ...]:
    """What is kept of the headers of an answer, by lower-case name: which cache it was.

    Bounded and printable. Of a redirect the scheme and host are kept: block pages are
    often elsewhere.
    """
    first = dict(reversed(headers))
    kept = [
        (name.decode(), printable_bytes(first[name], _MAX_VALUE))
        for name in _CDN_HEADERS
        if first.get(name)
    ]
    elsewhere = site_of(first.get(b"location", b"").decode("latin-1"))
    return (*kept, ("location", elsewhere)) if elsewhere else tuple(kept)


@dataclass(slots=True)
class _HeadSize:
    """What came before the body: interim answers, status line, fields."""

    n_bytes: int = 0
    n_lines: int = 0

    def add(self, part: bytes, behind: bytes = b"") -> None:
        """Count a part without what in it is behind the head."""
        self.n_bytes += len(part) - len(behind)
        self.n_lines += part.count(b"\n") - behind.count(b"\n")
        if self.n_bytes > HEAD_MAX_BYTES or self.n_lines > HEAD_MAX_LINES:
            raise ProbeFailedError("unknown_failure: response_head_too_large")


class Request:
    """One GET request, made ready ahead of its time, and the head of its answer.

    Parameters
    ----------
    target : path and query.
    headers : all of them, in the order in which they are sent.
    """

    def __init__(self, target: str, headers: dict[str, str]) -> None:
        self._connection = h11.Connection(
            h11.CLIENT, max_incomplete_event_size=HEAD_MAX_BYTES
        )
        fields = list(headers.items())
        request = h11.Request(method="GET", target=target, headers=fields)
        head = self._connection.send(request) or b""
        self.wire_bytes = head + (self._connection.send(h11.EndOfMessage()) or b"")
        self._line = b""
        self._is_first_line = True
        self._fields = Fields()

    async def first_bytes(self, channel: Channel) -> bytes:
        """The first bytes of the answer.

        Raises
        ------
        EOFError
            If the stream ended without any.
        """
        data = await channel.receive()
        if not data:
            raise EOFError
        return bytes(data)

    async def head(self, channel: Channel, first: bytes) -> Head:
        """The head that begins with `first`; interim (1xx) answers are passed over.

        Raises
        ------
        EOFError
            If the stream ended inside the head.
        h11.RemoteProtocolError, ProbeFailedError
            If the head is not HTTP, or longer than `HEAD_MAX_BYTES` or so many lines.
        """
        size, turn, data = _HeadSize(), Turn(), first
        while True:
            part, rest = data[:_AT_ONCE_BYTES], data[_AT_ONCE_BYTES:]
            response, behind = self._fed(part)
            size.add(part, behind)
            if response is not None:
                return self._head(response, behind + rest)
            await turn.pause()
            data = rest or await self.first_bytes(channel)

    def _fed(self, part: bytes) -> tuple[h11.Response | None, bytes]:
        """The head that ends in a part, and what of the part is behind it."""
        while part:
            line, newline, part = part.partition(b"\n")
            response = self._followed(line + newline)
            if response is not None:
                return response, part
        return None, b""

    def _followed(self, piece: bytes) -> h11.Response | None:
        """The head that ends with a piece of a line; interim answers are none."""
        if self._is_first_line:
            return self._begun(piece)
        self._line += piece
        if not piece.endswith(b"\n"):
            return None
        line, self._line = self._fields.mended(self._line), b""
        self._connection.receive_data(line)
        return self._next_final() if line in _BLANK else None

    def _begun(self, piece: bytes) -> h11.Response | None:
        """Take a piece of the first line; what is no HTTP is told without its end."""
        self._line += piece
        is_end = piece.endswith(b"\n")
        if not is_end and may_be_http(self._line):
            return None
        self._connection.receive_data(status_line(self._line))
        self._line, self._is_first_line = b"", not is_end
        return self._next_final()

    def _next_final(self) -> h11.Response | None:
        event = self._connection.next_event()
        if isinstance(event, h11.InformationalResponse):
            self._is_first_line, self._fields = True, Fields()
        return event if isinstance(event, h11.Response) else None

    def _head(self, response: h11.Response, surplus: bytes) -> Head:
        headers = tuple(response.headers)
        return Head(
            status=response.status_code,
            http_version=response.http_version.decode(),
            headers=headers,
            body=self._body(response.status_code, dict(headers)),
            surplus=surplus,
        )

    def _body(self, status: int, headers: dict[bytes, bytes]) -> Body:
        if status in _NO_BODY:
            return SizedBody(0)
        if b"transfer-encoding" in headers:  # h11 accepts no other coding than chunked
            return ChunkedBody()
        length = headers.get(b"content-length")
        return StreamBody() if length is None else SizedBody(_length(length))


def _length(announced: bytes) -> int:
    """An announced length; h11 has seen to it that there are digits only."""
    return int(announced[:_LENGTH_DIGITS])
