"""A byte stream over one own socket, plain or TLS, that knows when its bytes arrived.

TLS runs over memory BIOs, so that the instant of arrival is taken before decryption and
is the wire's, not the cipher's. Nothing is buffered beyond one read.
"""

import contextlib
import math
import socket
import ssl
from typing import Protocol, cast

from monitor.clock import Clock
from monitor.probe.failure import ProbeFailedError
from monitor.probe.readiness import readable, send_all
from monitor.probe.tls_records import Records

READ_BYTES = 256 * 1024


class Channel(Protocol):
    """What HTTP needs of a connection."""

    @property
    def arrived_s(self) -> float:
        """When the newest bytes came off the socket [s, monotonic]."""

    @property
    def began_s(self) -> float:
        """When the first byte came of what was received first [s, monotonic]."""

    async def send(self, data: bytes) -> None:
        """Send all of it."""

    async def receive(self) -> memoryview:
        """Some bytes, valid until the next call; empty at the end of the stream."""

    def wake_at(self, n_bytes: int) -> None:
        """Wake only when so many bytes wait in the kernel (or the stream ended)."""


class PlainChannel:
    """TCP without TLS.

    Parameters
    ----------
    max_bytes : as much is taken off the socket, and no more.
    """

    def __init__(
        self, sock: socket.socket, clock: Clock, max_bytes: float = math.inf
    ) -> None:
        self.arrived_s = clock.monotonic_s()
        self.received_bytes = 0
        self._max_bytes = max_bytes
        self._sock = sock
        self._clock = clock
        self._buffer = memoryview(bytearray(READ_BYTES))
        self._wake_at = 1

    @property
    def began_s(self) -> float:
        """When the first byte came of what was received first [s, monotonic]."""
        return self.arrived_s

    async def send(self, data: bytes) -> None:
        """Send all of it."""
        await send_all(self._sock, data, self._clock)

    async def receive(self) -> memoryview:
        """Some bytes, valid until the next call; empty at the end of the stream.

        Raises
        ------
        ProbeFailedError
            If `max_bytes` have come already.
        """
        if self.received_bytes >= self._max_bytes:
            raise ProbeFailedError("unknown_failure: received_too_much")
        room = self._buffer[
            : int(min(READ_BYTES, self._max_bytes - self.received_bytes))
        ]
        while True:
            # Waiting comes first, even if there is data: a flood must not keep the
            # event loop from the other probes.
            arrived_s = await readable(self._sock, self._clock)
            try:
                n_bytes = self._sock.recv_into(room)
            except BlockingIOError:
                continue
            self.arrived_s = arrived_s
            self.received_bytes += n_bytes
            return self._buffer[:n_bytes]

    def wake_at(self, n_bytes: int) -> None:
        """Wake only when so many bytes wait in the kernel (or the stream ended).

        Reading every segment on arrival costs up to ten times the CPU of reading in
        larger pieces. Where the option is missing, nothing changes but that cost.
        """
        if n_bytes == self._wake_at:
            return
        with contextlib.suppress(OSError):
            self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, n_bytes)
            self._wake_at = n_bytes


class TlsChannel:
    """TLS over a `PlainChannel`; the certificate is not judged here."""

    def __init__(
        self, transport: PlainChannel, context: ssl.SSLContext, server_name: str
    ) -> None:
        self._transport = transport
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._buffer = memoryview(bytearray(READ_BYTES))
        self._records: Records | None = Records()
        self.began_s = 0.0
        """When the first byte came of the first decrypted record [s, monotonic]."""
        self.tls = context.wrap_bio(
            self._incoming, self._outgoing, server_hostname=server_name
        )

    @property
    def arrived_s(self) -> float:
        """When the newest bytes came off the socket [s, monotonic]."""
        return self._transport.arrived_s

    async def handshake(self) -> None:
        """TLS handshake; ends when our last message of it is sent.

        Raises
        ------
        EOFError
            If the other side closed the connection in the middle.
        ssl.SSLError
            If what it says is not TLS, or it refuses.
        """
        while True:
            try:
                self.tls.do_handshake()
            except ssl.SSLWantReadError:
                await self._flush()
                await self._fill()
            else:
                await self._flush()
                return

    async def send(self, data: bytes) -> None:
        """Send all of it."""
        self.tls.write(data)
        await self._flush()

    async def say_goodbye(self) -> None:
        """Send TLS's own end (RFC 8446, 6.1) without waiting for the other side's."""
        with contextlib.suppress(ssl.SSLError):
            self.tls.unwrap()
        await self._flush()

    async def receive(self) -> memoryview:
        """All that was decrypted so far, valid until the next call; empty at the end.

        A TCP FIN without TLS's own goodbye counts as an end, as many servers do so:
        whether the body was complete is for HTTP to say.
        """
        while True:
            decrypted = self._decrypted()
            if decrypted is not None:
                self._begin()
                return decrypted
            await self._flush()
            if not await self._receive_wire():
                return self._buffer[:0]

    def _decrypted(self) -> memoryview | None:
        """Every record that is ready; empty after the end, None if none is ready."""
        n_bytes = 0
        while n_bytes < READ_BYTES:
            try:
                n_new = cast("int", self.tls.read(READ_BYTES, self._buffer[n_bytes:]))
            except ssl.SSLWantReadError:
                return self._buffer[:n_bytes] if n_bytes else None
            except ssl.SSLZeroReturnError:
                break
            if not n_new:
                break
            n_bytes += n_new
        return self._buffer[:n_bytes]

    def wake_at(self, n_bytes: int) -> None:
        """Wake only when so many bytes wait in the kernel (or the stream ended).

        The part of a record that is here already will not come again.
        """
        self._transport.wake_at(max(1, n_bytes - self._incoming.pending))

    async def _fill(self) -> None:
        if not await self._receive_wire():
            raise EOFError

    async def _receive_wire(self) -> int:
        received = await self._transport.receive()
        if self._records is not None:
            self._records.follow(received, self.arrived_s)
        return self._incoming.write(received)

    def _begin(self) -> None:
        """The first bytes of the answer are there: borders matter no longer."""
        if self._records is not None:
            self.began_s = self._records.began_s
            self._records = None

    async def _flush(self) -> None:
        pending = self._outgoing.read()
        if pending:
            await self._transport.send(pending)
