"""Servers that never come to an end, for whoever sends something to a stranger."""

import asyncio
import socket
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from tests.servers.tcp import Handler

DRIP_S = 0.2


async def _drip(writer: asyncio.StreamWriter, piece: bytes) -> None:
    while True:
        writer.write(piece)
        await writer.drain()
        await asyncio.sleep(DRIP_S)


async def _flood(writer: asyncio.StreamWriter, piece: bytes) -> None:
    while True:
        writer.write(piece)
        await writer.drain()
        # `drain` may return at once, for ever: a TLS transport of asyncio that was cut
        # takes and drops everything until the loop has told it.
        await asyncio.sleep(0)


def _after(begin: bytes, then, piece: bytes) -> Handler:
    async def handler(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        with suppress(ConnectionError):
            await reader.read(65536)
            writer.write(begin)
            await then(writer, piece)

    return handler


async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Takes everything, says nothing; also what hangs in the middle of a handshake."""
    with suppress(ConnectionError):
        while await reader.read(65536):
            pass
        await asyncio.sleep(3600)


OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
LONG = OK + b"Content-Length: 100000000000\r\n\r\n"


def _packed(n_parts: int, part: bytes = bytes(3_000_000)) -> bytes:
    # What was flushed can be repeated: a module that is loaded packs no gigabytes.
    packer = zlib.compressobj(9, wbits=31)
    first, again = (
        packer.compress(part) + packer.flush(zlib.Z_FULL_FLUSH) for _ in range(2)
    )
    return first + again * (n_parts - 1)


PACKED = _packed(100)
"""A third of a megabyte that unpacks to three hundred."""

ENDLESS: dict[str, Handler] = {
    "silence": silent,
    "dripping status": _after(b"H", _drip, b"T"),
    "dripping headers": _after(OK, _drip, b"X: a\r\n"),
    "one long header": _after(OK + b"X: ", _drip, b"a"),
    "headers": _after(OK, _flood, b"X: a\r\n" * 1000),
    "interim answers": _after(b"", _flood, b"HTTP/1.1 100 Continue\r\n\r\n" * 1000),
    "dripping chunks": _after(CHUNKED, _drip, b"1\r\na\r\n"),
    "chunks": _after(CHUNKED, _flood, b"ffff\r\n" + bytes(0xFFFF) + b"\r\n"),
    "chunk extensions": _after(CHUNKED + b"1;", _flood, b"a" * 65536),
    "dripping body": _after(LONG, _drip, b"a"),
    "body": _after(LONG, _flood, bytes(1 << 20)),
    "packed body": _after(
        OK + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(PACKED),
        _flood,
        PACKED,
    ),
}


@contextmanager
def no_room() -> Iterator[int]:
    """A port whose connections are never made: its queue is full."""
    with socket.socket() as listener, socket.socket() as first, socket.socket() as more:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for waiting in (first, more):
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]
