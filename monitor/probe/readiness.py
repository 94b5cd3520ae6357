"""Waiting for a socket, with the instant at which it was ready.

The instant is taken in the event loop's own callback, not when the waiting task gets
its turn. Waiting takes nothing from the socket, so that it can be cancelled without a
loss: asyncio's `sock_recv` may have read already when a timeout strikes.
"""

import asyncio
import os
import socket
from collections.abc import Callable

from monitor.clock import Clock


async def readable(sock: socket.socket, clock: Clock) -> float:
    """When there is something to read, or the stream ended [s, monotonic]."""
    loop = asyncio.get_running_loop()
    return await _ready(sock, clock, loop.add_reader, loop.remove_reader)


async def writable(sock: socket.socket, clock: Clock) -> float:
    """When there is room to write, or a connection attempt ended [s, monotonic]."""
    loop = asyncio.get_running_loop()
    return await _ready(sock, clock, loop.add_writer, loop.remove_writer)


async def send_all(sock: socket.socket, data: bytes, clock: Clock) -> None:
    """Send all of it."""
    rest = memoryview(data)
    while rest:
        try:
            rest = rest[sock.send(rest) :]
        except BlockingIOError:
            await writable(sock, clock)


async def connected(
    sock: socket.socket, address: tuple[object, ...], clock: Clock
) -> tuple[float, float]:
    """Connect a non-blocking socket: when the SYN went, when it was answered [s].

    Raises
    ------
    OSError
        With the errno of the attempt.
    """
    began_s = clock.monotonic_s()
    try:
        sock.connect(address)
    except BlockingIOError:
        ended_s = await writable(sock, clock)
        number = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if number:
            raise OSError(number, os.strerror(number)) from None
        return began_s, ended_s
    return began_s, clock.monotonic_s()


async def _ready(
    sock: socket.socket,
    clock: Clock,
    add: Callable[..., object],
    remove: Callable[[int], object],
) -> float:
    instant: asyncio.Future[float] = asyncio.get_running_loop().create_future()

    def note() -> None:
        if not instant.done():
            instant.set_result(clock.monotonic_s())

    number = sock.fileno()
    add(number, note)
    try:
        return await instant
    finally:
        remove(number)
