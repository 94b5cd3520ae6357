"""Who is at the other end: a visitor, or the proxy in front and a visitor behind it."""

from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from ipaddress import ip_address, ip_network
from typing import Final

from aiohttp import web

from monitor.config import Web
from monitor.web.lock.attempts import network

MOST_OF_ONE: Final = 50
"""Connections, or requests through a proxy, of one client at once: a browser needs
six, and a quarter of all leaves room for others."""


def is_proxy(peer: str, config: Web) -> bool:
    """Whether a peer is believed when it says for whom it asks."""
    if not config.behind_proxy or not config.proxies:
        return config.behind_proxy
    return _is_in(peer, config.proxies)


def visitor(peer: str, forwarded: Iterable[str], config: Web) -> str:
    """The address of whoever asks.

    Parameters
    ----------
    peer : the other end of the connection.
    forwarded : every line of `X-Forwarded-For`, in their order; each proxy adds its
        own client at the end, be it on the same line or on one of its own. What stands
        before the word of a proxy that is believed, anybody can have written.
    """
    address = peer
    hops = [hop.strip() for line in forwarded for hop in line.split(",")]
    while hops and is_proxy(address, config):
        hop = _address(hops.pop())
        if hop is None:
            break
        address = hop
        if not config.proxies:
            # Only the proxy right in front is known.
            break
    return address


def _address(hop: str) -> str | None:
    """The address in an entry, which some proxies write with a port."""
    for text in (
        hop,
        hop.rpartition(":")[0],
        hop.strip("[]"),
        hop[1:].partition("]")[0],
    ):
        try:
            return str(ip_address(text.strip("[]")))
        except ValueError:
            continue
    return None


def _is_in(address: str, networks: Iterable[str]) -> bool:
    try:
        of_network = ip_address(network(address))
        itself = ip_address(address)
    except ValueError:
        return False
    return any(a in ip_network(n) for n in networks for a in (itself, of_network))


class Crowd:
    """Counts what each visitor has going on at once."""

    def __init__(self) -> None:
        self._at_once: Counter[str] = Counter()

    async def let_in(
        self, address: str, call: Callable[[], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse | None:
        """The answer; None for a visitor who has too many requests already."""
        key = network(address)
        if self._at_once[key] >= MOST_OF_ONE:
            return None
        self._at_once[key] += 1
        try:
            return await call()
        finally:
            self._at_once[key] -= 1
            if not self._at_once[key]:
                del self._at_once[key]
