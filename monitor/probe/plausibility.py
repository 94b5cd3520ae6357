"""Whether the addresses in a DNS answer can be true for a site on the public net."""

from collections.abc import Iterable
from ipaddress import ip_address

from monitor.addresses import is_public


def has_bogon(
    addresses: Iterable[str],
    *,
    block_page_addresses: Iterable[str] = (),
    allow_private: bool = False,
) -> bool:
    """Whether any address is a block page's, or leads nowhere on the public net.

    Parameters
    ----------
    addresses : literal addresses of one answer.
    block_page_addresses : addresses that are bogus whatever they look like.
    allow_private : take addresses for true that nobody out on the net can own.
    """
    blocked = {ip_address(address) for address in block_page_addresses}
    parsed = [ip_address(address) for address in addresses]
    if any(address in blocked for address in parsed):
        return True
    return not allow_private and not all(map(is_public, parsed))
