"""Which transfers are made over QUIC, too: in the same round, so that two are a pair.

The order in which they are begun is the round's, which is drawn. A site's turn comes
with every so many of its transfers over TCP, not by the clock: sites of one service
take turns, and by the clock it could always be the same one's.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from monitor.model import Target, Transport
from monitor.sampling.round import Errand

Offered = Callable[[Target], str | None]
"""The kind of probe that a site offers HTTP/3 for; None: it does not."""
MOST_A_ROUND: Final = 2
"""Where QUIC is blocked each takes a time-out, and the transfers over TCP wait for
it."""


@dataclass(slots=True)
class QuicTurns:
    """Keeps the turns.

    Attributes
    ----------
    offered : whom to ask.
    one_in : of so many transfers of a site one is made over QUIC, too.
    names : the sites that are asked; None: all.
    """

    offered: Offered
    one_in: int
    names: frozenset[str] | None = None
    _n_since: dict[str, int] = field(default_factory=dict)
    """Transfers of each site since its last one over QUIC."""

    def errands(self, transfers: Sequence[Target]) -> list[Errand]:
        """What is asked over QUIC beside some transfers, the longest waiting first."""
        offers = [
            (target, probe)
            for target in transfers
            if self.names is None or target.name in self.names
            if (probe := self.offered(target)) is not None
        ]
        for target, _ in offers:
            n_before = self._n_since.get(target.name, self.one_in - 1)
            self._n_since[target.name] = n_before + 1
        due = [o for o in offers if self._n_since[o[0].name] >= self.one_in]
        due.sort(key=lambda offer: -self._n_since[offer[0].name])
        for target, _ in due[:MOST_A_ROUND]:
            self._n_since[target.name] = 0
        return [
            Errand(target=target, probe=probe, transport=Transport.QUIC)
            for target, probe in due[:MOST_A_ROUND]
        ]
