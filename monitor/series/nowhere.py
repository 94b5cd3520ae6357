"""Addresses that no site has: who is told one of them was told nothing, or a lie."""

import numpy as np

from monitor.addresses import is_public
from monitor.series.frame import Bools, Rows


def is_nowhere(table: Rows) -> Bools:
    """Rows whose address nobody outside owns, shape (n,)."""
    if not table.has("remote_address"):
        return np.zeros(table.n, np.bool_)
    text = table.column("remote_address")
    return np.array([_is_nowhere(value) for value in text.values], np.bool_)[text.codes]


def _is_nowhere(text: str) -> bool:
    try:
        return not is_public(text)
    except ValueError:
        return False
