"""A way to a site that is not the home's usual one: an interface, or a proxy here.

The site's address is looked up at home and pinned: both ways ask one server. What fails
on this side of the site is the way's failure, in the step of connecting.
"""

import socket
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from monitor.clock import Clock
from monitor.probe.channel import PlainChannel
from monitor.probe.failure import ProbeFailedError
from monitor.probe.readiness import connected, send_all

WAY_DOWN: Final = "unknown_failure: way_down"
"""The interface is not there, or the proxy does not answer."""
_HEAD_MAX_BYTES: Final = 16_384
_SOCKS_FAILURES: Final = {
    1: "socks_error",
    2: "socks_connection_not_allowed",
    3: "socks_network_unreachable",
    4: "socks_host_unreachable",
    5: "socks_connection_refused",
    6: "socks_ttl_expired",
}
"""RFC 1928, section 6."""
_SOCKS_ADDRESS_BYTES: Final = {1: 4, 4: 16}


@dataclass(frozen=True, slots=True, kw_only=True)
class Tunnel:
    """One way, by name.

    Attributes
    ----------
    name : `path` of its samples.
    interface : what the connection is bound to; None: the usual one.
    proxy : `socks5://host:port` or `http://host:port`; None: none.
    """

    name: str
    interface: str | None = None
    proxy: str | None = None

    async def connect(
        self, sock: socket.socket, address: tuple[str, int], clock: Clock
    ) -> tuple[float, float]:
        """Connect to an address by this way: when it began and when it was done [s].

        Raises
        ------
        ProbeFailedError
            The way is down, or says that it cannot reach the address.
        OSError
            What an interface says of the address.
        """
        if self.proxy is None:
            self._bind(sock)
            return await connected(sock, address, clock)
        parts = urlsplit(self.proxy)
        try:
            began_s, _ = await connected(
                sock, (parts.hostname or "", parts.port or 0), clock
            )
        except OSError as error:
            raise ProbeFailedError(WAY_DOWN) from error
        ask = _ask_socks if parts.scheme == "socks5" else _ask_http
        await ask(_Proxy(sock, clock), *address)
        return began_s, clock.monotonic_s()

    def family(self, address: str) -> socket.AddressFamily:
        """The family of the socket that goes to an address by this way."""
        proxy_host = urlsplit(self.proxy).hostname if self.proxy else None
        return socket.AF_INET6 if ":" in (proxy_host or address) else socket.AF_INET

    def _bind(self, sock: socket.socket) -> None:
        if self.interface is None:
            return
        name = self.interface.encode() + b"\0"
        try:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, name)
        except OSError as error:
            raise ProbeFailedError(WAY_DOWN) from error


DIRECT: Final = Tunnel(name="direct")


class _Proxy:
    """A conversation with a proxy that takes no byte more than the proxy's own."""

    def __init__(self, sock: socket.socket, clock: Clock) -> None:
        self._sock = sock
        self._clock = clock

    async def send(self, data: bytes) -> None:
        await send_all(self._sock, data, self._clock)

    async def read(self, n_bytes: int) -> bytes:
        """So many bytes; what comes after them stays for the site's protocol."""
        channel = PlainChannel(self._sock, self._clock, n_bytes)
        data = b""
        while len(data) < n_bytes:
            piece = bytes(await channel.receive())
            if not piece:
                raise ProbeFailedError("socks_error")
            data += piece
        return data

    async def read_until(self, is_whole: Callable[[bytes], bool]) -> bytes:
        data = b""
        while not is_whole(data):
            if len(data) > _HEAD_MAX_BYTES:
                raise ProbeFailedError("socks_error")
            data += await self.read(1)
        return data


async def _ask_socks(proxy: _Proxy, address: str, port: int) -> None:
    await proxy.send(b"\x05\x01\x00")
    version, method = await proxy.read(2)
    if (version, method) != (5, 0):
        raise ProbeFailedError("socks_error")
    packed = ip_address(address).packed
    kind = 4 if ":" in address else 1
    await proxy.send(bytes((5, 1, 0, kind)) + packed + port.to_bytes(2, "big"))
    version, outcome, _, bound_kind = await proxy.read(4)
    if version != 5 or outcome:
        raise ProbeFailedError(_SOCKS_FAILURES.get(outcome, "socks_error"))
    if bound_kind not in _SOCKS_ADDRESS_BYTES:
        raise ProbeFailedError("socks_error")
    await proxy.read(_SOCKS_ADDRESS_BYTES[bound_kind] + 2)


async def _ask_http(proxy: _Proxy, address: str, port: int) -> None:
    place = f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
    await proxy.send(f"CONNECT {place} HTTP/1.1\r\nHost: {place}\r\n\r\n".encode())
    head = await proxy.read_until(lambda data: data.endswith(b"\r\n\r\n"))
    _, _, rest = head.partition(b" ")
    status = rest[:3].decode("ascii", "replace")
    if not head.startswith(b"HTTP/1.") or not status.isdigit():
        raise ProbeFailedError("socks_error")
    if not status.startswith("2"):
        raise ProbeFailedError(f"unknown_failure: proxy_status_{status}")
