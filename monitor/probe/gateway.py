"""Round trip to the default gateway: the home's own side of the line."""

import asyncio
import contextlib
import errno
import os
import socket
import struct
from collections.abc import Awaitable, Callable

from monitor.clock import Clock
from monitor.model import Operation, Probe, Role, Sample
from monitor.probe.route import NetworkFiles

TIMEOUT_S = 2.0
_TCP_PORTS = (53, 80, 443)
_ECHO, _ECHO_V6 = 8, 128

Trip = Callable[[str, Clock], Awaitable[float | None]]
"""(address, clock) -> round trip [s], or None without an answer."""


class Gateway:
    """Asks the default gateway for an answer, and remembers if it ever gave one."""

    def __init__(
        self,
        clock: Clock,
        *,
        vantage: str,
        files: NetworkFiles | None = None,
        trip: Trip | None = None,
    ) -> None:
        self._clock = clock
        self._vantage = vantage
        self._files = files or NetworkFiles()
        self._trip = trip or round_trip_s
        self._has_answered = False

    async def measure(self, round_id: str | None = None) -> Sample | None:
        """Round trip to the gateway now; None when it cannot be judged.

        A silent gateway is called unreachable only if it has answered before and is not
        in the neighbour table either: many routers answer nothing at all.
        """
        route = self._files.route()
        if route is None or route.gateway is None:
            return None
        started_at_utc = self._clock.now_utc()
        trip_s = await self._trip(route.gateway, self._clock)
        if trip_s is None and not self._is_lost(route.gateway):
            return None
        self._has_answered = True
        return Sample(
            started_at_utc=started_at_utc,
            target="_gateway",
            role=Role.CONTROL,
            vantage=self._vantage,
            probe=Probe.GATEWAY,
            connect_s=trip_s,
            failed_operation=Operation.CONNECT if trip_s is None else None,
            failure="generic_timeout_error" if trip_s is None else None,
            round_id=round_id,
        )

    def _is_lost(self, gateway: str) -> bool:
        return self._has_answered and not self._files.is_neighbour(gateway)


async def round_trip_s(address: str, clock: Clock) -> float | None:
    """Round trip to an address, by ICMP echo or else TCP; None: no answer."""
    for attempt in (_echo_s, _tcp_s):
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(TIMEOUT_S):
                return await attempt(address, clock)
    return None


async def _echo_s(address: str, clock: Clock) -> float:
    loop = asyncio.get_running_loop()
    family, place = _place(address, 0)
    is_six = family == socket.AF_INET6
    protocol = socket.IPPROTO_ICMPV6 if is_six else socket.IPPROTO_ICMP
    with socket.socket(family, socket.SOCK_DGRAM, protocol) as sock:
        sock.setblocking(False)
        await loop.sock_connect(sock, place)
        # an echo request; the kernel fills in the checksum and the identifier
        kind = _ECHO_V6 if is_six else _ECHO
        request = struct.pack("!BBHHH", kind, 0, 0, 0, 1) + os.urandom(16)
        begun_s = clock.monotonic_s()
        await loop.sock_sendall(sock, request)
        await loop.sock_recv(sock, 256)
        return clock.monotonic_s() - begun_s


async def _tcp_s(address: str, clock: Clock) -> float:
    for port in _TCP_PORTS:
        begun_s = clock.monotonic_s()
        if await _answers(address, port):
            return clock.monotonic_s() - begun_s
    raise OSError(errno.EHOSTUNREACH, "the gateway does not answer")


async def _answers(address: str, port: int) -> bool:
    family, place = _place(address, port)
    with socket.socket(family, socket.SOCK_STREAM) as sock:
        sock.setblocking(False)
        try:
            async with asyncio.timeout(TIMEOUT_S / (1 + len(_TCP_PORTS))):
                await asyncio.get_running_loop().sock_connect(sock, place)
        except ConnectionRefusedError:
            return True  # a refusal is an answer
        except TimeoutError:
            return False
    return True


def _place(address: str, port: int) -> tuple[int, tuple[object, ...]]:
    """Family and socket address of a literal address, which may have a zone."""
    kind = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV
    (place, *_) = socket.getaddrinfo(address, port, type=socket.SOCK_DGRAM, flags=kind)
    return place[0], place[4]
