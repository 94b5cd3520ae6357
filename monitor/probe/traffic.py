"""What the line carried to us for one errand, counted at our sockets.

Counted are the frames as the interface counts them: what TCP or UDP carried (TLS,
heads, chunks, bodies, names) and 14 bytes of Ethernet, 20 or 40 of IP and 32 or 8 of
TCP or UDP for each segment. Off Linux, where TCP tells nothing, 6 % stand for that.
Not seen is what was still on its way when a connection was closed.
"""

import socket
from dataclasses import dataclass
from typing import Final

from monitor.probe.kernel import arrived

_ETHERNET_BYTES: Final = 14
_IP_BYTES: Final = {socket.AF_INET: 20, socket.AF_INET6: 40}
_TCP_BYTES: Final = 32
"""With time stamps, as Linux sends them."""
_UDP_BYTES: Final = 8


@dataclass(slots=True)
class Traffic:
    """Received on the wire so far [bytes]."""

    received_bytes: int = 0

    def add_connection(self, sock: socket.socket, read_bytes: int = 0) -> None:
        """Count a TCP connection that is about to be closed, once.

        Parameters
        ----------
        read_bytes : what was read of it, for systems that do not tell what arrived.
        """
        counted = arrived(sock)
        if counted is None:
            self.received_bytes += int(1.06 * read_bytes)
            return
        header_bytes = _header_bytes(sock) + _TCP_BYTES
        self.received_bytes += counted.n_bytes + header_bytes * counted.n_segments

    def add_datagram(self, sock: socket.socket, n_bytes: int) -> None:
        """Count a UDP datagram by its content [bytes]."""
        self.received_bytes += n_bytes + _header_bytes(sock) + _UDP_BYTES


def _header_bytes(sock: socket.socket) -> int:
    return _ETHERNET_BYTES + _IP_BYTES[socket.AddressFamily(sock.family)]
