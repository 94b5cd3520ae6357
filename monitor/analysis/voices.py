"""Whose site it is: two of one company, or on one content network, are one voice.

One overloaded network slows all of its sites at the same hours, and that is no evidence
that somebody else did. Companies are known by name, networks by the addresses that
answer on slow evenings.
"""

import numpy as np

from monitor.addresses import IpNetwork, neighbourhood
from monitor.analysis.case import Case
from monitor.analysis.checks import is_of_transfer
from monitor.operators import operator_of


def is_one_voice(case: Case, other: Case) -> bool:
    """Whether one company, or one content network, could have slowed both sites."""
    if operator_of(case.name) == operator_of(other.name):
        return True
    return not _networks(case).isdisjoint(_networks(other))


def _networks(case: Case) -> set[IpNetwork]:
    """Where the slow connection led to in the window of slow evenings."""
    table = case.look.home.table
    grid = table.grid
    address = grid.transfer.address if is_of_transfer(case) else grid.address
    codes = np.unique(address[case.suspicion.series][case.slow][:, table.in_window])
    texts = (grid.addresses[code] for code in codes.tolist() if code >= 0)
    return {network for text in texts if (network := _network(text))}


def _network(text: str) -> IpNetwork | None:
    try:
        return neighbourhood(text)
    except ValueError:
        return None
