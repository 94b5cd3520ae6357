"""Loopback TCP and TLS servers that do what a handler says, and end cleanly."""

import asyncio
import contextlib
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field

from tests.ports import free_port

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass(slots=True)
class Served:
    """A running server."""

    port: int
    n_connections: int = 0
    tasks: set[asyncio.Task[None]] = field(default_factory=set)
    writers: list[asyncio.StreamWriter] = field(default_factory=list)
    is_over: bool = False

    async def end(self) -> None:
        """Abort all connections, also those that are only being made."""
        self.is_over = True
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        for writer in self.writers:
            writer.transport.abort()
        await asyncio.sleep(0)


@contextlib.asynccontextmanager
async def serve(
    handler: Handler,
    *,
    tls: ssl.SSLContext | None = None,
    host: str = "127.0.0.1",
    port: int = 0,
) -> AsyncIterator[Served]:
    """A server, on a free port by default; its connections are aborted at the end."""
    served = Served(0)

    async def connected(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        served.n_connections += 1
        served.writers.append(writer)
        if served.is_over:
            writer.transport.abort()
            return
        task = asyncio.ensure_future(_handled(handler, reader, writer))
        served.tasks.add(task)
        await task

    server = await asyncio.start_server(connected, host, port, ssl=tls)
    served.port = server.sockets[0].getsockname()[1]
    try:
        yield served
    finally:
        server.close()
        await served.end()


async def _handled(
    handler: Handler, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    try:
        with contextlib.suppress(OSError, asyncio.CancelledError, EOFError):
            await handler(reader, writer)
            writer.close()
            await writer.wait_closed()
    finally:
        # asyncio takes the loop from a transport that is closed, and trips over it.
        with contextlib.suppress(AttributeError):
            writer.transport.abort()


def reset(writer: asyncio.StreamWriter) -> None:
    """Close with a TCP RST instead of a FIN."""
    sock = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


@contextlib.contextmanager
def full_backlog(host: str = "127.0.0.1") -> Iterator[int]:
    """A port whose SYNs get no answer: nobody accepts, and the queue is full."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind((host, 0))
        listener.listen(0)
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]


def closed_port(host: str = "127.0.0.1") -> int:
    """A port where nobody listens."""
    return free_port(host)
