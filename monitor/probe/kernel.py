"""What Linux's TCP knows about a connection, read by offset with a length check.

These are the figures of our end. On a download we are the receiver: holes show in
`rcv_ooopack` and `rcv_rtt`, while `retransmits` counts only what we sent ourselves.
"""

import socket
import struct
import sys
from dataclasses import dataclass

_NOT_MEASURED_US = 0xFFFFFFFF
_LENGTH = 256
# offsets into struct tcp_info of linux/tcp.h, which only ever grows at its end
_RTT_US = 68
_RCV_RTT_US = 92
_TOTAL_RETRANS = 100
_BYTES_RECEIVED = 128
_SEGS_IN = 140
_MIN_RTT_US = 148
_RCV_OOOPACK = 224


@dataclass(frozen=True, slots=True, kw_only=True)
class TcpFigures:
    """Kernel figures of one connection; None where the kernel gives none."""

    tcp_min_rtt_s: float | None = None
    tcp_rtt_s: float | None = None
    tcp_rcv_rtt_s: float | None = None
    tcp_retransmits: int | None = None
    tcp_rcv_ooopack: int | None = None
    tcp_segs_in: int | None = None


@dataclass(frozen=True, slots=True)
class Arrived:
    """What came over a connection, read by us or not."""

    n_bytes: int
    n_segments: int


def tcp_figures(sock: socket.socket) -> TcpFigures:
    """The figures of a socket that is not closed yet; all None off Linux."""
    return parsed_figures(_tcp_info(sock))


def arrived(sock: socket.socket) -> Arrived | None:
    """What arrived at a socket that is not closed yet; None off Linux."""
    raw = _tcp_info(sock)
    n_segments = _count(raw, _SEGS_IN)
    if n_segments is None:
        return None
    (n_bytes,) = struct.unpack_from("=Q", raw, _BYTES_RECEIVED)
    return Arrived(n_bytes, n_segments)


def _tcp_info(sock: socket.socket) -> bytes:
    if sys.platform != "linux":
        return b""
    try:
        return sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _LENGTH)
    except OSError:
        return b""


def handshake_s(sock: socket.socket) -> float | None:
    """SYN to SYN/ACK by the kernel's clock, of a socket that just connected [s].

    None where the kernel does not say, and after a repeated SYN: then only the time
    until the connection stood means anything.
    """
    figures = tcp_figures(sock)
    return None if figures.tcp_retransmits else figures.tcp_min_rtt_s


def parsed_figures(raw: bytes) -> TcpFigures:
    """The figures in the bytes of a `struct tcp_info` of any length."""
    return TcpFigures(
        tcp_min_rtt_s=_seconds(raw, _MIN_RTT_US),
        tcp_rtt_s=_seconds(raw, _RTT_US),
        tcp_rcv_rtt_s=_seconds(raw, _RCV_RTT_US),
        tcp_retransmits=_count(raw, _TOTAL_RETRANS),
        tcp_rcv_ooopack=_count(raw, _RCV_OOOPACK),
        tcp_segs_in=_count(raw, _SEGS_IN),
    )


def _count(raw: bytes, offset: int) -> int | None:
    if len(raw) < offset + 4:
        return None
    value: int = struct.unpack_from("=I", raw, offset)[0]
    return value


def _seconds(raw: bytes, offset: int) -> float | None:
    value = _count(raw, offset)
    return None if value in (None, 0, _NOT_MEASURED_US) else (value or 0) / 1e6
