"""Which transfers are made over QUIC, too: in the same round, so that two are a pair.

The order in which they are begun is the round's, which is drawn. A site's turn comes
with every so many of its transfers over TCP, not by the clock: sites of one service
take turns, and by the clock it could always be the same one's. More sites are due than
fit into a round. Targets go first, as each is judged by its own pairs, of which eight
or so are needed; what the controls are asked for a few of theirs together tell.

What is received over QUIC is owed: transfers of the site over TCP far from the evening
are left out for it, so that a day receives no more than without QUIC. Rounds that were
not made have paid as well.
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
_LEFT_OUT_ONE_IN: Final = 3
"""Of a site's transfers, so that no hour of the calm is without any."""
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
    _n_made: dict[str, int] = field(default_factory=dict)
    """Transfers of each site since one was left out."""

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
        name = target.name
        n_made = self._n_made.get(name, _LEFT_OUT_ONE_IN) + 1
        is_for_quic = n_made >= _LEFT_OUT_ONE_IN and self._owes(target, costs, 1)
        if is_for_quic:
            self._owed_bytes[name] -= _bytes_of(costs, name, Probe.DOWNLOAD)
        self._n_made[name] = 0 if is_for_quic else n_made
        return is_for_quic

    def have_been_left_out(self, n_rounds: int, costs: _Costs) -> None:
        """Note that so many rounds with transfers were not made."""
        for name, owed in self._owed_bytes.items():
            cost = costs.get((name, Probe.DOWNLOAD))
            paid = 0.0 if cost is None else n_rounds * cost.per_round_bytes
            self._owed_bytes[name] = max(0.0, owed - paid)

    def may_ask(self, target: Target, costs: _Costs, *, is_evening: bool) -> bool:
        """Whether a site owes little enough; far from the evening it pays first."""
        return not self._owes(target, costs, _MOST_OWED if is_evening else 1)

    def _owes(self, target: Target, costs: _Costs, n: int) -> bool:
        """Whether a site has so many transfers to make up for."""
        n_bytes = _bytes_of(costs, target.name, Probe.DOWNLOAD)
        return 0 < n * n_bytes <= self._owed_bytes.get(target.name, 0.0)

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
