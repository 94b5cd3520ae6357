"""Addresses that no site has: who is told one of them was told nothing, or a lie."""

from ipaddress import ip_address, ip_network

import numpy as np

from monitor.series.frame import Bools, Rows

_NOWHERE = tuple(
    ip_network(text)
    for text in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "240.0.0.0/4",
        "::/127",
        "fc00::/7",
        "fe80::/10",
    )
)


def is_nowhere(table: Rows) -> Bools:
    """Rows whose address nobody outside owns, shape (n,)."""
    if not table.has("remote_address"):
        return np.zeros(table.n, np.bool_)
    text = table.column("remote_address")
    return np.array([_is_nowhere(value) for value in text.values], np.bool_)[text.codes]


def _is_nowhere(text: str) -> bool:
    try:
        address = ip_address(text)
    except ValueError:
        return False
    return any(address in network for network in _NOWHERE)
