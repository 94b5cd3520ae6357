"""Addresses that no site has: who is told one of them was told nothing, or a lie."""

import numpy as np

from monitor.addresses import nobodys_network
from monitor.series.rows import Ints, Rows


def nobodys_networks(table: Rows) -> Ints:
    """Code of the network, owned by nobody outside, of each row's address, shape (n,).

    -1 where somebody can own the address, and where there is none.
    """
    if not table.has("remote_address"):
        return np.full(table.n, -1)
    text = table.column("remote_address")
    networks = [_network(value) for value in text.values]
    names = sorted({name for name in networks if name})
    codes = [names.index(name) if name else -1 for name in networks]
    return np.array(codes, np.int64)[text.codes]


def _network(text: str) -> str:
    try:
        return str(nobodys_network(text) or "")
    except ValueError:
        return ""
