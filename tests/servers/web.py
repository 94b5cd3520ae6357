"""Handlers that speak HTTP/1.1, well or badly."""

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping

from tests.servers.bucket import TokenBucket
from tests.servers.tcp import Handler, reset

Reader, Writer = asyncio.StreamReader, asyncio.StreamWriter
Answer = bytes | Callable[[Writer, str], AsyncIterator[None]]
SEGMENT_BYTES = 1448


async def request_of(reader: Reader) -> str:
    """The head of a request, as text."""
    return (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")


def head(
    status: int = 200, headers: Mapping[str, str] | None = None, reason: str = "Said"
) -> bytes:
    """The head of an answer."""
    lines = [f"HTTP/1.1 {status} {reason}"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def whole(
    body: bytes, status: int = 200, headers: Mapping[str, str] | None = None
) -> bytes:
    """A whole answer with its length."""
    length = {"Content-Length": str(len(body))}
    return head(status, length | dict(headers or {})) + body


def chunked(parts: Iterable[bytes]) -> bytes:
    """A whole answer in chunks."""
    frames = (b"%x\r\n%s\r\n" % (len(part), part) for part in parts)
    return head(200, {"Transfer-Encoding": "chunked"}) + b"".join(frames) + b"0\r\n\r\n"


def says(answer: bytes, *, after_s: float = 0.0) -> Handler:
    """The same answer to everybody, after a while."""

    async def handler(reader: Reader, writer: Writer) -> None:
        await request_of(reader)
        await asyncio.sleep(after_s)
        writer.write(answer)
        await writer.drain()

    return handler


def site(pages: Mapping[str, bytes], seen: list[str] | None = None) -> Handler:
    """Answers by path (404 for others); notes each request's head in `seen`."""

    async def handler(reader: Reader, writer: Writer) -> None:
        request = await request_of(reader)
        if seen is not None:
            seen.append(request)
        path = request.split(" ")[1]
        writer.write(pages.get(path, whole(b"", 404)))
        await writer.drain()

    return handler


def drips(
    first: bytes,
    drop: bytes,
    *,
    every_s: float,
    n_drops: int | None = None,
    hold: bool = True,
) -> Handler:
    """Says `first`, then a drop every now and then, for ever or `n_drops` times."""

    async def handler(reader: Reader, writer: Writer) -> None:
        await request_of(reader)
        writer.write(first)
        for _ in itertools.count() if n_drops is None else range(n_drops):
            await writer.drain()
            await asyncio.sleep(every_s)
            writer.write(drop)
        await writer.drain()
        if hold:
            await asyncio.Event().wait()

    return handler


def floods(first: bytes, flood: bytes) -> Handler:
    """Says `first`, then the same bytes without end, as fast as they are taken."""
    return drips(first, flood, every_s=0.0)


def then_resets(first: bytes) -> Handler:
    """Says `first`, waits a moment so that it is read, and resets the connection."""

    async def handler(reader: Reader, writer: Writer) -> None:
        await request_of(reader)
        writer.write(first)
        await writer.drain()
        await asyncio.sleep(0.5)
        reset(writer)

    return handler


def paced(
    body: bytes,
    rate_bps: float,
    *,
    burst_bytes: int = 4_000,
    sent_s: list[float] | None = None,
) -> Handler:
    """The body at the rate of a token bucket, segment by segment.

    `sent_s` gets the instant of every segment: on a busy machine the sender is late
    itself, and then this is the truth.
    """

    async def handler(reader: Reader, writer: Writer) -> None:
        await request_of(reader)
        bucket = TokenBucket(rate_bps, burst_bytes)
        writer.write(head(200, {"Content-Length": str(len(body))}))
        for begin in range(0, len(body), SEGMENT_BYTES):
            segment = body[begin : begin + SEGMENT_BYTES]
            await bucket.take(len(segment))
            writer.write(segment)
            if sent_s is not None:
                sent_s.append(time.monotonic())
        await writer.drain()

    return handler


async def silent(reader: Reader, writer: Writer) -> None:
    """Takes whatever comes and never answers."""
    while await reader.read(65_536):
        pass


async def resets_at_once(reader: Reader, writer: Writer) -> None:
    """Resets when the first bytes come (a ClientHello, say)."""
    await reader.read(1)
    reset(writer)


async def closes_at_once(reader: Reader, writer: Writer) -> None:
    """Closes politely when the first bytes have come."""
    await reader.read(65_536)
