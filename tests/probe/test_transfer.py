"""Reading a body: few wake-ups in a fast flow, none missed in a faltering one."""

import asyncio
import socket
from contextlib import asynccontextmanager

import pytest

from monitor.clock import SystemClock
from monitor.probe.channel import PlainChannel
from monitor.probe.http import SizedBody, StreamBody
from monitor.probe.readiness import connected
from monitor.probe.transfer import Limits, Meter, read_body
from tests.servers.bucket import TokenBucket
from tests.servers.tcp import serve
from tests.waiting import PATIENCE_S, least

CLOCK = SystemClock()
LIMITS = Limits(max_bytes=1 << 30, max_s=PATIENCE_S, silence_s=2)


class CountingChannel(PlainChannel):
    """A channel that counts how often it had something."""

    n_reads = 0

    async def receive(self) -> memoryview:
        self.n_reads += 1
        return await super().receive()


@asynccontextmanager
async def receiving(handler):
    """A channel to a server of raw bodies, and the meter of the transfer."""
    async with serve(handler) as server:
        with socket.socket() as sock:
            sock.setblocking(False)
            await connected(sock, ("127.0.0.1", server.port), CLOCK)
            channel = CountingChannel(sock, CLOCK)
            yield channel, Meter(CLOCK.monotonic_s())


def flowing(n_bytes: int, rate_bps: float, ended_s: list[float] | None = None):
    async def handler(reader, writer):
        bucket = TokenBucket(rate_bps, 1_000)
        for _ in range(n_bytes // 1000):
            await bucket.take(1000)
            writer.write(bytes(1000))
        await writer.drain()
        if ended_s is not None:
            ended_s.append(CLOCK.monotonic_s())
        await asyncio.Event().wait()  # no end of stream that would wake the reader

    return handler


async def test_fast_flow_is_read_in_large_pieces_to_its_last_byte():
    n_bytes = 1_500_000

    async def lateness_s() -> float:
        ended_s: list[float] = []
        async with receiving(flowing(n_bytes, 12e6, ended_s)) as (channel, meter):
            await read_body(channel, SizedBody(n_bytes), b"", meter, LIMITS)
            n_reads = channel.n_reads
        assert meter.n_bytes == n_bytes
        assert n_reads < 0.6 * n_bytes / 1000
        return abs(meter.began_s + meter.elapsed_s - ended_s[0])

    assert await least(lateness_s, enough=0.04) <= 0.04


async def test_flow_that_falters_is_still_seen_byte_by_byte():
    async def handler(reader, writer):
        await flowing_then_dripping(writer)

    async with receiving(handler) as (channel, meter):
        await read_body(channel, SizedBody(2_000_000), b"", meter, LIMITS)
    elapsed_s = [at_s for at_s, n_bytes in meter.curve.points() if n_bytes > 1_999_000]
    assert meter.n_bytes == 2_000_000
    assert len(elapsed_s) >= 3
    assert elapsed_s[-1] - elapsed_s[0] > 0.5


async def flowing_then_dripping(writer):
    for _ in range(20):
        writer.write(bytes(99_950))
        await asyncio.sleep(0.02)
    for _ in range(10):
        await asyncio.sleep(0.15)
        writer.write(bytes(100))
    await writer.drain()
    await asyncio.Event().wait()


async def test_silence_ends_a_transfer_and_keeps_what_came():
    async def handler(reader, writer):
        writer.write(bytes(5_000))
        await asyncio.Event().wait()

    async with receiving(handler) as (channel, meter):
        with pytest.raises(TimeoutError):
            await read_body(channel, StreamBody(), b"", meter, LIMITS)
    assert meter.n_bytes == 5_000


async def test_bytes_that_came_with_the_head_count():
    async with receiving(flowing(1000, 1e6)) as (channel, meter):
        kept = bytearray()
        meter.keep = kept.extend
        await read_body(channel, SizedBody(1004), b"head", meter, LIMITS)
    assert (meter.n_bytes, bytes(kept[:5])) == (1004, b"head\x00")
