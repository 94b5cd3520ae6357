"""Reading a body: counted, never kept, bounded in bytes, seconds and silence.

How a transfer ends
-------------------
* The body is complete, or `max_bytes` of it have arrived: a normal end.
* The first bytes that arrive `max_s` after the first byte of the answer, or later, end
  it: a slow sample, no failure. The end is an arrival also here, so that the rate is
  that of a whole number of arrivals.
* Nothing arrived for `silence_s`: TimeoutError. A transfer that is silent when `max_s`
  has passed is watched until it moves (slow) or has been silent so long (frozen). So it
  takes at most `max_s + silence_s`.
* The stream ended or broke too early: EOFError, OSError.
* `received_max_bytes` came over the connection, whatever they were (head, records,
  extensions of chunks): ProbeFailedError, by the channel.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from monitor.probe.channel import READ_BYTES, Channel
from monitor.probe.http import Body
from monitor.probe.short_turns import Turn
from monitor.probe.timing import Curve

_TICK_S = 0.1
_WAKE_EVERY_S = 0.02
_EVERY_ARRIVAL_S = 0.2
"""So long every arrival is read at once: slow start is seen as it is."""


_BESIDE_BODY = 1.25
_BEFORE_BODY_BYTES = 192 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Where a transfer is cut, and the longest silence in it.

    Attributes
    ----------
    max_bytes : of the body.
    window_bytes : about how much may be on its way to us at once; None: as the system
        likes, which a measurement needs. What is on its way when a transfer is cut
        arrives all the same.
    """

    max_bytes: int
    max_s: float
    silence_s: float
    window_bytes: int | None = None

    @property
    def received_max_bytes(self) -> int:
        """Most bytes that a connection may bring, TLS and all.

        An honest one is never near: a quarter more than the body is what chunks of 24
        bytes or TLS records of 100 bytes add, 192 KiB are three of the longest heads.
        """
        return _BEFORE_BODY_BYTES + int(_BESIDE_BODY * self.max_bytes)


@dataclass(slots=True)
class Meter:
    """What has arrived of one body; stays valid when the transfer breaks off.

    Parameters
    ----------
    began_s : arrival of the first byte of the answer [s, monotonic].
    keep : gets every part of the body, if somebody needs the content.
    """

    began_s: float
    keep: Callable[[bytes | memoryview], object] | None = None
    n_bytes: int = 0
    elapsed_s: float = 0.0
    curve: Curve = field(default_factory=Curve)

    def count(self, body: Body, data: bytes | memoryview, arrived_s: float) -> None:
        """Count what is body in newly received bytes."""
        before = self.n_bytes
        for part in body.feed(data):
            self.n_bytes += len(part)
            if self.keep is not None:
                self.keep(part)
        self._note(before, arrived_s)

    def add(self, n_bytes: int, arrived_s: float) -> None:
        """Count bytes of the body that arrived at an instant [s, monotonic]."""
        before = self.n_bytes
        self.n_bytes += n_bytes
        self._note(before, arrived_s)

    def _note(self, before_bytes: int, arrived_s: float) -> None:
        self.elapsed_s = arrived_s - self.began_s
        if self.n_bytes > before_bytes:
            self.curve.add(self.elapsed_s, self.n_bytes)

    def is_at(self, limits: Limits) -> bool:
        """Whether a limit in bytes or seconds is reached."""
        return self.n_bytes >= limits.max_bytes or self.elapsed_s >= limits.max_s


async def read_body(
    channel: Channel, body: Body, surplus: bytes, meter: Meter, limits: Limits
) -> None:
    """Read a body up to its end or a limit; `surplus` came with the head.

    Raises
    ------
    TimeoutError, EOFError, OSError
        As told above; the meter holds what arrived before.
    """
    data: bytes | memoryview = surplus
    await _count(data, body, meter, limits, channel.arrived_s)
    while not body.is_complete and not meter.is_at(limits):
        data = await _next(channel, _wake_bytes(body, meter, limits), limits.silence_s)
        if not data:
            body.end()
            return
        await _count(data, body, meter, limits, channel.arrived_s)


async def _count(
    data: bytes | memoryview, body: Body, meter: Meter, limits: Limits, arrived_s: float
) -> None:
    """Count newly received bytes; a body of crumbs is taken apart in short turns."""
    turn, rest = Turn(), data
    while True:
        n_bytes = body.at_once_bytes  # it may be another one after this piece
        meter.count(body, rest[:n_bytes], arrived_s)
        rest = rest[n_bytes:]
        if not rest or body.is_complete or meter.n_bytes >= limits.max_bytes:
            return
        await turn.pause()


async def _next(channel: Channel, wake_bytes: int, silence_s: float) -> memoryview:
    """The next bytes; asks for single bytes again as soon as the flow falters."""
    channel.wake_at(wake_bytes)
    if wake_bytes > 1:
        try:
            async with asyncio.timeout(min(_TICK_S, silence_s)):
                return await channel.receive()
        except TimeoutError:
            channel.wake_at(1)
    async with asyncio.timeout(silence_s):
        return await channel.receive()


def _wake_bytes(body: Body, meter: Meter, limits: Limits) -> int:
    """How many bytes are worth waking for: 20 ms of the rate so far, a power of two.

    Never more than is still to come, so that the end is not slept through; one byte
    where that is not known, and in the beginning.
    """
    if body.remaining_bytes is None or meter.elapsed_s < _EVERY_ARRIVAL_S:
        return 1
    flow = int(_WAKE_EVERY_S * meter.n_bytes / meter.elapsed_s)
    n_bytes = 1 << max(0, min(flow, READ_BYTES).bit_length() - 1)
    return min(n_bytes, body.remaining_bytes, limits.max_bytes - meter.n_bytes)
