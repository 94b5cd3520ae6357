"""The way out of this machine and the traffic counter of its interface, on Linux."""

import hashlib
import struct
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Address, ip_address, ip_network
from pathlib import Path
from typing import Final

from monitor.probe.netlink import next_hop

_IS_UP, _HAS_GATEWAY, _IS_REJECTED = 0x1, 0x2, 0x200
_ARP_COMPLETE = 0x2
_OUT_IN_THE_NET: Final = ("198.41.0.4", "2001:503:ba3e::2:30")
"""A root name server's addresses, to ask the kernel the way by: IPv4, then IPv6.
Nothing is sent there. Addresses for documentation are some home's network at times."""
_HALVES: Final = {("00000000", "00000080"), ("00000080", "00000080")}
"""Destination and mask of 0.0.0.0/1 and 128.0.0.0/1, as the kernel writes them."""
_TUNNEL_TYPES: Final = {"65534": "tun", "768": "ipip", "776": "sit", "778": "gre"}
"""Hardware types of linux/if_arp.h."""
_PPP_TYPE: Final = "512"
_PHONE_DRIVERS: Final = frozenset({"rndis_host", "ipheth"})
_PHONE_NETWORKS: Final = tuple(
    map(ip_network, ("172.20.10.0/28", "192.168.42.0/24", "192.168.43.0/24"))
)
"""Which iOS and older Androids give to those who are online through them."""


class WayKind(StrEnum):
    """What carries a home's packets."""

    LINE = "line"
    TUNNEL = "tunnel"
    PHONE = "phone"


@dataclass(frozen=True, slots=True)
class DefaultRoute:
    """The way out: interface name, and gateway address where there is one."""

    interface: str
    gateway: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WayOut:
    """The way out without addresses.

    Attributes
    ----------
    interface : kind of interface: ethernet, wifi, ppp, wireguard, tun, usb, ...
    gateway : tells two gateways apart and neither of them to anybody; empty: none.
    """

    kind: WayKind
    interface: str
    gateway: str = ""

    def __str__(self) -> str:
        """`line/ethernet/3f2a`, as it is stored."""
        parts = (self.kind.value, self.interface, self.gateway)
        return "/".join(part for part in parts if part)


def default_route(text: str) -> DefaultRoute | None:
    """The default route in the text of /proc/net/route: half routes, lowest metric."""
    rows = [line.split() for line in text.splitlines()[1:]]
    routes = []
    for row in rows:
        if len(row) < 8 or not _is_default(row[1], row[7]):
            continue
        flags = int(row[3], 16)
        if flags & _IS_UP and not flags & _IS_REJECTED:
            gateway = _address(row[2]) if flags & _HAS_GATEWAY else None
            is_whole = row[7] == "00000000"
            routes.append((is_whole, int(row[6]), row[0], gateway))
    if not routes:
        return None
    _, _, interface, gateway = min(routes, key=lambda route: route[:3])
    return DefaultRoute(interface, gateway)


@dataclass(frozen=True, slots=True)
class NetworkFiles:
    """The kernel's network files below `root`; all answers are None off Linux."""

    root: Path = Path("/")

    def route(self) -> DefaultRoute | None:
        """The way out now: by IPv4, or by IPv6 where there is no other."""
        if self.root == Path("/"):
            for address in _OUT_IN_THE_NET:
                hop = next_hop(address)
                if hop is not None:
                    return DefaultRoute(*hop)
        return default_route(self._text("proc/net/route"))

    def way(self) -> WayOut | None:
        """The way out now, without addresses."""
        route = self.route()
        return None if route is None else self.way_by(route)

    def way_by(self, route: DefaultRoute) -> WayOut:
        """The way that a route is, without addresses."""
        interface = self._interface_kind(route.interface)
        return WayOut(
            kind=_way_kind(interface, route.gateway),
            interface=interface,
            gateway="" if route.gateway is None else self._told_apart(route.gateway),
        )

    def received_bytes(self, interface: str) -> int | None:
        """Bytes received on an interface since it came up."""
        text = self._text(f"sys/class/net/{interface}/statistics/rx_bytes")
        return int(text) if text else None

    def is_neighbour(self, address: str) -> bool:
        """Whether the neighbour (ARP) table has a complete entry for an address.

        That of IPv6 is no file: there the answer is always yes.
        """
        return ":" in address or self._hardware(address) is not None

    def _hardware(self, address: str) -> str | None:
        """The hardware address of a neighbour; None: it is none, or not known now."""
        rows = [line.split() for line in self._text("proc/net/arp").splitlines()[1:]]
        for row in rows:
            is_it = len(row) >= 4 and row[0] == address
            if is_it and int(row[2], 16) & _ARP_COMPLETE:
                return row[3]
        return None

    def _told_apart(self, gateway: str) -> str:
        """Four hexadecimal digits that are another gateway's only by chance."""
        key = self._text("etc/machine-id").strip().encode()[:64]
        digest = hashlib.blake2s(gateway.encode(), key=key[:32], digest_size=2)
        return digest.hexdigest()

    def _interface_kind(self, name: str) -> str:
        folder = f"sys/class/net/{name}"
        words = dict(
            line.partition("=")[::2]
            for line in self._text(f"{folder}/uevent").splitlines()
        )
        kinds = {"wireguard": "wireguard", "wlan": "wifi", "wwan": "wwan"}
        if words.get("DEVTYPE") in kinds:
            return kinds[words["DEVTYPE"]]
        if (self.root / folder / "tun_flags").exists():
            return "tun"
        hardware = self._text(f"{folder}/type").strip()
        if hardware == _PPP_TYPE:
            return "ppp"
        if hardware in _TUNNEL_TYPES:
            return _TUNNEL_TYPES[hardware]
        driver = (self.root / folder / "device/driver").resolve().name
        return "usb" if driver in _PHONE_DRIVERS else "ethernet"

    def _text(self, name: str) -> str:
        try:
            return (self.root / name).read_text()
        except OSError:
            return ""


def is_six_alone() -> bool:
    """Whether this machine has a way out by IPv6 and none by IPv4, now."""
    four, six = map(next_hop, _OUT_IN_THE_NET)
    return four is None and six is not None


def _way_kind(interface: str, gateway: str | None) -> WayKind:
    if interface in ("wireguard", *_TUNNEL_TYPES.values()):
        return WayKind.TUNNEL
    if interface in ("usb", "wwan") or _is_of_phone(gateway):
        return WayKind.PHONE
    return WayKind.LINE


def _is_of_phone(gateway: str | None) -> bool:
    if gateway is None or ":" in gateway:
        return False
    return any(ip_address(gateway) in network for network in _PHONE_NETWORKS)


def _is_default(destination: str, mask: str) -> bool:
    return destination == mask == "00000000" or (destination, mask) in _HALVES


def _address(hexadecimal: str) -> str:
    return str(IPv4Address(struct.pack("<I", int(hexadecimal, 16))))
