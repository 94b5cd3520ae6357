"""Which transfers are made over QUIC, too: in the same round, so that two are a pair.

The order in which they are begun is the round's, which is drawn. A site's turn comes
with every so many of its transfers over TCP, not by the clock: sites of one service
take turns, and by the clock it could always be the same one's. More sites are due than
fit into a round. Targets go first, as each is judged by its own pairs, of which eight
or so are needed; what the controls are asked for a few of theirs together tell.

What is received over QUIC is owed: the site's next transfers over TCP far from the
evening are left out for it, so that a day receives no more than without QUIC.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from monitor.model import Probe, Role, Target, Transport
from monitor.sampling.ration import Cost
from monitor.sampling.round import Errand

Offered = Callable[[Target], str | None]
"""The kind of probe that a site offers HTTP/3 for; None: it does not."""
MOST_A_ROUND: Final = 2
"""Where QUIC is blocked each takes a time-out, and the transfers over TCP wait for
it."""
_PATIENCE: Final = 4
"""A control that has waited for so many of its turns goes before targets."""
_MOST_OWED: Final = 24
"""A site that owes so many transfers is not asked: two hours' evening and its edges
cannot owe more, and an evening of ten hours would leave nothing of the calm."""
_Costs = Mapping[tuple[str, str], Cost]
"""(site, kind of probe) -> what it is expected to receive."""


@dataclass(slots=True)
class QuicTurns:
    """Keeps the turns.

    Attributes
    ----------
    offered : whom to ask.
    every : how often a site is asked, in turns of transfers: of a site that has all
        turns one in so many transfers is made over QUIC, too.
    names : the sites that are asked; None: all.
    n_sharing : sites that take turns with a site, itself among them; 1 where missing.
    """

    offered: Offered
    every: float
    names: frozenset[str] | None = None
    n_sharing: Mapping[str, int] = field(default_factory=dict)
    _n_since: dict[str, int] = field(default_factory=dict)
    """Transfers of each site since its last one over QUIC."""
    _owed_bytes: dict[str, float] = field(default_factory=dict)
    """Received by each site over QUIC, and not made up for yet."""

    def errands(self, transfers: Sequence[Target]) -> list[Errand]:
        """What is asked over QUIC beside some transfers, the longest waiting first."""
        offers = [
            (target, probe)
            for target in transfers
            if self.names is None or target.name in self.names
            if (probe := self.offered(target)) is not None
        ]
        for target, _ in offers:
            n_before = self._n_since.get(target.name, self.one_in(target) - 1)
            self._n_since[target.name] = n_before + 1
        due = [o for o in offers if self._turns_waited(o[0]) >= 1]
        due.sort(key=lambda offer: self._rank(offer[0]))
        for target, _ in due[:MOST_A_ROUND]:
            self._n_since[target.name] = 0
        return [
            Errand(target=target, probe=probe, transport=Transport.QUIC)
            for target, probe in due[:MOST_A_ROUND]
        ]

    def owe(self, errands: Sequence[Errand], costs: _Costs) -> None:
        """Note what these are expected to receive, to be made up for."""
        for errand in errands:
            name = errand.target.name
            owed = self._owed_bytes.get(name, 0.0)
            self._owed_bytes[name] = owed + _bytes_of(costs, name, errand.probe)

    def made_up_for(self, transfers: Sequence[Target], costs: _Costs) -> list[Target]:
        """The transfers over TCP without those that are left out for what is owed."""
        return [target for target in transfers if not self._is_for_quic(target, costs)]

    def _is_for_quic(self, target: Target, costs: _Costs) -> bool:
        n_bytes = _bytes_of(costs, target.name, Probe.DOWNLOAD)
        owed = self._owed_bytes.get(target.name, 0.0)
        is_owed = 0 < n_bytes <= owed
        self._owed_bytes[target.name] = owed - n_bytes * is_owed
        return is_owed

    def owes_too_much(self, target: Target, costs: _Costs) -> bool:
        """Whether a site has more to make up for than an evening brings."""
        n_bytes = _bytes_of(costs, target.name, Probe.DOWNLOAD)
        return self._owed_bytes.get(target.name, 0.0) > _MOST_OWED * n_bytes

    def one_in(self, target: Target) -> int:
        """Of so many transfers of a site one is made over QUIC, too."""
        return max(1, round(self.every / self.n_sharing.get(target.name, 1)))

    def _turns_waited(self, target: Target) -> float:
        return self._n_since[target.name] / self.one_in(target)

    def _rank(self, target: Target) -> tuple[bool, float]:
        n_turns = self._turns_waited(target)
        return target.role == Role.CONTROL and n_turns < _PATIENCE, -n_turns


def _bytes_of(costs: _Costs, name: str, probe: str) -> float:
    cost = costs.get((name, probe))
    return 0.0 if cost is None else cost.n_bytes
