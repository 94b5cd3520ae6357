"""Whether the addresses in a DNS answer can be true for a site on the public net."""

from collections.abc import Iterable
from ipaddress import IPv6Address, ip_address


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
    allow_private : take loopback, private, link-local and other addresses that are not
        globally reachable (IANA special-purpose registries) for true.
    """
    blocked = {ip_address(address) for address in block_page_addresses}
    parsed = [ip_address(address) for address in addresses]
    if any(address in blocked for address in parsed):
        return True
    return not allow_private and not all(is_public(str(a)) for a in parsed)


def is_public(address: str) -> bool:
    """Whether an address can be reached from anywhere on the public net."""
    parsed = ip_address(address)
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped is not None:
        parsed = parsed.ipv4_mapped
    return parsed.is_global and not parsed.is_multicast
