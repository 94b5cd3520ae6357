"""The default route and the traffic counter of its interface, read from Linux files."""

import struct
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path

_IS_UP_WITH_GATEWAY = 0x3
_ARP_COMPLETE = 0x2


@dataclass(frozen=True, slots=True)
class DefaultRoute:
    """The IPv4 default route: interface name and gateway address."""

    interface: str
    gateway: str


def default_route(text: str) -> DefaultRoute | None:
    """The default route with the lowest metric in the text of /proc/net/route."""
    rows = [line.split() for line in text.splitlines()[1:]]
    routes = [
        (int(row[6]), row[0], _address(row[2]))
        for row in rows
        if len(row) >= 8
        and row[1] == row[7] == "00000000"
        and int(row[3], 16) & _IS_UP_WITH_GATEWAY == _IS_UP_WITH_GATEWAY
    ]
    if not routes:
        return None
    _, interface, gateway = min(routes)
    return DefaultRoute(interface, gateway)


@dataclass(frozen=True, slots=True)
class NetworkFiles:
    """The kernel's network files below `root`; all answers are None off Linux."""

    root: Path = Path("/")

    def route(self) -> DefaultRoute | None:
        """The default route now."""
        return default_route(self._text("proc/net/route"))

    def received_bytes(self, interface: str) -> int | None:
        """Bytes received on an interface since it came up."""
        text = self._text(f"sys/class/net/{interface}/statistics/rx_bytes")
        return int(text) if text else None

    def is_neighbour(self, address: str) -> bool:
        """Whether the neighbour (ARP) table has a complete entry for an address."""
        rows = [line.split() for line in self._text("proc/net/arp").splitlines()[1:]]
        return any(
            len(row) >= 3 and row[0] == address and int(row[2], 16) & _ARP_COMPLETE
            for row in rows
        )

    def _text(self, name: str) -> str:
        try:
            return (self.root / name).read_text()
        except OSError:
            return ""


def _address(hexadecimal: str) -> str:
    return str(IPv4Address(struct.pack("<I", int(hexadecimal, 16))))
