"""IPv4 addresses that a network's own translation (NAT64, DNS64) put into IPv6 ones.

A home with IPv6 alone reaches sites that have IPv4 alone at addresses of a prefix of
its own network, which may look like nobody's. Which prefix that is tells the resolver's
answer for `ipv4only.arpa` (RFC 7050); what is inside is what counts (RFC 6052).
"""

import asyncio
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, IPv6Network
from typing import Final

from monitor.clock import Clock
from monitor.model import AddressFamily
from monitor.probe.failure import ProbeFailedError
from monitor.probe.lookup import look_up
from monitor.probe.traffic import Traffic

NAME: Final = "ipv4only.arpa"
_ITS_OWN: Final = (b"\xc0\x00\x00\xaa", b"\xc0\x00\x00\xab")
"""192.0.0.170 and 192.0.0.171, which that name has for ever."""
_LENGTHS: Final = (96, 64, 56, 48, 40, 32)
_UNUSED_OCTET: Final = 8
"""Bits 64 to 71 are zero in every form but the longest."""
_REMEMBERED_S: Final = 3600.0


def inner_address(address: IPv6Address, prefix: IPv6Network) -> IPv4Address:
    """The IPv4 address in an address of a translation's prefix (RFC 6052, 2.2)."""
    return IPv4Address(_octets(address, prefix.prefixlen))


def outer_address(address: IPv4Address, prefix: IPv6Network) -> IPv6Address:
    """The address at which a translation reaches an IPv4 address (RFC 6052, 2.2)."""
    first = prefix.prefixlen // 8
    packed = prefix.network_address.packed[:first] + address.packed
    if prefix.prefixlen < 96:
        packed = packed[:_UNUSED_OCTET] + b"\0" + packed[_UNUSED_OCTET:]
    return IPv6Address(packed.ljust(16, b"\0"))


def prefixes_in(addresses: Iterable[str]) -> tuple[IPv6Network, ...]:
    """The prefixes that a resolver's answer for `NAME` tells of."""
    return tuple(
        dict.fromkeys(
            IPv6Network((address, length), strict=False)
            for address in map(IPv6Address, (a for a in addresses if ":" in a))
            for length in _LENGTHS
            if _octets(address, length) in _ITS_OWN
        )
    )


def _octets(address: IPv6Address, length: int) -> bytes:
    first = length // 8
    packed = address.packed
    if length < 96:  # the longest form leaves no octet out
        packed = packed[:_UNUSED_OCTET] + packed[_UNUSED_OCTET + 1 :]
    return packed[first : first + 4]


class Translation:
    """What this home's network translates.

    It is asked for when an answer looks bogus, and when an address of IPv4 is given and
    there is no way out by IPv4.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._prefixes: tuple[IPv6Network, ...] = ()
        self._until_s = float("-inf")
        self._asking = asyncio.Lock()

    async def learn(self, resolver: str, traffic: Traffic) -> None:
        """Ask a resolver for the prefix, at most once an hour.

        Who comes while somebody asks waits for the answer.
        """
        async with self._asking:
            if self._clock.monotonic_s() >= self._until_s:
                self._until_s = self._clock.monotonic_s() + _REMEMBERED_S
                await self._ask(resolver, traffic)

    async def _ask(self, resolver: str, traffic: Traffic) -> None:
        try:
            answers = await look_up(
                NAME, AddressFamily.IPV6, resolver, self._clock, traffic
            )
        except (ProbeFailedError, OSError):
            self._prefixes = ()
        else:
            self._prefixes = prefixes_in(answers.addresses)

    def original(self, address: str) -> str:
        """What an address stands for: the one inside where it is a translated one."""
        if ":" not in address:
            return address
        parsed = IPv6Address(address)
        for prefix in self._prefixes:
            if parsed in prefix:
                return str(inner_address(parsed, prefix))
        return address

    def reached_at(self, address: str) -> str:
        """Where an IPv4 address is reached from here: itself without a translation."""
        if not self._prefixes:
            return address
        return str(outer_address(IPv4Address(address), self._prefixes[0]))
