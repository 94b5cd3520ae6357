"""Which addresses somebody out on the net owns; pure.

One table, after IANA's special-purpose registries for IPv4 and IPv6 (RFC 6890 and its
successors, as of 2026-10), the same under every version of Python. An address that
carries another one in itself is what the inner one is.
"""

from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import Final

IpAddress = IPv4Address | IPv6Address
IpNetwork = IPv4Network | IPv6Network

_NOBODYS: Final = (
    "0.0.0.0/8",  # this network
    "10.0.0.0/8",  # private
    "100.64.0.0/10",  # between a provider and its customers
    "127.0.0.0/8",  # this machine
    "169.254.0.0/16",  # this link; a cloud's metadata
    "172.16.0.0/12",  # private
    "192.0.0.0/24",  # protocols, among them the nearest router's own (PCP, TURN)
    "192.0.2.0/24",  # documentation
    "192.88.99.0/24",  # the nearest 6to4 relay, given up
    "192.168.0.0/16",  # private
    "198.18.0.0/15",  # benchmarks
    "198.51.100.0/24",  # documentation
    "203.0.113.0/24",  # documentation
    "224.0.0.0/4",  # groups
    "240.0.0.0/4",  # reserved, broadcast
    "::/3",  # unspecified, this machine, compatible, translated, local NAT64
    "2001::/23",  # protocols: Teredo, benchmarks, the nearest router's own
    "2001:db8::/32",  # documentation
    "3fff::/20",  # documentation
    "4000::/2",  # not given out; segment routing
    "8000::/1",  # not given out; private, this link, groups
)
"""Networks of which no address is anybody's out on the net."""
_TABLE: Final = {
    version: tuple(
        network for network in map(ip_network, _NOBODYS) if network.version == version
    )
    for version in (4, 6)
}
_OF_HOMES: Final = tuple(
    ip_network(network)
    for network in (
        *("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"),
        *("::1/128", "fc00::/7"),
    )
)
"""What a machine and a home give their own addresses from, and no provider does."""
_NEIGHBOURS: Final = {4: 16, 6: 32}
"""Bits that addresses of one neighbourhood share, by version."""
_NAT64: Final = IPv6Network("64:ff9b::/96")


def is_address(text: str) -> bool:
    """Whether a text is a literal IPv4 or IPv6 address."""
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def is_public(address: str | IpAddress) -> bool:
    """Whether somebody out on the net can own an address.

    Parameters
    ----------
    address : a literal IPv4 or IPv6 address, with or without a zone.

    Raises
    ------
    ValueError
        If it is no address.
    """
    return nobodys_network(address) is None


def is_of_home(address: str | IpAddress) -> bool:
    """Whether this machine or a home has such an address.

    Raises
    ------
    ValueError
        If it is no address.
    """
    parsed = _reached(ip_address(address))
    return any(_holds(network, parsed) for network in _OF_HOMES)


def nobodys_network(address: str | IpAddress) -> IpNetwork | None:
    """The network of the table that holds an address; None: somebody can own it.

    Raises
    ------
    ValueError
        If it is no address.
    """
    parsed = _reached(ip_address(address))
    of_version = _TABLE[parsed.version]
    return next((network for network in of_version if _holds(network, parsed)), None)


def neighbourhood(address: str | IpAddress) -> IpNetwork:
    """The network that an address is taken to be run with, by whom is not known.

    Providers and content networks are given IPv4 by 2^16 addresses and IPv6 by /32, or
    are near each other there. What nobody owns is a neighbourhood by itself.

    Raises
    ------
    ValueError
        If it is no address.
    """
    parsed = _reached(ip_address(address))
    if not is_public(parsed):
        return ip_network(parsed)
    return ip_network((parsed, _NEIGHBOURS[parsed.version]), strict=False)


def _reached(address: IpAddress) -> IpAddress:
    """The address to which packets for another go in the end: IPv4 inside of IPv6."""
    if isinstance(address, IPv4Address):
        return address
    if address in _NAT64:
        return IPv4Address(address.packed[-4:])
    return address.ipv4_mapped or address.sixtofour or address


def _holds(network: IpNetwork, address: IpAddress) -> bool:
    return address in network
