"""Which way a packet would go, asked of the kernel itself: netlink's RTM_GETROUTE.

Its answer holds whatever stands in the tables: rules and marks (WireGuard's), two half
routes (OpenVPN's), a route without a gateway (PPPoE). Nothing is sent anywhere.
Source: linux/rtnetlink.h.
"""

import socket
import struct
from typing import Final, NamedTuple

_NETLINK_ROUTE: Final = 0
_REQUEST: Final = 1
_NEW_ROUTE, _GET_ROUTE = 24, 26
_UNICAST: Final = 1
_DESTINATION, _INTERFACE, _GATEWAY, _VIA = 1, 4, 5, 18
_HEADER: Final = struct.Struct("=IHHII")
_ROUTE: Final = struct.Struct("=BBBBBBBBI")
_ATTRIBUTE: Final = struct.Struct("=HH")
_TIMEOUT_S: Final = 1.0


class Hop(NamedTuple):
    """The next hop: an interface, and a gateway where the route has one."""

    interface: str
    gateway: str | None


def next_hop(address: str) -> Hop | None:
    """Where the kernel would send a packet for an address; None: nowhere, or no Linux.

    A link-local gateway comes with its zone, as in `fe80::1%eth0`.
    """
    try:
        return _parsed(_asked(address))
    except (OSError, AttributeError, struct.error, ValueError):
        return None


def _asked(address: str) -> bytes:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    packed = socket.inet_pton(family, address)
    body = _ROUTE.pack(family, 8 * len(packed), 0, 0, 0, 0, 0, 0, 0)
    body += _ATTRIBUTE.pack(_ATTRIBUTE.size + len(packed), _DESTINATION) + packed
    header = _HEADER.pack(_HEADER.size + len(body), _GET_ROUTE, _REQUEST, 1, 0)
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETLINK_ROUTE) as sock:
        sock.settimeout(_TIMEOUT_S)
        sock.send(header + body)
        return sock.recv(65_536)


def _parsed(answer: bytes) -> Hop | None:
    n_bytes, kind, *_ = _HEADER.unpack_from(answer)
    if kind != _NEW_ROUTE:
        return None  # an error: there is no such route
    family, _, _, _, _, _, _, route_type, _ = _ROUTE.unpack_from(answer, _HEADER.size)
    values = _attributes(answer[_HEADER.size + _ROUTE.size : n_bytes])
    if route_type != _UNICAST or _INTERFACE not in values:
        return None
    interface = socket.if_indextoname(struct.unpack("=I", values[_INTERFACE])[0])
    return Hop(interface, _gateway(family, values, interface))


def _gateway(family: int, values: dict[int, bytes], interface: str) -> str | None:
    packed = values.get(_GATEWAY)
    if packed is None and _VIA in values:  # a gateway of the other family
        (family,), packed = struct.unpack_from("=H", values[_VIA]), values[_VIA][2:]
    if packed is None:
        return None
    address = socket.inet_ntop(family, packed)
    return f"{address}%{interface}" if address.startswith("fe80:") else address


def _attributes(body: bytes) -> dict[int, bytes]:
    values, place = {}, 0
    while place + _ATTRIBUTE.size <= len(body):
        length, kind = _ATTRIBUTE.unpack_from(body, place)
        if length < _ATTRIBUTE.size:
            break
        values[kind] = body[place + _ATTRIBUTE.size : place + length]
        place += (length + 3) & ~3
    return values
