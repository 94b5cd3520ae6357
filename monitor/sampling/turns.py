"""Whose throughput transfer is made: sites of one service take turns; pure.

A service of several hosts would else cost several times the data of a service of one.
"""

from collections.abc import Sequence

from monitor.model import Probe, Target
from monitor.probe import probes_of


def taking_turns(targets: Sequence[Target]) -> list[list[Target]]:
    """The sites with transfers, those of one service together."""
    together: dict[tuple[str, str], list[Target]] = {}
    for target in targets:
        if Probe.DOWNLOAD in probes_of(target):
            key = target.role, target.service or target.name
            together.setdefault(key, []).append(target)
    return list(together.values())


def whose_turn_it_is(targets: Sequence[Target], turn: int) -> list[Target]:
    """The sites whose transfers are made in one turn: one of each service."""
    return [sites[turn % len(sites)] for sites in taking_turns(targets)]
